import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { SignetError } from "../../errors.js";
import { makePrivateDirectory, PRIVATE_FILE, replaceFile } from "../../files/durable.js";
import { announcePresence } from "../../files/presence.js";
import { processIdentity } from "../../files/process-identity.js";
import { withProcessLock } from "../../files/process-lock.js";
import { removeInterruptedWrites } from "../../files/temporary.js";
import { readTrustedText } from "../../files/trusted-read.js";
import type { Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import type { KeyringStore } from "../contract.js";
import { assertConfirmed } from "./restored.js";

/** The keyring as a file. Its tag is the SHA-256 digest of its text; writers take turns under a lock beside it. */
export function createFileKeyringStore(path: string): KeyringStore {
  const readText = () => readTrustedText("document", path);
  // The holder of the lease listens beside the keyring, so that others of this machine can tell whether it lives.
  let leave: (() => Promise<void>) | undefined;

  async function stop(): Promise<void> {
    const stopping = leave;
    leave = undefined;
    await stopping?.();
  }

  async function replace(keyring: Keyring, tag: string | null): Promise<string> {
    return withProcessLock(`${path}.lock`, async () => {
      const current = await readText();
      if ((current === undefined ? null : tagOf(current)) !== tag) throw conflict(path);
      if (current === undefined) await assertConfirmed(dirname(path));
      const text = keyringText(keyring);
      await removeInterruptedWrites(dirname(path), (name) => name === basename(path));
      await replaceFile(path, text, PRIVATE_FILE);
      return tagOf(text);
    });
  }

  return Object.freeze({
    async read() {
      const text = await readText();
      if (text !== undefined) return { keyring: parseKeyring(text, path), tag: tagOf(text) };
      await assertConfirmed(dirname(path));
      return undefined;
    },
    async write(keyring: Keyring, tag: string | null) {
      await makePrivateDirectory(dirname(path));
      const wasListening = leave !== undefined;
      const isOwnLease = keyring.lease?.holder === processIdentity();
      if (isOwnLease) leave ??= await announcePresence(dirname(path));
      try {
        const written = await replace(keyring, tag);
        if (!isOwnLease) await stop();
        return written;
      } catch (error) {
        if (!wasListening) await stop();
        throw error;
      }
    },
  });
}

function tagOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function conflict(path: string): SignetError {
  return new SignetError("keyring_conflict", `${path} was changed by another process meanwhile; nothing was written, try again`);
}
