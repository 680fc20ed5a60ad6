import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { AuditHead, Keyring, KeyringVersion, Lease } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import type { AuditNote } from "../plan/audit-entry.js";
import { assertPolicy, policyOf } from "../plan/policy.js";
import { timeInWords } from "../plan/wait-reasons.js";
import { flushAudit, nextHead } from "./audit.js";
import { assertClock, type Context } from "./context.js";

/** A keyring with the tag of its text. */
export interface Versioned {
  readonly keyring: Keyring;
  readonly tag: string;
}

/** The right to change keys, held through the lease in the keyring. */
export interface Session {
  /** The keyring as this session last wrote it. */
  readonly keyring: () => Keyring;
  /**
   * Writes a change, and renews the lease with it.
   *
   * @param note what the audit log shall say of it
   * @param after the log's last entry, where the log has gone on without this keyring
   * @throws SignetError `lease_lost` where another manager has written since
   */
  change(update: (keyring: Keyring) => Keyring, note?: AuditNote, after?: AuditHead): Promise<void>;
  /**
   * The time to record. A clock that is set back in the middle of a run would date a publication before it happened.
   *
   * @throws SignetError `clock_untrusted`
   */
  time(): Promise<number>;
  /** Makes sure, before a write elsewhere, that no other manager has taken over. */
  check(): Promise<void>;
  /** Gives the lease back; after a failure the next manager searches for what was left behind. */
  release(failed: boolean): Promise<void>;
}

// Longer than any single step takes, and so long that a clock within the skew does not call a living lease expired.
const LEASE_SECONDS = 300;

/** How a lease is taken. */
export interface TakeOptions {
  /** A lease that is taken though its holder may live: a person has said that it does not. */
  readonly even?: Lease;
}

/**
 * Takes the lease of a keyring.
 *
 * @throws SignetError `lease_held`, naming who holds it and what to do
 */
export async function takeLease(context: Context, current: Versioned, { even }: TakeOptions = {}): Promise<Session> {
  await assertClock(context, current.keyring.policy.clockSkewSeconds);
  const { lease } = current.keyring;
  if (lease !== null && lease !== even) await assertFree(context, lease, current.keyring.policy.clockSkewSeconds);
  const taken: Keyring = {
    ...inVersion(current.keyring, await writableVersion(context)),
    leases: current.keyring.leases + 1,
    // A manager that did not release its lease may have left something behind.
    sweptAt: lease === null ? current.keyring.sweptAt : null,
  };
  return openSession(context, taken, current.tag, undefined);
}

/** Makes the keyring of a new issuer, and holds its lease. */
export async function newKeyringSession(context: Context): Promise<Session> {
  const keyring = newKeyring(context, await writableVersion(context));
  await assertClock(context, keyring.policy.clockSkewSeconds);
  return openSession(context, keyring, null, { event: "issuer.created" });
}

/**
 * The keyring that a new issuer begins with.
 *
 * @throws SignetError `plan_refused` for a policy that cannot be kept
 */
export function newKeyring({ settings, clock }: Context, version: KeyringVersion): Keyring {
  const policy = policyOf(settings, 1);
  assertPolicy(policy);
  return {
    version,
    issuer: settings.issuer,
    policy,
    lease: null,
    leases: 1,
    lastSequence: 0,
    confirmedSequence: 0,
    activation: null,
    allocations: [],
    rotationRequest: null,
    sweptAt: clock(),
    audit: { count: 0, head: "", entry: "" },
    keys: [],
    ...(version === 2 && { ended: [] }),
  };
}

/**
 * The version that is written: the newest, unless a reader of the keyring may not know it. The first write of a
 * manager brings an older keyring to it; none is brought back.
 */
export async function writableVersion({ stores }: Context): Promise<KeyringVersion> {
  return (await stores.keyring.readableVersion?.()) ?? 2;
}

function inVersion(keyring: Keyring, version: KeyringVersion): Keyring {
  return keyring.version >= version ? keyring : { ...keyring, version, ended: [] };
}

async function openSession(
  context: Context,
  first: Keyring,
  firstTag: string | null,
  firstNote: AuditNote | undefined,
): Promise<Session> {
  const { clock, stores } = context;
  let keyring = first;
  let tag = firstTag;
  let appended = 0;
  const generation = first.leases;

  const time = watchedClock(context, first.policy.clockSkewSeconds);

  async function write(next: Keyring): Promise<void> {
    // What is written is read first: a keyring that cannot be read again would stop everything.
    const checked = parseKeyring(keyringText(next), "the new keyring");
    try {
      tag = await stores.keyring.write(checked, tag);
    } catch (error) {
      throw isSignetError(error, "keyring_conflict") ? lost(error) : error;
    }
    keyring = checked;
  }

  // The keyring keeps one entry: the one before must have reached the log.
  async function append(): Promise<void> {
    if (appended < keyring.audit.count) await flushAudit(stores, keyring.audit);
    appended = keyring.audit.count;
  }

  async function change(update: (keyring: Keyring) => Keyring, note?: AuditNote, after?: AuditHead): Promise<void> {
    const now = await time();
    const next = { ...update(keyring), lease: leaseOf(context, first, now) };
    if (note === undefined) return write(next);
    // Where the log has gone on, the keyring's own entry is in it already, or another one has its place.
    if (after === undefined) await append();
    else appended = keyring.audit.count;
    await write({ ...next, audit: nextHead(after ?? next.audit, note, now, context.actor) });
    await append();
  }

  async function check(): Promise<void> {
    const current = await stores.keyring.read();
    const isFresh = current?.tag === tag && clock() < (keyring.lease?.expiresAt ?? 0);
    // An old answer or an old lease: a write that succeeds proves that no other manager has written.
    if (!isFresh) await change((same) => same);
  }

  async function release(failed: boolean): Promise<void> {
    // Over what this session wrote last: the answer to a read may be old.
    if (await isReleased(stores.keyring, { keyring, tag }, failed)) return;
    const current = await stores.keyring.read();
    if (current?.keyring.lease?.manager !== context.manager || current.keyring.lease.generation !== generation) return;
    await isReleased(stores.keyring, current, failed);
  }

  await change((same) => same, firstNote);
  return Object.freeze({ keyring: () => keyring, change, time, check, release });
}

function leaseOf({ stores, manager }: Context, { leases: generation, policy }: Keyring, now: number): Lease {
  return { holder: stores.holder(), manager, generation, expiresAt: now + LEASE_SECONDS + 2 * policy.clockSkewSeconds };
}

async function isReleased(
  store: Context["stores"]["keyring"],
  { keyring, tag }: { readonly keyring: Keyring; readonly tag: string | null },
  failed: boolean,
): Promise<boolean> {
  try {
    await store.write({ ...keyring, sweptAt: failed ? null : keyring.sweptAt, lease: null }, tag);
    return true;
  } catch (error) {
    if (isSignetError(error, "keyring_conflict")) return false;
    throw error;
  }
}

function watchedClock(context: Context, clockSkewSeconds: number): () => Promise<number> {
  let latest = context.clock();
  return async () => {
    await assertClock(context, clockSkewSeconds);
    const now = context.clock();
    if (now < latest - clockSkewSeconds) {
      throw new SignetError(
        "clock_untrusted",
        "this machine's clock was set back while keys were being changed: run the command again",
      );
    }
    latest = Math.max(latest, now);
    return latest;
  };
}

/** Who holds a lease: a manager that is gone, this very one, or another one that may live. */
type Holding = "abandoned" | "own" | "held";

// No clock that is right gives a lease for longer: it was given by one that was wrong.
const MAX_LEASE_SKEWS = 4;

async function holdingOf({ stores, manager, clock }: Context, lease: Lease, clockSkewSeconds: number): Promise<Holding> {
  // A manager does one thing at a time: a lease of its own is one whose grant or return was not answered.
  if (lease.manager === manager) return "own";
  const state = isOwnProcess(stores, lease) ? "unknown" : await stores.stateOfHolder(lease.holder);
  if (state !== "unknown") return state === "gone" ? "abandoned" : "held";
  const isAbsurd = lease.expiresAt > clock() + LEASE_SECONDS + MAX_LEASE_SKEWS * clockSkewSeconds;
  return isAbsurd || clock() >= lease.expiresAt ? "abandoned" : "held";
}

/** Whether a manager died before it could give its lease back: it may have left something behind. */
export async function isAbandoned(context: Context, { lease, policy }: Keyring): Promise<boolean> {
  return lease !== null && (await holdingOf(context, lease, policy.clockSkewSeconds)) !== "held";
}

function isOwnProcess({ holder }: Context["stores"], lease: Lease): boolean {
  return lease.holder === holder();
}

async function assertFree(context: Context, lease: Lease, clockSkewSeconds: number): Promise<void> {
  const { stores } = context;
  if ((await holdingOf(context, lease, clockSkewSeconds)) !== "held") return;
  const isOwn = isOwnProcess(stores, lease);
  const isAlive = !isOwn && (await stores.stateOfHolder(lease.holder)) === "alive";
  const remedy = isAlive ? "try again when it has ended" : `try again later; ${untilFree(context, lease, isOwn)}`;
  const who = isOwn ? "another manager of this process" : stores.describeHolder(lease.holder);
  throw new SignetError("lease_held", `${who} is changing keys: ${remedy}`);
}

function untilFree({ stores }: Context, { holder, expiresAt }: Lease, isOwn: boolean): string {
  const words = `it is free at ${timeInWords(expiresAt)} at the latest`;
  if (isOwn) return words;
  return `${words}, or at once when you know that it has ended: \`signet keys unlock ${asArgument(stores.nameOfHolder?.(holder) ?? holder)}\``;
}

function lost(cause: unknown): SignetError {
  return new SignetError("lease_lost", "another manager has taken over; run `signet keys tick` to see where it stands", {
    cause,
  });
}

/**
 * Takes the lease from a holder of whom a person knows that it has ended. It is recorded, and the next run searches for what the
 * holder left behind.
 *
 * @param holder the holder, or its short name
 * @returns false where that one holds no lease
 * @throws SignetError `lease_held` where the holder answers
 */
export async function breakLease(context: Context, holder: string): Promise<boolean> {
  const { stores } = context;
  const current = await stores.keyring.read();
  const lease = current?.keyring.lease ?? null;
  if (current === undefined || lease === null) return false;
  if (lease.holder !== holder && stores.nameOfHolder?.(lease.holder) !== holder) return false;
  if ((await stores.stateOfHolder(lease.holder)) === "alive") {
    throw new SignetError("lease_held", `${stores.describeHolder(lease.holder)} is alive and changing keys: end it first`);
  }
  const session = await takeLease(context, current, { even: lease });
  await session.change((same) => same, { event: "lease.unlocked", why: `held by ${stores.describeHolder(lease.holder)}` });
  await session.release(true);
  return true;
}
