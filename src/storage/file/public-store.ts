import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { errorCode, PUBLIC_FILE, removeFile, removeInterruptedWrites, replaceFile } from "../../files/durable.js";
import { withProcessLock } from "../../files/process-lock.js";
import type { DiscoveryDocument, Jwks } from "../../keyring/documents.js";
import type { PublicDocuments, PublicStore } from "../contract.js";

/** The public documents as files: `jwks.json` and `openid-configuration.json`, the very bytes that verifiers get. */
export function createFilePublicStore(directory: string): PublicStore {
  const jwksPath = join(directory, "jwks.json");
  const discoveryPath = join(directory, "openid-configuration.json");
  const texts = async () => [await readText(jwksPath), await readText(discoveryPath)] as const;
  return Object.freeze({
    async read() {
      const [jwksText, discoveryText] = await texts();
      const jwks = parsed<Jwks>(jwksText, jwksPath) ?? { keys: [] };
      const discovery = parsed<DiscoveryDocument>(discoveryText, discoveryPath);
      const tag = tagOf([jwksText, discoveryText]);
      if (tag === null) return undefined;
      return discovery === undefined ? { jwks, tag } : { jwks, discovery, tag };
    },
    async publish({ jwks, discovery }: PublicDocuments, tag: string | null) {
      await mkdir(directory, { recursive: true });
      await withProcessLock(join(directory, ".lock"), async () => {
        if (tagOf(await texts()) !== tag) throw conflict(directory);
        await removeInterruptedWrites(directory, (name) => name.endsWith(".json"));
        await replaceFile(jwksPath, JSON.stringify(jwks), PUBLIC_FILE);
        if (discovery === undefined) await removeFile(discoveryPath);
        else await replaceFile(discoveryPath, JSON.stringify(discovery), PUBLIC_FILE);
      });
    },
  });
}

function tagOf(texts: readonly (string | undefined)[]): string | null {
  if (texts.every((text) => text === undefined)) return null;
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new SignetError("store_failed", `${path} cannot be read (${errorCode(error) ?? "unknown"})`, { cause: error });
  }
}

// A damaged publication has no keys: the next tick writes it again from the keyring.
function parsed<T>(text: string | undefined, path: string): T | undefined {
  if (text === undefined) return undefined;
  try {
    const value = parseStrictJson(text, path) as { keys?: unknown } | null;
    const isJwks = !path.endsWith("jwks.json") || Array.isArray(value?.keys);
    return typeof value === "object" && value !== null && isJwks ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function conflict(directory: string): SignetError {
  return new SignetError("keyring_conflict", `${directory} was published by somebody else meanwhile; try again`);
}
