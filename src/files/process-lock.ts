import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseJson } from "../encoding/json-names.js";
import { SignetError } from "../errors.js";
import { createFile, errorCode, PRIVATE_FILE, removeFile } from "./durable.js";
import { describeProcess, processIdentity, stateOfProcess } from "./process-identity.js";

/** How a lock waits. */
export interface LockOptions {
  /** How long to wait for a living holder, in milliseconds. Default 10,000. */
  readonly waitMilliseconds?: number;
}

/**
 * Runs an action while holding a lock file. The lock belongs to a living process: it is taken over from one that has died,
 * never from one that is slow or stopped.
 *
 * @param path the lock file
 * @throws SignetError `store_locked`, naming the holder, when it was not free in time
 */
export async function withProcessLock<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await acquire(path, Date.now() + (options.waitMilliseconds ?? 10_000));
  try {
    return await action();
  } finally {
    await removeFile(path);
  }
}

interface LockHolder {
  readonly process: string;
  readonly nonce: string;
}

async function acquire(path: string, deadline: number): Promise<void> {
  const mine: LockHolder = { process: processIdentity(), nonce: randomBytes(8).toString("hex") };
  for (;;) {
    if (await createFile(path, JSON.stringify(mine), PRIVATE_FILE)) return;
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (stateOfProcess(holder.process) === "gone") await removeAbandoned(path, holder, deadline);
    else if (Date.now() >= deadline) throw lockedBy(path, holder);
    else await sleep(5 + Math.random() * 20);
  }
}

// Two processes that both find a dead holder must not remove each other's new lock: the right to remove this one instance is
// itself a lock, named after its nonce, and the instance is looked at again once that right is held.
async function removeAbandoned(path: string, holder: LockHolder, deadline: number): Promise<void> {
  const right = `${path}.${holder.nonce}`;
  await acquire(right, deadline);
  try {
    if ((await readHolder(path))?.nonce === holder.nonce) await removeFile(path);
  } finally {
    await removeFile(right);
  }
}

async function readHolder(path: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { process, nonce } = parseJson(text) as Partial<LockHolder>;
    if (typeof process === "string" && typeof nonce === "string" && /^[0-9a-f]{16}$/.test(nonce)) return { process, nonce };
  } catch {
    // Falls through: lock files are written whole, so this one is not ours.
  }
  throw new SignetError("store_locked", `${path} is not a lock file of Signet; remove it when no signet process is running`);
}

function lockedBy(path: string, holder: LockHolder): SignetError {
  const who =
    stateOfProcess(holder.process) === "alive"
      ? `${describeProcess(holder.process)} is working on it; try again when it has ended`
      : `a process on another machine or in another container holds it; if that one is gone, remove ${path}`;
  return new SignetError("store_locked", `${path} is locked: ${who}`);
}
