import type { Stats } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SignetError } from "../errors.js";
import { asUnwritable, errorCode } from "./failures.js";
import { followLinks } from "./links.js";
import { temporaryBeside } from "./temporary.js";
import { warnOfFile } from "./warnings.js";

/** Mode of files that hold secrets, and of the directories around them. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
/** Whatever the umask lets: what other users could write is refused when it is read. */
const PUBLIC_DIRECTORY = 0o755;
/** Mode of files that anyone may read. */
export const PUBLIC_FILE = 0o644;

/**
 * Creates a file that does not exist yet. It appears whole or not at all, and has reached the disk when this returns. A symbolic
 * link of that name counts as a file.
 *
 * @returns false, with nothing changed, where the file exists
 */
export async function createFile(path: string, data: string, mode: number): Promise<boolean> {
  const temporary = await writeBeside(path, data, mode);
  try {
    // rename would overwrite; link fails when the name is taken, which makes this safe against a second writer.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw asUnwritable(path, error);
  } finally {
    await removeTemporary(temporary);
    await syncDirectory(dirname(path));
  }
}

/**
 * Creates a file that does not exist yet under its own name, where there may be no links, as on FAT, SMB or FUSE: who reads it has to know a
 * torn one. It has reached the disk when this returns; one that fails is taken away.
 *
 * @returns false, with nothing changed, where the file exists
 */
export async function writeNewFile(path: string, data: string, mode: number): Promise<boolean> {
  try {
    await writeNew(path, data, mode);
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw asUnwritable(path, error);
  }
  // Such file systems may know no sync of a folder.
  await syncDirectory(dirname(path)).catch(() => undefined);
  return true;
}

/**
 * Creates an empty file that does not exist yet, whose first name is its only one: what counts its names never sees another. It has reached
 * the disk when this returns, also where another process has just made it.
 *
 * @returns false where the file exists
 */
export async function createEmptyFile(path: string, mode: number): Promise<boolean> {
  let isMade = true;
  try {
    const file = await open(path, "wx", mode);
    await file.sync().finally(() => file.close());
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw asUnwritable(path, error);
    isMade = false;
  }
  await syncDirectory(dirname(path));
  return isMade;
}

/**
 * Replaces a file, or creates it. A reader sees the old text or the new one, and a power cut leaves one of the two. A symbolic link
 * stays: what it leads to is replaced, and keeps its mode and owner.
 *
 * @param mode of a file that is created
 */
export async function replaceFile(path: string, data: string, mode: number): Promise<void> {
  const target = await followLinks(path);
  const present = await presentFile(target);
  const keep = present && ((file: FileHandle) => keepOwnerAndMode(target, file, present));
  await renameOver(target, await writeBeside(target, data, mode, keep));
}

/**
 * Writes a result to a path that the operator has named: a file, which anyone may read, is replaced as by `replaceFile`, and what is none
 * (`/dev/stdout`, a pipe) is written to.
 *
 * @throws SignetError `store_failed`, or `store_insecure` for a symbolic link that another user can change
 */
export async function writeOutput(path: string, data: string): Promise<void> {
  const isFile = await stat(path).then(
    (stats) => stats.isFile(),
    () => true,
  );
  if (isFile && !/^\/(?:dev\/(?:std(?:out|err)$|fd\/)|proc\/)/.test(resolve(path))) return replaceFile(path, data, PUBLIC_FILE);
  await writeFile(path, data).catch((error: unknown) => Promise.reject(asUnwritable(path, error)));
}

/**
 * Replaces a file, or creates it, as `replaceFile` does.
 *
 * @param target where it is; no symbolic link
 * @param prepare gives the new file its owner and mode, before anything stands in it
 */
export async function replaceWith(target: string, data: string, prepare: (file: FileHandle) => Promise<void>): Promise<void> {
  await presentFile(target);
  await renameOver(target, await writeBeside(target, data, PRIVATE_FILE, prepare));
}

async function renameOver(target: string, temporary: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    await removeTemporary(temporary);
    throw asUnwritable(target, error);
  }
  await syncDirectory(dirname(target));
}

async function presentFile(path: string): Promise<Stats | undefined> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return stats;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw asUnwritable(path, error);
  }
  throw new SignetError("store_failed", `${path} is no file; nothing was written to it`);
}

/** Removes a file for good; absent is success. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw asUnwritable(path, error);
  }
  await syncDirectory(dirname(path));
}

/** Makes a directory that only its owner can enter, and its parents as needed. An existing one is left as it is. */
export async function makePrivateDirectory(path: string): Promise<void> {
  const made = await makeDirectories(path, PRIVATE_DIRECTORY);
  if (made !== undefined) await syncDirectory(dirname(made));
}

/**
 * Makes a directory and its parents as needed. Node's own recursion never ends where a folder is there and what is made in it is said not
 * to be (ENOENT), as in /proc.
 *
 * @returns the first that was made; `undefined` where all of them were there
 */
export async function makeDirectories(path: string, mode = PUBLIC_DIRECTORY): Promise<string | undefined> {
  const missing: string[] = [];
  for (let folder = resolve(path); !(await isDirectory(folder)) && dirname(folder) !== folder; folder = dirname(folder)) {
    missing.push(folder);
  }
  for (const folder of [...missing].reverse()) {
    await mkdir(folder, { mode }).catch(async (error: unknown) => {
      // Another process may have made it meanwhile.
      if (errorCode(error) !== "EEXIST" || !(await isDirectory(folder))) throw asUnwritable(path, error);
    });
  }
  return missing.at(-1);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function writeBeside(
  path: string,
  data: string,
  mode: number,
  prepare?: (file: FileHandle) => Promise<void>,
): Promise<string> {
  const temporary = temporaryBeside(path);
  try {
    await writeNew(temporary, data, prepare === undefined ? mode : PRIVATE_FILE, prepare);
  } catch (error) {
    throw asUnwritable(path, error);
  }
  return temporary;
}

// One that fails is taken away; another's of that name is not touched.
async function writeNew(path: string, data: string, mode: number, prepare?: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    try {
      await prepare?.(file);
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeTemporary(path);
    throw error;
  }
}

// What a failing disk keeps goes with a later write, or with a sweep.
async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

async function keepOwnerAndMode(path: string, file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await file.stat();
  if (own.uid !== uid || own.gid !== gid) {
    // Only root gives files away. The group at least can be kept by its members; the text counts more than the owner.
    await file.chown(uid, gid).catch(() => file.chown(own.uid, gid).catch(() => undefined));
    const now = await file.stat();
    if (now.uid !== uid || now.gid !== gid) warnOfFile(`${path} belongs to user ${now.uid}, group ${now.gid} from now on`);
  }
  // After the owner: a change of that takes bits of the mode away.
  await file.chmod(mode & 0o7777);
}

/** Makes what was created, renamed or removed in a directory last through a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; its file system journals the entry itself.
  if (process.platform === "win32") return;
  try {
    const directory = await open(path, "r");
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw asUnwritable(path, error);
  }
}
