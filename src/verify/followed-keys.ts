import { isSignetError, type SignetError } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";
import { type DiscoveredJwks, discoverJwks, type FetchBounds, fetchJwksUnless } from "./fetch-jwks.js";
import { misconfigured, unavailable } from "./judged-by-text.js";

/** How an issuer's keys are followed. */
export interface FollowedKeysOptions extends FetchBounds {
  /** Where they are; else discovery says it. */
  readonly jwksUrl?: string | undefined;
  /** After how many seconds they are fetched again, in the background. Default 300, the `max-age` of Signet's own. */
  readonly refreshSeconds?: number | undefined;
  /** For how many seconds more the last good ones are used where none can be fetched. Default 3,600. */
  readonly staleSeconds?: number | undefined;
  /** Seconds on a clock that never goes back. */
  readonly elapsed?: (() => number) | undefined;
}

/** How fast keys are followed where strangers can have them fetched, and wait for that. */
export interface Pace {
  /** So long after a fetch has failed, from its end, no token waits for another one; at most `refreshSeconds`. Default: a second from its beginning. */
  readonly pauseSeconds?: number | undefined;
  /**
   * So long keys that are due are used before anything has tried to fetch them anew: with traffic they are fetched meanwhile. 0 where the process
   * stands still between requests, and a fetch behind an answer with it: a token that needs keys that are due waits then. Default `refreshSeconds`.
   */
  readonly graceSeconds?: number | undefined;
}

/** The keys of one issuer, fetched when they are needed and followed from then on. */
export interface FollowedKeys<T> {
  /**
   * What was made of the last good keys; `undefined` where there are none, or they are too old. Where they are due it has them fetched
   * again, and does not wait.
   */
  latest(): T | undefined;
  /** The same, and `undefined` too where nothing has tried to fetch them since they fell due: a key may have been withdrawn meanwhile. */
  current(): T | undefined;
  /**
   * Waits until there are keys that `current` gives; where none can be fetched, for the last good ones.
   *
   * @throws SignetError `jwks_unavailable`, `jwks_misconfigured`
   */
  ready(): Promise<T>;
  /**
   * For a key that is not among them: fetches them again, unless that was tried just now.
   *
   * @returns what was made of them; `undefined` where nothing new can be had yet
   */
  again(): Promise<T | undefined>;
}

/** However many keys are made up, the issuer is asked no more often. */
export const COOLDOWN_SECONDS = 10;

/**
 * Follows an issuer's keys. There is one fetch at a time; a key that has left the JWKS is gone with the next one; an answer that cannot be
 * used leaves the keys as they are.
 *
 * @param options as `readVerifierOptions` answers them
 * @param use makes of a JWKS what verifies by it; it throws where that cannot be done
 * @param onFailure told of each fetch that brought no keys
 */
export function followKeys<T extends object>(
  issuer: string,
  options: FollowedKeysOptions & Pace,
  use: (jwks: Jwks) => T,
  onFailure?: (error: unknown) => void,
): FollowedKeys<T> {
  const { refreshSeconds = 300, staleSeconds = 3_600, elapsed = () => performance.now() / 1_000 } = options;
  const { graceSeconds = Math.max(refreshSeconds, 1), pauseSeconds = 1 } = options;
  const { last, fetchOnce } = keyFetcher(issuer, options, elapsed, use, onFailure);

  const wasTried = (seconds: number) => !last.running && elapsed() - last.triedAt < seconds;
  const wasAnswered = () => elapsed() - last.answeredAt <= refreshSeconds + graceSeconds;
  const lastGood = () => (elapsed() - last.madeAt <= refreshSeconds + staleSeconds ? last.made : undefined);

  function latest(): T | undefined {
    // What fails here is tried again; the keys that are there are good for a while.
    const isDue =
      graceSeconds &&
      last.made &&
      elapsed() - last.madeAt > refreshSeconds &&
      !wasTried(Math.min(graceSeconds, COOLDOWN_SECONDS));
    if (isDue) fetchOnce().catch(() => undefined);
    return lastGood();
  }

  function current(): T | undefined {
    const found = latest();
    return wasAnswered() ? found : undefined;
  }

  async function renewed(): Promise<T> {
    try {
      const first = await fetchOnce();
      // An answer that was under way while the process stood still is as old as its question.
      return wasAnswered() ? first : await fetchOnce();
    } catch (error) {
      const found = lastGood();
      if (found) return found;
      throw error;
    }
  }

  return {
    latest,
    current,
    async ready() {
      const now = current();
      if (!now && wasTried(pauseSeconds)) {
        const words = "its keys could not be fetched a moment ago; try again";
        throw last.fault ?? unavailable(issuer, words, { retryAfterSeconds: pauseSeconds });
      }
      return now ?? renewed();
    },
    again: async () => (wasTried(COOLDOWN_SECONDS) ? undefined : fetchOnce().catch(passOver)),
  };
}

/** What came of the fetches so far. */
interface Fetches<T> {
  made?: T;
  madeAt: number;
  /** When the last one that has ended began; where they are paced, and it failed, when it ended. */
  triedAt: number;
  /** When one ended last, whatever it brought. */
  answeredAt: number;
  running?: Promise<T> | undefined;
  fault?: SignetError | undefined;
}

function keyFetcher<T extends object>(
  issuer: string,
  options: FollowedKeysOptions & Pace,
  elapsed: () => number,
  use: (jwks: Jwks) => T,
  onFailure?: (error: unknown) => void,
) {
  const { jwksUrl } = options;
  // The operator's own word leads anywhere, and for ever; an issuer's to no address that is more private than its own.
  const told: Place | undefined = jwksUrl === undefined ? undefined : { url: jwksUrl };
  let place = told;
  // No time is less than NaN away.
  const last: Fetches<T> = { madeAt: 0, answeredAt: 0, triedAt: Number.NaN };

  async function load(): Promise<T> {
    const askedAt = elapsed();
    try {
      // What discovery said is asked again after an hour.
      if (!place || askedAt - (place.at as number) > 3_600) place = { ...(await discoverJwks(issuer, options)), at: askedAt };
      const fetched = await fetchJwksUnless(place.url, place.etag, { ...options, ...place });
      if (fetched) {
        last.made = usable(issuer, () => use(fetched.jwks));
        place = { ...place, etag: fetched.etag };
      }
      last.madeAt = last.answeredAt = last.triedAt = askedAt;
      return last.made as T;
    } catch (error) {
      // The keys may have moved: where they are is asked anew.
      place = told;
      last.answeredAt = elapsed();
      // One that took five seconds to fail would be over for good by now, and who comes next would wait as long.
      last.triedAt = options.pauseSeconds ? last.answeredAt : askedAt;
      onFailure?.(error);
      last.fault = isSignetError(error, "jwks_misconfigured") ? error : undefined;
      throw error;
    }
  }

  function fetchOnce(): Promise<T> {
    last.running ??= load().finally(() => {
      last.running = undefined;
    });
    return last.running;
  }

  return { last, fetchOnce };
}

/** Where an issuer's keys are, and since when that is known. */
interface Place extends Partial<DiscoveredJwks> {
  readonly url: string;
  /** Of the last text from there: one of another URL may have the same. */
  readonly etag?: string | null;
  /** Absent where it is not asked again. */
  readonly at?: number;
}

function usable<T>(issuer: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw isSignetError(cause) ? misconfigured(issuer, `its keys cannot be used: ${cause.message}`, { cause }) : cause;
  }
}

function passOver(error: unknown): undefined {
  if (!isSignetError(error)) throw error;
}
