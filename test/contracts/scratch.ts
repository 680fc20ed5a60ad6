import { statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const MEMORY = "/dev/shm";
/** Of what tests write at once, many times over. */
const ROOM_BYTES = 48 * 1_024 * 1_024;
/** Linux's magic number of tmpfs (statfs(2)). */
const TMPFS = 0x01021994;

/** In memory where that can be: what is synced to a disk takes a hundred times as long, and a test cannot tell. */
const root = hasMemory() ? MEMORY : tmpdir();

function hasMemory(): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(MEMORY);
    return type === TMPFS && bavail * bsize > ROOM_BYTES;
  } catch {
    return false;
  }
}

/** Makes empty directories that are removed after the file's tests: again, where a server that was told to end has just written a file. */
export function scratchDirectories(): () => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    await Promise.all(made.map((path) => rm(path, { recursive: true, force: true, maxRetries: 20 })));
  });
  return async () => {
    const path = await mkdtemp(join(root, "signet-test-"));
    made.push(path);
    return path;
  };
}
