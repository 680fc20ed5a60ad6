import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { errorCode, PUBLIC_FILE, removeFile, replaceFile } from "../../files/durable.js";
import type { DiscoveryDocument, Jwks } from "../../keyring/documents.js";
import type { PublicDocuments, PublicStore } from "../contract.js";

/** The public documents as files: `jwks.json` and `openid-configuration.json`, the very bytes that verifiers get. */
export function createFilePublicStore(directory: string): PublicStore {
  const jwksPath = join(directory, "jwks.json");
  const discoveryPath = join(directory, "openid-configuration.json");
  return Object.freeze({
    async read() {
      const jwks = await readDocument<Jwks>(jwksPath);
      if (jwks === undefined) return undefined;
      const discovery = await readDocument<DiscoveryDocument>(discoveryPath);
      return discovery === undefined ? { jwks } : { jwks, discovery };
    },
    async publish({ jwks, discovery }: PublicDocuments) {
      await mkdir(directory, { recursive: true });
      await replaceFile(jwksPath, JSON.stringify(jwks), PUBLIC_FILE);
      if (discovery === undefined) await removeFile(discoveryPath);
      else await replaceFile(discoveryPath, JSON.stringify(discovery), PUBLIC_FILE);
    },
  });
}

async function readDocument<T>(path: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new SignetError("store_failed", `${path} cannot be read (${errorCode(error) ?? "unknown"})`, { cause: error });
  }
  try {
    return parseStrictJson(text, path) as T;
  } catch {
    // A damaged publication is no publication: the next tick writes it again from the keyring.
    return undefined;
  }
}
