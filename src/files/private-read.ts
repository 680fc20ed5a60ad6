import { constants } from "node:fs";
import { lstat, open, realpath } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { SignetError } from "../errors.js";
import { errorCode } from "./durable.js";

/**
 * Reads a file that holds a secret, and refuses one that others could have read or planted: readable or writable by group or
 * others, in a directory that group or others can write, or a symbolic link that leads out of its directory.
 *
 * @returns the text; `undefined` where there is no such file
 * @throws SignetError `store_insecure`, with the command that mends it
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const directory = dirname(resolve(path));
  try {
    await assertDirectoryPrivate(directory);
    await assertStaysInside(path, directory);
    const file = await open(path, constants.O_RDONLY);
    try {
      // Asked of the open file, not of the name: a name can be exchanged between a check and a read.
      assertModePrivate(path, (await file.stat()).mode, 0o077, "600");
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    if (errorCode(error) === "EACCES") {
      throw new SignetError("store_insecure", `${path} cannot be read by this user; run as its owner`, { cause: error });
    }
    throw error;
  }
}

async function assertDirectoryPrivate(directory: string): Promise<void> {
  const { mode } = await lstat(directory);
  assertModePrivate(directory, mode, 0o022, "700");
}

async function assertStaysInside(path: string, directory: string): Promise<void> {
  if (!(await lstat(path)).isSymbolicLink()) return;
  const inside = relative(await realpath(directory), await realpath(path));
  if (inside.startsWith(`..${sep}`) || inside === ".." || resolve(inside) === inside) {
    throw new SignetError("store_insecure", `${path} is a symbolic link out of its directory; put the file itself there`);
  }
}

function assertModePrivate(path: string, mode: number, forbidden: number, remedy: string): void {
  // Windows has no such bits: node reports 0o666 for every file.
  if (process.platform === "win32" || (mode & forbidden) === 0) return;
  const verb = (mode & forbidden & 0o022) !== 0 ? "written" : "read";
  throw new SignetError("store_insecure", `${path} can be ${verb} by other users; run: chmod ${remedy} '${path}'`);
}
