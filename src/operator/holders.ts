import { join } from "node:path";
import type { Installation } from "../assemble.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { followLinks } from "../files/links.js";
import { breakLock, type HeldLock, locksBeside, locksIn } from "../files/locks.js";
import { describeProcess, holderName } from "../files/process-identity.js";
import type { Surroundings } from "./surroundings.js";

/** The right to change the keyring, as one process holds it. */
interface HeldLease {
  /** As the keyring has it. */
  readonly id: string;
  /** As people are told it. */
  readonly holder: string;
  readonly expiresAt: number;
}

/** Who holds what of an installation: locks of files on this machine, and the lease of its keyring. */
export interface Holdings {
  readonly locks: readonly HeldLock[];
  readonly lease: HeldLease | undefined;
}

/** What a holder has, and is taken for dead by a person. */
export interface HoldingsOfOne extends Holdings {
  readonly holder: string;
}

/**
 * Reads who holds what.
 *
 * @param configPath the config file; absent for an installation that is a stack's
 */
export async function readHoldings({ stores, config }: Installation, configPath: string | undefined): Promise<Holdings> {
  const locks = configPath === undefined ? [] : await allLocks(configPath, config.directory);
  // A copy that waits for an operator's word has no lease, but can have a lock.
  const held = await stores.keyring.read().catch((error) => {
    if (isSignetError(error, "restored_unconfirmed")) return undefined;
    throw error;
  });
  const lease = held?.keyring.lease ?? null;
  if (lease === null) return { locks, lease: undefined };
  const { holder: id, expiresAt } = lease;
  return { locks, lease: { id, holder: stores.nameOfHolder?.(id) ?? id, expiresAt } };
}

/** A holder is named by host, pid and times. */
const MAX_HOLDER = 256;

/**
 * Finds what one holder has.
 *
 * @throws SignetError `usage` where it holds nothing, `store_locked` where it is alive
 */
export function holdingsOf({ self }: Pick<Surroundings, "self">, { locks, lease }: Holdings, holder: string): HoldingsOfOne {
  const theirs = locks.filter(({ holder: { process } }) => process === holder || holderName(process) === holder);
  const isLeaseTheirs = lease !== undefined && (lease.id === holder || lease.holder === holder);
  if (theirs.length === 0 && !isLeaseTheirs) {
    throw new SignetError(
      "usage",
      `nothing is held by ${shortened(holder, MAX_HOLDER)}: \`${self} keys unlock\` shows who holds what`,
    );
  }
  const alive = theirs.find(({ state }) => state === "alive");
  if (alive !== undefined) {
    throw new SignetError(
      "store_locked",
      `${describeProcess(alive.holder.process)} is alive and holds ${alive.path}: end it first`,
    );
  }
  return { holder, locks: theirs, lease: isLeaseTheirs ? lease : undefined };
}

/**
 * Takes from a holder what it has. If it still runs, two processes change keys at once.
 *
 * @param onUnlocked called with the path of each lock
 * @returns whether the lease was taken
 */
export async function takeHoldings(
  installation: Installation,
  { locks, lease }: HoldingsOfOne,
  onUnlocked: (path: string) => void,
): Promise<boolean> {
  for (const lock of locks) {
    await breakLock(lock);
    onUnlocked(lock.path);
  }
  return lease !== undefined && (await installation.manager()).unlock(lease.id);
}

async function allLocks(configPath: string, directory: string): Promise<readonly HeldLock[]> {
  const folders = [directory, join(directory, "active"), join(directory, "public")];
  return (await Promise.all([locksBeside(await followLinks(configPath)), ...folders.map((folder) => locksIn(folder))])).flat();
}
