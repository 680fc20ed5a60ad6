import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { durationInWords } from "../encoding/durations.js";
import { parseJson } from "../encoding/json-names.js";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import { createFile, PRIVATE_FILE, removeFile } from "./durable.js";
import { asUnreadable, errorCode } from "./failures.js";
import { stateOfHolder } from "./holder-state.js";
import { announcePresence } from "./presence.js";
import { describeProcess, type HolderState, holderName, processIdentity } from "./process-identity.js";

/** How a lock waits. */
export interface LockOptions {
  /** How long to wait for a living holder, in milliseconds. Default 10,000. */
  readonly waitMilliseconds?: number;
}

/**
 * Runs an action while holding a lock file. The lock belongs to a living process: it is taken over from one that is proven dead,
 * never from one that is slow or stopped, nor from one that cannot be judged from here.
 *
 * @param path the lock file
 * @throws SignetError `store_locked`, naming the holder, when it was not free in time
 */
export async function withProcessLock<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  // Before the lock is there: a process that finds it must find its holder listening.
  const leave = await announcePresence(dirname(path));
  try {
    const nonce = await acquire(path, Date.now() + (options.waitMilliseconds ?? 10_000));
    try {
      return await action();
    } finally {
      await release(path, nonce);
    }
  } finally {
    await leave();
  }
}

/** Who holds a lock. */
export interface LockHolder {
  /** What `processIdentity` answers. */
  readonly process: string;
  readonly nonce: string;
  /** Names the thread of that process, which alone knows whether it still holds the lock; absent in locks of earlier versions. */
  readonly thread?: string;
}

/** What this thread holds. Several copies of the library may be loaded in it: they have it in common. */
interface Holdings {
  readonly thread: string;
  readonly nonces: Set<string>;
}

function holdings(): Holdings {
  const common = globalThis as { signetLocks?: Holdings };
  common.signetLocks ??= { thread: randomBytes(8).toString("hex"), nonces: new Set() };
  return common.signetLocks;
}

async function acquire(path: string, deadline: number): Promise<string> {
  const { thread, nonces } = holdings();
  const mine: LockHolder = { process: processIdentity(), nonce: randomBytes(8).toString("hex"), thread };
  nonces.add(mine.nonce);
  try {
    for (;;) {
      if (await createFile(path, JSON.stringify(mine), PRIVATE_FILE)) return mine.nonce;
      const holder = await readHolder(path);
      if (holder === undefined) continue;
      const state = await stateOf(holder, path);
      if (state === "gone") await removeLock(path, holder, deadline);
      else if (Date.now() >= deadline) throw await lockedBy(path, holder, state);
      else await sleep(5 + Math.random() * 20);
    }
  } catch (error) {
    // A disk that fails may have made the file all the same.
    await release(path, mine.nonce).catch(() => undefined);
    throw error;
  }
}

async function release(path: string, nonce: string): Promise<void> {
  try {
    // Unlocked by a person meanwhile, it may be another's by now.
    if ((await readHolder(path).catch(() => undefined))?.nonce === nonce) await removeFile(path);
  } finally {
    // Where the disk has failed, the next holder of this thread knows that the lock is free.
    holdings().nonces.delete(nonce);
  }
}

// A lock of this very thread that it does not hold was left by a disk that failed.
async function stateOf({ process, nonce, thread }: LockHolder, path: string): Promise<HolderState> {
  const own = holdings();
  if (process === processIdentity() && thread === own.thread && !own.nonces.has(nonce)) return "gone";
  return stateOfHolder(process, dirname(path));
}

/**
 * Removes the lock of a holder, and no other one. Two processes that both find a dead holder must not remove each other's new lock:
 * the right to remove this one instance is itself a lock, named after its nonce, and the instance is looked at again under it.
 *
 * @param deadline in milliseconds since the epoch
 */
export async function removeLock(path: string, holder: LockHolder, deadline: number): Promise<void> {
  const right = `${path}.${holder.nonce}`;
  const nonce = await acquire(right, deadline);
  try {
    if ((await readHolder(path))?.nonce === holder.nonce) await removeFile(path);
  } finally {
    await release(right, nonce);
  }
}

/**
 * Who holds a lock.
 *
 * @returns `undefined` where it is free
 * @throws SignetError `store_locked` for a file that is no lock
 */
export async function readHolder(path: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw asUnreadable(path, error);
  }
  try {
    const { process, nonce, thread } = parseJson(text) as Partial<LockHolder>;
    if (typeof process === "string" && typeof nonce === "string" && /^[0-9a-f]{16}$/.test(nonce)) {
      return { process, nonce, ...(typeof thread === "string" && { thread }) };
    }
  } catch {
    // Falls through: lock files are written whole, so this one is not ours.
  }
  throw new SignetError("store_locked", `${path} is not a lock file of Signet; remove it when no signet process is running`);
}

async function lockedBy(path: string, { process }: LockHolder, state: string): Promise<SignetError> {
  const who = describeProcess(process);
  if (state === "alive") {
    return new SignetError("store_locked", `${path} is locked: ${who} is working on it; try again when it has ended`);
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  const age = Math.max(0, Math.round((Date.now() - mtimeMs) / 1_000));
  return new SignetError(
    "store_locked",
    `${path} has been locked by ${who} for ${durationInWords(age)}; whether it still runs cannot be seen from here. If it does not, run \`signet keys unlock ${asArgument(holderName(process))}\``,
  );
}
