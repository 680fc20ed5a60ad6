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

/** The keys of one issuer, fetched when they are needed and followed from then on. */
export interface FollowedKeys<T> {
  /**
   * What was made of the last good keys; `undefined` where there are none, or they are too old. Where they are due it has them fetched
   * again, and does not wait.
   */
  current(): T | undefined;
  /** Waits until there are keys. @throws SignetError `jwks_unavailable`, `jwks_misconfigured` */
  ready(): Promise<T>;
  /**
   * For a key that is not among them: fetches them again, unless that was tried just now.
   *
   * @returns what was made of them; `undefined` where nothing new can be had yet
   */
  again(): Promise<T | undefined>;
}

/** However many keys are made up, the issuer is asked no more often. */
const COOLDOWN_SECONDS = 10;

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
  options: FollowedKeysOptions,
  use: (jwks: Jwks) => T,
  onFailure?: (error: unknown) => void,
): FollowedKeys<T> {
  const { jwksUrl, refreshSeconds = 300, staleSeconds = 3_600, elapsed = () => performance.now() / 1_000 } = options;
  // The operator's own word leads anywhere, and for ever; an issuer's to no address that is more private than its own.
  const told: Place | undefined = jwksUrl === undefined ? undefined : { url: jwksUrl };
  let place = told;
  let made: T | undefined;
  let madeAt = 0;
  // No time is less than this away.
  let triedAt = Number.NaN;
  let running: Promise<T> | undefined;
  let fault: SignetError | undefined;

  async function load(): Promise<T> {
    triedAt = elapsed();
    try {
      // What discovery said is asked again after an hour.
      if (!place || triedAt - (place.at as number) > 3_600) place = { ...(await discoverJwks(issuer, options)), at: triedAt };
      const fetched = await fetchJwksUnless(place.url, place.etag, { ...options, ...place });
      if (fetched) {
        made = usable(issuer, () => use(fetched.jwks));
        place = { ...place, etag: fetched.etag };
      }
      madeAt = triedAt;
      return made as T;
    } catch (error) {
      // The keys may have moved: where they are is asked anew.
      place = told;
      onFailure?.(error);
      fault = isSignetError(error, "jwks_misconfigured") ? error : undefined;
      throw error;
    }
  }

  function loadOnce(): Promise<T> {
    running ??= load().finally(() => {
      running = undefined;
    });
    return running;
  }

  const wasTried = (seconds: number) => !running && elapsed() - triedAt < seconds;

  function current(): T | undefined {
    const age = elapsed() - madeAt;
    // What fails here is tried again; the keys that are there are good for a while.
    if (made && age > refreshSeconds && !wasTried(COOLDOWN_SECONDS)) loadOnce().catch(() => undefined);
    return age <= refreshSeconds + staleSeconds ? made : undefined;
  }

  return {
    current,
    async ready() {
      const now = current();
      if (!now && wasTried(1)) {
        throw fault ?? unavailable(issuer, "its keys could not be fetched a moment ago; try again", { retryAfterSeconds: 1 });
      }
      return now ?? loadOnce();
    },
    again: async () => (wasTried(COOLDOWN_SECONDS) ? undefined : loadOnce().catch(passOver)),
  };
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
