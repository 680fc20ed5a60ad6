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
  let place = resolve(path);
  for (let count = 0; count <= MAX_LINKS; count++) {
    const stats = await lstat(place).catch(() => undefined);
    if (stats === undefined || !stats.isSymbolicLink()) return place;
    const folder = await stat(dirname(place));
    if ((folder.mode & 0o002) !== 0 && isForeign(stats)) {
      throw new SignetError("store_insecure", `${place} is a symbolic link of user ${stats.uid}; nothing is written through it`);
    }
    place = resolve(dirname(place), await readlink(place));
  }
  throw new SignetError("store_failed", `${path}: its symbolic links lead in a circle`);
}
