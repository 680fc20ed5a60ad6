import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { SignetError } from "../../errors.js";
import { errorCode, makePrivateDirectory, PRIVATE_FILE, removeInterruptedWrites, replaceFile } from "../../files/durable.js";
import { withProcessLock } from "../../files/process-lock.js";
import type { Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import type { KeyringStore } from "../contract.js";

/** The keyring as a file. Its tag is the SHA-256 digest of its text; writers take turns under a lock beside it. */
export function createFileKeyringStore(path: string): KeyringStore {
  return Object.freeze({
    async read() {
      const text = await readText(path);
      return text === undefined ? undefined : { keyring: parseKeyring(text, path), tag: tagOf(text) };
    },
    async write(keyring: Keyring, tag: string | null) {
      await makePrivateDirectory(dirname(path));
      return withProcessLock(`${path}.lock`, async () => {
        const current = await readText(path);
        if ((current === undefined ? null : tagOf(current)) !== tag) throw conflict(path);
        const text = keyringText(keyring);
        await removeInterruptedWrites(dirname(path), (name) => name === basename(path));
        await replaceFile(path, text, PRIVATE_FILE);
        return tagOf(text);
      });
    },
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new SignetError("store_failed", `${path} cannot be read (${errorCode(error) ?? "unknown"})`, { cause: error });
  }
}

function tagOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function conflict(path: string): SignetError {
  return new SignetError("keyring_conflict", `${path} was changed by somebody else meanwhile; nothing was written, try again`);
}
