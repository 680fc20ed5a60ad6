import { stat } from "node:fs/promises";

/** What tells whether a file was changed or replaced since: the time of its last change, its size and its inode. @throws what `stat` throws */
export async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}
