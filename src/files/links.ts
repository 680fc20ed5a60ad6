import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SignetError } from "../errors.js";
import { canBePlanted } from "./trust.js";

// As many as Linux follows.
const MAX_LINKS = 40;

/**
 * Where a write to a path goes: to what a symbolic link leads to, whether that exists or not. Files that are replaced are renamed
 * over, which would replace the link and leave what it leads to as it was.
 *
 * @throws SignetError `store_failed` for links in a circle, `store_insecure` for one that another user can have planted
 */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let count = 0; count <= MAX_LINKS; count++) {
    const stats = await lstat(target).catch(() => undefined);
    if (stats === undefined || !stats.isSymbolicLink()) return target;
    if (canBePlanted(stats, await stat(dirname(target)))) {
      const words = `${target} is a symbolic link that another user can have put there; nothing is written through it: name what it leads to`;
      throw new SignetError("store_insecure", words);
    }
    target = resolve(dirname(target), await readlink(target));
  }
  throw new SignetError("store_failed", `${path}: its symbolic links lead in a circle`);
}
