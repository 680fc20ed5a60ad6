import { firstFew } from "../encoding/first-few.js";
import { isSignetError, SignetError } from "../errors.js";
import { COOLDOWN_SECONDS, type FollowedKeys } from "../verify/followed-keys.js";
import { parseObject, type ReadToken, readToken } from "../verify/token.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { type KeySet, MAX_PROOF_LENGTH } from "./key-set.js";
import type { Way } from "./ways.js";

/** A token that was verified by a way. */
export interface Proven<W extends Way> {
  readonly way: W;
  readonly token: VerifiedToken;
}

/** Ways that one look at a signature serves: of the same keys and algorithms. */
interface Group<W extends Way> {
  readonly keys: FollowedKeys<KeySet>;
  readonly algorithms: Way["algorithms"];
  readonly ways: readonly W[];
}

/** What is told of a proof that is refused. Only the log says more. */
const REFUSED = "no caller is proven by this token: its rules, and what is wrong, are in the issuer's log";

/** The refusal of a proof. @param why for the log; it names rules and claims, never what a token says */
export function refusedProof(why: string): SignetError {
  return new SignetError("proof_refused", REFUSED, { cause: new SignetError("proof_refused", why) });
}

/**
 * Reads what a token claims, before anything of it is believed: it decides which rules are looked at, and no more.
 *
 * @throws SignetError `proof_refused`
 */
export function readUnverified(token: string): ReadToken {
  try {
    return readToken(token, MAX_PROOF_LENGTH);
  } catch (error) {
    if (isSignetError(error)) throw refusedProof(error.message);
    throw error;
  }
}

/**
 * Verifies a token by every way that its claims fit, each by its own keys.
 *
 * @returns the ways that prove it, in the order of the config, of which there is one at least
 * @throws SignetError `proof_refused`; `jwks_unavailable` where keys are not to be had that could prove it
 */
export async function verifyByWays<W extends Way>(
  token: ReadToken,
  ways: readonly W[],
  clock: () => number,
): Promise<readonly Proven<W>[]> {
  const trial = createTrial<W>(token, clock);
  const fitting = ways.filter((way) => trial.refused(way, way.mismatch(token.value)) === undefined);
  const groups = groupsOf(fitting);
  // The proofs of all requests that came in one turn of the event loop are verified one after the other: code that runs again at once finds
  // itself in the processor's caches.
  await undefined;
  // Keys that are at hand are asked first: who is proven by them does not wait for another issuer's server.
  const waiting = groups.filter((group) => !trial.ask(group, group.keys.current()));
  if (trial.proven.size === 0 && waiting.length > 0) await untilProven(waiting, trial);
  const proven = fitting.flatMap((way) => {
    const verified = trial.proven.get(way);
    return verified === undefined ? [] : [{ way, token: verified }];
  });
  if (proven.length > 0) return proven;
  throw trial.refusal(ways.length === 0);
}

/** One token, held against ways. */
interface Trial<W extends Way> {
  readonly proven: ReadonlyMap<W, VerifiedToken>;
  /** Remembers why a way refuses it, if it does. */
  refused(way: W, why: string | undefined): string | undefined;
  /**
   * Asks keys.
   *
   * @returns whether that is their last word: not where there are none, or the token names none of them, and so may be signed by one that its issuer
   *   has put there since
   */
  ask(group: Group<W>, keys: KeySet | undefined): boolean;
  /** Asks keys that have to be fetched. */
  askLater(group: Group<W>): Promise<void>;
  refusal(isUnknown: boolean): SignetError;
}

function createTrial<W extends Way>(token: ReadToken, clock: () => number): Trial<W> {
  const proven = new Map<W, VerifiedToken>();
  const reasons: string[] = [];
  let unavailable: SignetError | undefined;

  function refused(way: W, why: string | undefined): string | undefined {
    if (why !== undefined) reasons.push(`${way.caller} (${way.rule}): ${why}`);
    return why;
  }

  const refuseAll = ({ ways }: Group<W>, why: string) => {
    for (const way of ways) refused(way, why);
  };

  function ask(group: Group<W>, keys: KeySet | undefined): boolean {
    if (keys === undefined) return false;
    try {
      const verified = keys.verifierFor(group.algorithms)(token);
      const now = clock();
      for (const way of group.ways) if (refused(way, way.fault(verified, now)) === undefined) proven.set(way, verified);
      return true;
    } catch (error) {
      if (!isSignetError(error) || error.code === "clock_untrusted") throw error;
      if (
        /^token_(key|kid|signature|algorithm)_/.test(error.code) &&
        !keys.kids.includes(parseObject(token.parts.header, "header").kid)
      )
        return false;
      refuseAll(group, error.message);
      return true;
    }
  }

  async function askLater(group: Group<W>): Promise<void> {
    const before = group.keys.current();
    try {
      const keys = before === undefined ? await group.keys.ready() : await group.keys.again();
      if (ask(group, keys)) return;
      refuseAll(group, "it names no key that its issuer publishes");
    } catch (error) {
      if (!isSignetError(error, "jwks_unavailable", "jwks_misconfigured")) throw error;
      unavailable ??= error;
      refuseAll(group, error.message);
    }
  }

  function refusal(isUnknown: boolean): SignetError {
    if (unavailable !== undefined) return keysUnavailable(unavailable, firstFew(reasons));
    return refusedProof(isUnknown ? "no rule that may count is for its issuer" : firstFew(reasons));
  }

  return { proven, refused, ask, askLater, refusal };
}

// One way that proves it is enough: another issuer whose server does not answer keeps only its own callers waiting.
function untilProven<W extends Way>(groups: readonly Group<W>[], trial: Trial<W>): Promise<void> {
  return new Promise((resolve, reject) => {
    const all = groups.map(async (group) => {
      await trial.askLater(group);
      if (trial.proven.size > 0) resolve();
    });
    Promise.all(all).then(() => resolve(), reject);
  });
}

/** Keys that are not to be had now. Whose they are stands in the log alone: a stranger does not learn whom a rule trusts. */
function keysUnavailable({ retryAfterSeconds = COOLDOWN_SECONDS }: SignetError, why: string): SignetError {
  const words = "the keys of the token's issuer are not to be had now; try again later";
  return new SignetError("jwks_unavailable", words, { cause: new SignetError("jwks_unavailable", why), retryAfterSeconds });
}

function groupsOf<W extends Way>(ways: readonly W[]): readonly Group<W>[] {
  const [first] = ways;
  // As good as always.
  if (first !== undefined && ways.length === 1) return [groupOf(first.keys, ways)];
  const groups = new Map<FollowedKeys<KeySet>, Map<string, W[]>>();
  for (const way of ways) {
    const ofKeys = groups.get(way.keys) ?? new Map<string, W[]>();
    const name = way.algorithms?.join(" ") ?? "";
    groups.set(way.keys, ofKeys.set(name, [...(ofKeys.get(name) ?? []), way]));
  }
  return [...groups].flatMap(([keys, ofKeys]) => [...ofKeys.values()].map((own) => groupOf(keys, own)));
}

function groupOf<W extends Way>(keys: FollowedKeys<KeySet>, ways: readonly W[]): Group<W> {
  return { keys, ways, algorithms: ways[0]?.algorithms };
}
