import { createHash } from "node:crypto";
import { link, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isSignetError, SignetError } from "../../errors.js";
import { makePrivateDirectory, syncDirectory } from "../../files/durable.js";
import { asUnwritable, errorCode } from "../../files/failures.js";
import { assertFolderTrusted } from "../../files/trust.js";
import type { OnceStore } from "../contract.js";
import { assertUse, unknowableUse } from "../once-use.js";
import { createPatientClock } from "./once-clock.js";
import { createOnceRoom, termEnd } from "./once-room.js";
import { createOnceSweep } from "./once-sweep.js";
import { createTermFiles, type TermFiles } from "./once-terms.js";

/** How much is remembered on a disk. */
export interface FileOnceOptions {
  /**
   * How many uses at once; where there are as many, a share still finds a hundredth of them. An entry takes a name in a folder, about a hundred
   * bytes, and no inode. Default 1,000,000.
   */
  readonly maxUses?: number | undefined;
  /** How many of them may be of one share. Default a quarter. */
  readonly maxUsesOfShare?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds by a clock that is never set. */
  readonly elapsed?: (() => number) | undefined;
}

/** A use is a name in one of so many folders: names in a folder stay few, and folders few enough that those that work share their syncs. */
const FOLDERS = 64;

/**
 * What was used, as files below a directory that all processes of a machine share. A use is a hard link whose name is the digest: the
 * kernel makes a name once, however many race for it, and it outlives the process. Its folder has reached the disk before "first" is answered,
 * so that neither a kill nor a power cut forgets it. What it links to is the file of the five minutes in which it ends (`once-terms.ts`):
 * the kernel counts a share's uses as that file's links, over all processes and restarts, and nothing has to be read to count them.
 *
 * @param directory made with mode 0700 at the first use
 */
export function createFileOnceStore(directory: string, options: FileOnceOptions = {}): OnceStore {
  const { maxUses = 1_000_000, maxUsesOfShare = Math.ceil(maxUses / 4) } = options;
  const { now = Date.now, elapsed = () => performance.now() } = options;
  const believedNow = createPatientClock(now, elapsed);
  const terms = createTermFiles(join(directory, "terms"));
  const room = createOnceRoom(terms, { maxUses, maxUsesOfShare, now, believedNow });
  const sweep = createOnceSweep(folderNames().map((name) => join(directory, name)));
  const sync = createSharedSyncs();
  let prepared: Promise<void> | undefined;

  async function record(digest: string, until: number, share: string): Promise<boolean> {
    prepared ??= prepare(directory);
    await prepared.catch((error) => {
      prepared = undefined;
      throw error;
    });
    const place = await room.take(share);
    const folder = join(directory, folderOf(digest));
    const isFirst = await linkOnce(terms, join(folder, digest), () => ({ share, end: termEnd(until, now()) })).catch((error) => {
      place.giveBack();
      throw error;
    });
    if (!isFirst) place.giveBack();
    else await sync(folder).finally(place.keep);
    return isFirst;
  }

  return Object.freeze({
    async createOnce(digest: string, until: number, share: string) {
      assertUse(digest, until);
      let isFull = false;
      try {
        return await record(digest, until, shareDigest(share));
      } catch (error) {
        isFull = isSignetError(error, "replay_store_full");
        throw isFull ? error : unknowableUse(causeOf(directory, error));
      } finally {
        // What fails here fails the next use as well, which says so.
        sweep.some(room.over(), believedNow(), isFull).catch(() => undefined);
      }
    },
  });
}

// Only a start makes it anew: this process knows that there were uses.
function causeOf(directory: string, error: unknown): unknown {
  if (errorCode(isSignetError(error) ? error.cause : error) !== "ENOENT") return asUnwritable(directory, error);
  return new SignetError(
    "store_failed",
    `${directory} was taken away, or a part of it: put it back, or start the server anew, which makes an empty one; proofs that were used and are still good can be used again then`,
    { cause: error },
  );
}

function folderNames(): string[] {
  return Array.from({ length: FOLDERS }, (_, index) => index.toString(16).padStart(2, "0"));
}

function folderOf(digest: string): string {
  return (Number.parseInt(digest.slice(0, 2), 16) % FOLDERS).toString(16).padStart(2, "0");
}

// A caller's name as a part of a file's: always of one form and length.
function shareDigest(share: string): string {
  return createHash("sha256").update(share).digest("hex").slice(0, 32);
}

/** Makes the folders and brings them to the disk, also those that another process has made and not yet synced. */
async function prepare(directory: string): Promise<void> {
  await makePrivateDirectory(directory);
  assertFolderTrusted("document", directory, await stat(directory));
  const present = new Set(await readdir(directory));
  for (const name of ["terms", ...folderNames()]) {
    if (present.has(name)) continue;
    await mkdir(join(directory, name), { mode: 0o700 }).catch((error) => {
      if (errorCode(error) !== "EEXIST") throw error;
    });
  }
  await syncDirectory(directory);
}

/** @returns whether the name was free */
async function linkOnce(terms: TermFiles, path: string, term: () => { share: string; end: number }): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    const file = await terms.open(term());
    try {
      await link(file.path, path);
      return true;
    } catch (error) {
      const code = errorCode(error);
      if (code === "EEXIST") return false;
      // As many links as its file system has for a file (65,000 on ext4), or gone with its term while this process stood still.
      if (code === "EMLINK") terms.isFull(file);
      else if (code === "ENOENT" && tries === 0) terms.isGone(file);
      else throw error;
    }
  }
}

/** Syncs folders. Those that wait for the same one share the next sync: one that has begun may have missed them. */
function createSharedSyncs(): (folder: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const start = (folder: string): Promise<void> => {
    const sync = syncDirectory(folder).finally(() => running.delete(folder));
    running.set(folder, sync);
    return sync;
  };
  return (folder) => {
    const current = running.get(folder);
    if (current === undefined) return start(folder);
    const next =
      waiting.get(folder) ??
      current
        .catch(() => undefined)
        .then(() => {
          waiting.delete(folder);
          return start(folder);
        });
    waiting.set(folder, next);
    return next;
  };
}
