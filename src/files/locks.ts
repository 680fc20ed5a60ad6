import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { stateOfHolder } from "./holder-state.js";
import type { HolderState } from "./process-identity.js";
import { type LockHolder, readHolder, removeLock } from "./process-lock.js";

/** A lock file that a process holds. */
export interface HeldLock {
  readonly path: string;
  readonly holder: LockHolder;
  readonly state: HolderState;
  /** For how long, in milliseconds. */
  readonly ageMilliseconds: number;
}

const LOCK = /\.lock(\.[0-9a-f]{16})*$/;

/**
 * The locks of a folder. What is no lock of ours is left out.
 *
 * @param file only those beside this file; default all
 */
export async function locksIn(folder: string, file = ""): Promise<readonly HeldLock[]> {
  const names = await readdir(folder).catch(() => []);
  const found = names.filter((name) => LOCK.test(name) && name.startsWith(file)).map((name) => held(join(folder, name)));
  return (await Promise.all(found)).filter((each) => each !== undefined);
}

/** The locks beside one file. */
export function locksBeside(path: string): Promise<readonly HeldLock[]> {
  return locksIn(dirname(path), `${basename(path)}.lock`);
}

/** Removes a lock of whose holder a person knows that it has ended. */
export function breakLock({ path, holder }: HeldLock): Promise<void> {
  return removeLock(path, holder, Date.now() + 1_000);
}

async function held(path: string): Promise<HeldLock | undefined> {
  const holder = await readHolder(path).catch(() => undefined);
  if (holder === undefined) return undefined;
  const state = await stateOfHolder(holder.process, dirname(path));
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return { path, holder, state, ageMilliseconds: Math.max(0, Date.now() - mtimeMs) };
}
