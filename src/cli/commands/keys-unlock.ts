import { join } from "node:path";
import { durationInWords } from "../../encoding/durations.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError, shortened } from "../../errors.js";
import { followLinks } from "../../files/links.js";
import { breakLock, type HeldLock, locksBeside, locksIn } from "../../files/locks.js";
import { describeProcess, holderName } from "../../files/process-identity.js";
import type { Lease } from "../../keyring/keyring.js";
import { STACK_CONFIG } from "../../operator/surroundings.js";
import { confirm } from "../confirm.js";
import { type CommonOptions, type Context, pathOfConfig } from "../context.js";
import { managerFor } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { table } from "../table.js";

/** A holder is named by host, pid and times. */
const MAX_HOLDER = 256;

/** `signet keys unlock`: shows who holds what; with a holder's name, takes it from one that a person knows to have ended. */
export async function keysUnlock(context: Context, holder: string | undefined, options: CommonOptions): Promise<void> {
  const { output } = context;
  const installation = await openInstallation(context, options);
  const { stores, config } = installation;
  const locks = await allLocks(context, options, config.directory);
  const lease = (await stores.keyring.read())?.keyring.lease ?? null;
  const leaseName = lease === null ? undefined : (stores.nameOfHolder?.(lease.holder) ?? lease.holder);
  if (holder === undefined) return show(context, locks, lease, leaseName);
  const theirs = locks.filter(({ holder: { process } }) => process === holder || holderName(process) === holder);
  const isLeaseTheirs = lease !== null && (lease.holder === holder || leaseName === holder);
  if (theirs.length === 0 && !isLeaseTheirs) {
    throw new SignetError(
      "usage",
      `nothing is held by ${shortened(holder, MAX_HOLDER)}: \`${context.self} keys unlock\` shows who holds what`,
    );
  }
  const alive = theirs.find(({ state }) => state === "alive");
  if (alive !== undefined) {
    throw new SignetError(
      "store_locked",
      `${describeProcess(alive.holder.process)} is alive and holds ${alive.path}: end it first`,
    );
  }
  await confirm(`${holder} is taken for dead: if it still runs, two change keys at once.`, options);
  for (const lock of theirs) {
    await breakLock(lock);
    output.note(`unlocked ${lock.path}`);
  }
  if (isLeaseTheirs && (await (await managerFor(context, installation)).unlock(lease.holder))) {
    output.note(`took the lease from ${holder}; \`${context.self} keys tick\` goes on`);
  }
}

async function allLocks(context: Context, options: CommonOptions, directory: string): Promise<readonly HeldLock[]> {
  if (options.config?.startsWith(STACK_CONFIG)) return [];
  const config = await followLinks(pathOfConfig(context, options));
  const folders = [directory, join(directory, "active"), join(directory, "public")];
  return (await Promise.all([locksBeside(config), ...folders.map((folder) => locksIn(folder))])).flat();
}

function show({ output, self }: Context, locks: readonly HeldLock[], lease: Lease | null, leaseName: string | undefined): void {
  if (locks.length === 0 && lease === null) {
    output.note("nothing is locked");
    return;
  }
  const rows = locks.map(({ path, holder, state, ageMilliseconds }) => [
    holderName(holder.process),
    state,
    path,
    `for ${durationInWords(ageMilliseconds / 1_000)}`,
  ]);
  if (lease !== null) rows.push([leaseName ?? "", "", "the lease of the keyring", `until ${dateInWords(lease.expiresAt)}`]);
  for (const line of table(["HOLDER", "STATE", "HOLDS", "SINCE"], rows)) output.data(line);
  output.note(`of one that you know to have ended: ${self} keys unlock HOLDER`);
}
