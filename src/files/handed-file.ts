import type { FileHandle } from "node:fs/promises";
import { SignetError } from "../errors.js";
import { replaceWith } from "./durable.js";
import { errorCode } from "./failures.js";
import { followLinks } from "./links.js";

/** To whom a file is handed. */
export interface Handing {
  /** Its permissions, whatever the process's umask is. */
  readonly mode: number;
  /** The group that it is given to; default that of the process, or of its folder. */
  readonly gid?: number | undefined;
}

/**
 * Replaces a file that others read, or creates it, each time with the same mode and group. A reader sees the old text or the new one, and a
 * power cut leaves one of the two. A symbolic link stays: what it leads to is replaced.
 *
 * @throws SignetError `store_failed`, `store_insecure`
 */
export async function replaceHanded(path: string, data: string, handing: Handing): Promise<void> {
  await replaceWith(await followLinks(path), data, (file) => hand(path, file, handing));
}

async function hand(path: string, file: FileHandle, { mode, gid }: Handing): Promise<void> {
  const own = await file.stat();
  if (gid !== undefined && own.gid !== gid)
    await file.chown(own.uid, gid).catch((error) => Promise.reject(notGiven(path, gid, error)));
  // After the group: a change of that takes bits of the mode away.
  await file.chmod(mode);
}

function notGiven(path: string, gid: number, cause: unknown): unknown {
  if (errorCode(cause) !== "EPERM") return cause;
  const words = `${path} cannot be given to the group ${gid}: this user is not in it; add it to the group, or run as its owner`;
  return new SignetError("store_failed", words, { cause });
}
