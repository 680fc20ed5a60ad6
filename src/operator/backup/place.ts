import { join } from "node:path";
import { facts } from "../../custody/file/facts.js";
import { isSignetError, type SignetError } from "../../errors.js";
import { errorCode } from "../../files/failures.js";
import { callersFolder, lastUse } from "../../files/last-uses.js";
import { namesIn } from "../../files/names.js";
import { assertTrustedFolder, readTrustedText } from "../../files/trusted-read.js";
import { isCallerName } from "../../settings/callers.js";
import { type Files, isBackupPath, wholeLines } from "./contents.js";

/** Where an installation's files are. */
export interface Place {
  /** The config file. */
  readonly config: string;
  /** The directory of keys and documents. */
  readonly directory: string;
}

/** The lock of restores and confirmations in a directory. */
export function restoreLockIn(directory: string): string {
  return join(directory, "restore.lock");
}

/** Where a file of an installation is. */
export function pathIn({ config, directory }: Place, path: string): string {
  return path === "signet.json" ? config : join(directory, ...path.split("/"));
}

/** The files that are in a place. */
export interface FilesThere {
  readonly files: Files;
  /** Key files that cannot be read, and why, by their paths: a folder of that name, a mode that lets others write, a bad sector. */
  readonly unreadable: ReadonlyMap<string, SignetError>;
}

/** These say nothing of the file that was to be read. */
const OUT_OF_FILES: readonly unknown[] = ["EMFILE", "ENFILE"];

/**
 * Reads the files of an installation that a backup can have, as they are. A last line of the audit log that was cut short is left out.
 *
 * @throws SignetError `store_failed`; `store_insecure`, also for a folder of keys or documents that others can write to: no manager, and no issuer,
 *   reads from it, and what is in it is well
 */
export async function filesAt(place: Place): Promise<FilesThere> {
  const files = new Map<string, string>();
  const unreadable = new Map<string, SignetError>();
  const add = (path: string, text: string | undefined): void => {
    if (text !== undefined && isBackupPath(path)) files.set(path, text);
  };
  const read = async (path: string): Promise<void> => add(path, await readTrustedText("document", pathIn(place, path)));
  await assertTrustedFolder("key", join(place.directory, facts.keyFolder));
  await assertTrustedFolder("document", join(place.directory, "active"));
  await read("signet.json");
  await read("keyring.json");
  for (const name of await namesIn(join(place.directory, facts.keyFolder))) {
    const path = `${facts.keyFolder}/${name}`;
    if (!isBackupPath(path)) continue;
    try {
      add(path, await readTrustedText("key", pathIn(place, path)));
    } catch (error) {
      if (!isSignetError(error) || OUT_OF_FILES.includes(errorCode(error.cause))) throw error;
      unreadable.set(path, error);
    }
  }
  for (const name of await namesIn(join(place.directory, "active"))) {
    if (isBackupPath(`active/${name}`)) await read(`active/${name}`);
  }
  await read("public/jwks.json");
  await read("public/openid-configuration.json");
  const lines = wholeLines(await readTrustedText("document", pathIn(place, "audit.jsonl")));
  add("audit.jsonl", lines.length === 0 ? undefined : lines.map((line) => `${line}\n`).join(""));
  return { files, unreadable };
}

/** When the callers of an installation were recognised last, by name. */
export async function callersAt({ directory }: Place): Promise<ReadonlyMap<string, number>> {
  const folder = callersFolder(directory);
  const uses = new Map<string, number>();
  for (const name of (await namesIn(folder)).filter(isCallerName).sort()) {
    const at = await lastUse(folder, name);
    if (at !== undefined) uses.set(name, at);
  }
  return uses;
}
