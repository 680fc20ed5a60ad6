import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SignetError } from "../errors.js";
import { isForeign } from "./trust.js";

// As many as Linux follows.
const MAX_LINKS = 40;

/**
 * Where a write to a path goes: to what a symbolic link leads to, whether that exists or not. Files that are replaced are renamed
 * over, which would replace the link and leave what it leads to as it was.
 *
 * @throws SignetError `store_failed` for links in a circle, `store_insecure` for one that another user planted in a shared folder
 */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let count = 0; count <= MAX_LINKS; count++) {
    const stats = await lstat(target).catch(() => undefined);
    if (stats === undefined || !stats.isSymbolicLink()) return target;
    const folder = await stat(dirname(target));
    if ((folder.mode & 0o002) !== 0 && isForeign(stats)) {
      throw new SignetError("store_insecure", `${target} is a symbolic link of user ${stats.uid}; nothing is written through it`);
    }
    target = resolve(dirname(target), await readlink(target));
  }
  throw new SignetError("store_failed", `${path}: its symbolic links lead in a circle`);
}
