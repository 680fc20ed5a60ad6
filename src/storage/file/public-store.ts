import { createHash } from "node:crypto";
import { join } from "node:path";
import { SignetError } from "../../errors.js";
import { makeDirectories, PUBLIC_FILE, removeFile, replaceFile } from "../../files/durable.js";
import { withProcessLock } from "../../files/process-lock.js";
import { removeInterruptedWrites } from "../../files/temporary.js";
import { readTrustedText } from "../../files/trusted-read.js";
import type { PublicDocuments, PublicStore } from "../contract.js";
import { parsePublished } from "../published.js";

/** The public documents as files: `jwks.json` and `openid-configuration.json`, the very bytes that verifiers get. */
export function createFilePublicStore(directory: string): PublicStore {
  const jwksPath = join(directory, "jwks.json");
  const discoveryPath = join(directory, "openid-configuration.json");
  const texts = async () =>
    [await readTrustedText("document", jwksPath), await readTrustedText("document", discoveryPath)] as const;
  return Object.freeze({
    async read() {
      const [jwksText, discoveryText] = await texts();
      const tag = tagOf([jwksText, discoveryText]);
      if (tag === null) return undefined;
      return { ...parsePublished({ jwks: jwksText, discovery: discoveryText }), tag };
    },
    async publish({ jwks, discovery }: PublicDocuments, tag: string | null) {
      await makeDirectories(directory);
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

function conflict(directory: string): SignetError {
  return new SignetError("keyring_conflict", `${directory} was published by another process meanwhile; try again`);
}
