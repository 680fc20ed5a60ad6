import { stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { createEmptyFile, makePrivateDirectory, PRIVATE_FILE, removeFile } from "./durable.js";
import { asUnreadable, asUnwritable, errorCode } from "./failures.js";

/** When things were used last, by name: each is an empty file whose time is that. All processes of a machine share them. */
export interface LastUses {
  /** Remembers a use, now. The first of a name is written soon, and each no more than once a minute. */
  used(name: string): void;
  /** Writes what was noted, and nothing by itself any more. */
  close(): Promise<void>;
}

const WRITE_EVERY_MS = 60_000;

/**
 * Keeps last uses in a folder, which is made at the first one.
 *
 * @param onFailure told why they could not be written; the next use tries again
 * @param options.now milliseconds since 1970
 */
export function createLastUses(
  folder: string,
  onFailure: (error: unknown) => void,
  { now = Date.now }: { readonly now?: (() => number) | undefined } = {},
): LastUses {
  const noted = new Map<string, number>();
  const writtenAt = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function write(uses: readonly (readonly [name: string, at: number])[]): Promise<void> {
    const failed = (error: unknown): void => onFailure(asUnwritable(folder, error));
    try {
      await makePrivateDirectory(folder);
    } catch (error) {
      return failed(error);
    }
    // One that cannot be written, as that of another user, keeps no other from it.
    for (const [name, at] of uses) await writeUse(join(folder, name), at, now()).catch(failed);
  }

  // A clock that was put back must not make it wait for longer.
  function dueAt(name: string): number {
    return Math.min(writtenAt.get(name) ?? Number.NEGATIVE_INFINITY, now()) + WRITE_EVERY_MS;
  }

  function flush(isDue: (name: string) => boolean): Promise<void> {
    clearTimeout(timer);
    timerAt = Number.POSITIVE_INFINITY;
    const uses = [...noted].filter(([name]) => isDue(name));
    for (const [name] of uses) {
      noted.delete(name);
      writtenAt.set(name, now());
    }
    for (const name of noted.keys()) writeLater(name);
    if (uses.length > 0) writing = writing.then(() => write(uses));
    return writing;
  }

  function writeLater(name: string): void {
    const at = dueAt(name);
    if (isClosed || timerAt <= at) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(() => flush((each) => dueAt(each) <= at), Math.max(0, at - now()));
    timer.unref();
  }

  return Object.freeze({
    used(name: string) {
      noted.set(name, now());
      writeLater(name);
    },
    close() {
      isClosed = true;
      return flush(() => true);
    },
  });
}

// Another process may have written a later one. One of the future is of a clock that has been put back since.
async function writeUse(path: string, at: number, nowMs: number): Promise<void> {
  const before = await timeOf(path);
  if (before !== undefined && before >= at && before <= nowMs + WRITE_EVERY_MS) return;
  if (before === undefined) await createEmptyFile(path, PRIVATE_FILE);
  await utimes(path, at / 1_000, at / 1_000);
}

/**
 * When something was used last, as NumericDate; `undefined` where that is not known.
 *
 * @throws SignetError `store_failed`
 */
export async function lastUse(folder: string, name: string): Promise<number | undefined> {
  const milliseconds = await timeOf(join(folder, name));
  return milliseconds && Math.floor(milliseconds / 1_000);
}

async function timeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw asUnreadable(path, error);
  }
}

/**
 * Puts back when something was used last, where nothing later is known.
 *
 * @param at NumericDate
 * @throws SignetError `store_failed`
 */
export async function recallUse(folder: string, name: string, at: number): Promise<void> {
  await makePrivateDirectory(folder);
  await writeUse(join(folder, name), at * 1_000, Date.now()).catch((error) => Promise.reject(asUnwritable(folder, error)));
}

/** Forgets when something was used last. */
export async function forgetUse(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  if ((await timeOf(path)) !== undefined) await removeFile(path);
}

/** Where the last uses of callers are kept. @param directory that of keys and documents */
export function callersFolder(directory: string): string {
  return join(directory, "callers");
}
