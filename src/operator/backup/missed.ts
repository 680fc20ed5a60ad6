import { basename } from "node:path";
import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import { errorCode } from "../../files/failures.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Files, keyIdOf, keyPathOf } from "./contents.js";
import type { Here } from "./plan.js";
import type { ProvenBackup } from "./prove.js";
import { isProvenKey } from "./prove-files.js";
import { isRevoked } from "./revoked-since.js";

/** Whether the private part of a key is needed in a place, by the key's id. */
export type Missed = (id: string) => boolean;

/**
 * Says which private parts a place needs of a backup's.
 *
 * @param over kids whose private parts do not come back
 * @param present says which private parts are missed, where a keyring is there
 */
export function missedOf({ keyring }: ProvenBackup, over: Pick<ReadonlySet<string>, "has">, present = keyring): Missed {
  const [ours, theirs] = [keyring, present].map(({ keys }) => new Map(keys.map((key) => [key.id, key])));
  return (id) => {
    const there = theirs?.get(id);
    const kid = ours?.get(id)?.publicJwk?.kid;
    return there !== undefined && !isRevoked(there) && there.publicJwk?.kid === kid && !(kid !== undefined && over.has(kid));
  };
}

/** What the backup has and the place lacks: config, key files and log. Documents and public files are a manager's to write. */
export function lacking({ files: own }: ProvenBackup, here: Files, isMissed: Missed): Files {
  const isWanted = (path: string): boolean => {
    const id = keyIdOf(path);
    return id === undefined ? path === "signet.json" || path === "audit.jsonl" : isMissed(id);
  };
  return new Map([...own].filter(([path]) => !here.has(path) && isWanted(path)));
}

/**
 * What is there is never written over: a key file that does not open has to leave before the backup's comes back.
 *
 * @throws SignetError `restore_refused`, with what to move away; of a file that may be well, why it was not read, and what to do
 */
export async function assertWhole(
  { files: own, keyring }: ProvenBackup,
  { files, unreadable, directory }: Here,
  isMissed: Missed,
): Promise<void> {
  for (const record of keyring.keys) {
    const path = keyPathOf(record.id);
    if (!own.has(path) || !isMissed(record.id)) continue;
    const why = unreadable.get(path);
    if (why !== undefined && !isBroken(why)) throw why;
    if (why !== undefined) throw inTheWay(directory, path, `cannot be used, and the backup has it: ${why.message}`);
    const text = files.get(path);
    if (text !== undefined && !(await isWhole(record, path, text)))
      throw inTheWay(directory, path, "is damaged, and the backup has it");
  }
}

// What is no file, or cannot be read from the disk, is no key. Behind a mode, an owner or a right there may be one, and a good one.
function isBroken({ code, cause }: SignetError): boolean {
  return code === "store_failed" && (cause === undefined || errorCode(cause) === "EIO" || errorCode(cause) === "ELOOP");
}

// An encrypted one is whole for all that can be seen without its passphrase.
async function isWhole(record: KeyRecord, path: string, text: string): Promise<boolean> {
  try {
    await isProvenKey(record, path, text, async () => undefined);
    return true;
  } catch (error) {
    if (isSignetError(error)) return false;
    throw error;
  }
}

/**
 * What is there and is in the way of a restore. Its new name has the second in which it is moved: what was moved before is evidence as well.
 *
 * @param name a file or folder in the directory
 * @param words what is wrong with it, and what follows
 */
export function inTheWay(directory: string, name: string, words: string): SignetError {
  const [path, aside] = [`${directory}/${name}`, `${directory}/${basename(name)}.damaged`];
  return new SignetError(
    "restore_refused",
    `${path} ${words}; nothing was written. Move it away, and restore again: mv ${asArgument(path)} ${asArgument(aside)}.$(date +%s)`,
  );
}
