import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SignetError } from "../errors.js";

/** Mode of files that hold secrets, and of the directories around them. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
/** Mode of files that anyone may read. */
export const PUBLIC_FILE = 0o644;

/**
 * Creates a file that does not exist yet. It appears whole or not at all, and has reached the disk when this returns.
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
    throw error;
  } finally {
    await rm(temporary, { force: true });
    await syncDirectory(dirname(path));
  }
}

/** Replaces a file, or creates it. A reader sees the old text or the new one, and a power cut leaves one of the two. */
export async function replaceFile(path: string, data: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, data, mode);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes a file for good; absent is success. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}

/** Makes a directory that only its owner can enter, and its parents as needed. An existing one is left as it is. */
export async function makePrivateDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
  if (made !== undefined) await syncDirectory(dirname(made));
}

/** The `code` of a system error: "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** The suffix of files that are being written; a crash can leave one behind. */
export const TEMPORARY_SUFFIX = ".tmp";

/**
 * Removes what writers that died left beside the files they were writing. Only for the holder of the lock under which those
 * files are written: the temporary file of a living writer would go too.
 *
 * @param isOurs told the name of the file that was being written
 */
export async function removeInterruptedWrites(directory: string, isOurs: (name: string) => boolean): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, written] = INTERRUPTED.exec(name) ?? [];
    if (written !== undefined && isOurs(written)) await removeFile(join(directory, name));
  }
}

const INTERRUPTED = /^(.+)\.[0-9a-f]{12}\.tmp$/;

async function writeBeside(path: string, data: string, mode: number): Promise<string> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}${TEMPORARY_SUFFIX}`;
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asUnwritable(dirname(path), error);
  }
  return temporary;
}

const UNWRITABLE: Readonly<Record<string, string>> = {
  EROFS: "it is read-only",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

function asUnwritable(directory: string, error: unknown): unknown {
  const code = errorCode(error) ?? "";
  const why = UNWRITABLE[code];
  if (why === undefined) return error;
  return new SignetError("store_failed", `nothing can be written to ${directory} (${code}): ${why}`, { cause: error });
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory; its file system journals the entry itself.
  if (process.platform === "win32") return;
  try {
    const directory = await open(path, "r");
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
