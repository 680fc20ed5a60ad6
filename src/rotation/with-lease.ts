import { isSignetError, SignetError } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";
import { RULES, timeInWords, type Wait } from "./plan/wait-reasons.js";
import { type Report, reportOf } from "./report.js";
import type { Creation } from "./requests.js";
import type { Outcome } from "./run.js";
import { type Context, custodiansInUse, keyringMissing, locationOf } from "./session/context.js";
import { newKeyringSession, type Session, takeLease } from "./session/session.js";
import { assertSameIssuer } from "./steps/apply-policy.js";
import { tellChanges, tellChangesBefore } from "./steps/notices.js";
import { adoptPutBack } from "./steps/put-back.js";

const ATTEMPTS = 3;
const RETRIES_SECONDS = [1, 4];

/** How an old keyring that was put back is brought up to date: by a person who has seen what is wrong, or as far as is certain. */
interface Adopting {
  readonly adoptByHand?: boolean;
  /** False where a last line that was altered is about to be given up: alone it shows no old keyring. */
  readonly adoptAltered?: boolean;
}

/**
 * Works on the keyring under its lease, and gives the lease back whatever happens.
 *
 * @throws SignetError `keyring_missing` where there is none and none may be made
 */
export async function withLease(
  context: Context,
  work: (session: Session) => Promise<Outcome>,
  { adoptByHand = false, adoptAltered = true, ...creation }: Creation & Adopting = {},
): Promise<Report> {
  const session = await begin(context, creation);
  // A keyring that was just made has one entry, of which no notice was sent.
  const { audit } = session.keyring();
  const countBefore = audit.count === 1 ? 0 : audit.count;
  let failed = false;
  try {
    const adopted = await adoptPutBack(context, session, { byHand: adoptByHand, altered: adoptAltered });
    const moved = await recordPlace(context, session);
    const outcome = await work(session);
    const unsent = await tellChanges(context, session, countBefore);
    const plan = { ...outcome.plan, waits: [...moved, ...unsent, ...outcome.plan.waits] };
    const alerts = [...new Set([...adopted.alerts, ...(outcome.alerts ?? [])])];
    return reportOf(context, session.keyring(), { ...outcome, plan, done: [...adopted.done, ...outcome.done], alerts });
  } catch (error) {
    await tellChangesBefore(context, session, countBefore);
    // A request that was refused has left nothing behind.
    failed = !isSignetError(error, "plan_refused", "key_not_found", "invalid_key", "usage", "keyring_conflict");
    throw error;
  } finally {
    await giveBack(context, session, failed);
  }
}

// Where no process can tell that this one is gone, the next manager would wait for the lease's end: it is worth some retries.
async function giveBack(context: Context, session: Session, failed: boolean): Promise<void> {
  for (const seconds of [...RETRIES_SECONDS, undefined]) {
    try {
      return await session.release(failed);
    } catch {
      if (seconds === undefined) context.onStep({ action: "lease", words: "the lease could not be given back" });
      else await context.sleep(seconds);
    }
  }
}

// A write between our read and our lease is no failure: it is read again.
async function begin(context: Context, { createKeyring = false }: Creation): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    try {
      const current = await context.stores.keyring.read();
      if (current === undefined) {
        if (!createKeyring) throw keyringMissing(context);
        await assertNothingLeft(context);
        return await newKeyringSession(context);
      }
      assertSameIssuer(context.settings, current.keyring);
      return await takeLease(context, current);
    } catch (error) {
      if (attempt === ATTEMPTS || !isSignetError(error, "lease_lost")) throw error;
    }
  }
}

/**
 * Without its keyring an issuer would be made anew over keys that verifiers and tokens still rely on.
 *
 * @throws SignetError `keyring_missing`
 */
export async function assertNothingLeft(context: Context): Promise<void> {
  const { stores } = context;
  let isLeft = (await stores.active.read()).length > 0;
  for await (const _ of stores.audit.read()) isLeft = true;
  for (const custodian of custodiansInUse(context, undefined)) {
    for await (const _ of custodian.list()) isLeft = true;
  }
  if (!isLeft || (await stores.keyring.read()) !== undefined) return;
  throw new SignetError(
    "keyring_missing",
    `there are private keys, or a log of them, but no keyring${locationOf(context)}: restore the keyring from a backup`,
  );
}

/** Whether keys were last changed in another place: here is a copy, or what was moved. */
export async function isElsewhere({ stores }: Context, { lastPlace }: Keyring): Promise<boolean> {
  return lastPlace !== undefined && stores.placeDigest !== undefined && lastPlace.digest !== (await stores.placeDigest());
}

/**
 * Records that keys are changed here.
 *
 * @returns a warning, where they were last changed in another place: containers change theirs, so nothing is refused
 */
async function recordPlace(context: Context, session: Session): Promise<readonly Wait[]> {
  const { stores } = context;
  const { version, lastPlace } = session.keyring();
  if (version === 1 || stores.placeDigest === undefined) return [];
  const digest = await stores.placeDigest();
  if (lastPlace?.digest === digest) return [];
  const at = await session.time();
  await session.change((keyring) => ({ ...keyring, lastPlace: { digest, at } }));
  if (lastPlace === undefined) return [];
  const words = `this issuer's keys were changed in another place before, since ${timeInWords(lastPlace.at)}: ${RULES.another_place}`;
  return [{ rule: "another_place", until: null, words }];
}
