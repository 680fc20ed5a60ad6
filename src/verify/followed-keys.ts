import { isSignetError, SignetError, shortened } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";
import { type DiscoveredJwks, discoverJwks, type FetchBounds, type FetchedJwks, fetchJwksUnless } from "./fetch-jwks.js";

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
  /** Waits until there are keys. @throws SignetError `jwks_unavailable` */
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
/** What discovery said is asked again after so long. */
const DISCOVERY_SECONDS = 3_600;

const DEFAULT_REFRESH_SECONDS = 300;
const DEFAULT_STALE_SECONDS = 3_600;

/**
 * Follows an issuer's keys. There is one fetch at a time; a key that has left the JWKS is gone with the next one; an answer that cannot be
 * used leaves the keys as they are.
 *
 * @param use makes of a JWKS what verifies by it; it throws where that cannot be done
 * @throws SignetError `config_invalid`
 */
export function followKeys<T>(issuer: string, options: FollowedKeysOptions, use: (jwks: Jwks) => T): FollowedKeys<T> {
  const refreshSeconds = secondsOf(options.refreshSeconds ?? DEFAULT_REFRESH_SECONDS, "refreshSeconds");
  const staleSeconds = secondsOf(options.staleSeconds ?? DEFAULT_STALE_SECONDS, "staleSeconds");
  const elapsed = options.elapsed ?? (() => performance.now() / 1_000);
  const locator = locatorOf(issuer, options, elapsed);
  let good: { readonly made: T; readonly etag: string | undefined; readonly at: number } | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<T> | undefined;

  async function load(): Promise<T> {
    const at = elapsed();
    triedAt = at;
    try {
      const { url, issuersReach } = await locator.find();
      const fetched: FetchedJwks | undefined = await fetchJwksUnless(url, good?.etag, { ...options, issuersReach });
      if (fetched !== undefined) good = { made: madeOf(issuer, () => use(fetched.jwks)), etag: fetched.etag, at };
      else if (good !== undefined) good = { ...good, at };
      return (good as { made: T }).made;
    } catch (error) {
      // The keys may have moved: where they are is asked anew.
      locator.forget();
      throw error;
    }
  }

  function loadOnce(): Promise<T> {
    running ??= load().finally(() => {
      running = undefined;
    });
    return running;
  }

  function current(): T | undefined {
    if (good === undefined) return undefined;
    const age = elapsed() - good.at;
    if (age > refreshSeconds && running === undefined && elapsed() - triedAt >= COOLDOWN_SECONDS) {
      // What fails here is tried again; the keys that are there are good for a while.
      loadOnce().catch(() => undefined);
    }
    return age <= refreshSeconds + staleSeconds ? good.made : undefined;
  }

  return Object.freeze({
    current,
    async ready() {
      const now = current();
      if (now !== undefined) return now;
      if (running === undefined && elapsed() - triedAt < 1) throw notYet(issuer);
      return loadOnce();
    },
    async again() {
      if (running === undefined && elapsed() - triedAt < COOLDOWN_SECONDS) return undefined;
      try {
        return await loadOnce();
      } catch (error) {
        if (isSignetError(error)) return undefined;
        throw error;
      }
    },
  });
}

function locatorOf(issuer: string, options: FollowedKeysOptions, elapsed: () => number) {
  let found: (DiscoveredJwks & { readonly at: number }) | undefined;
  return {
    /** The operator's own word leads anywhere; an issuer's to no address that is more private than its own. */
    async find(): Promise<Partial<DiscoveredJwks> & { readonly url: string }> {
      if (options.jwksUrl !== undefined) return { url: options.jwksUrl };
      if (found === undefined || elapsed() - found.at > DISCOVERY_SECONDS) {
        found = { ...(await discoverJwks(issuer, options)), at: elapsed() };
      }
      return found;
    },
    forget() {
      found = undefined;
    },
  };
}

function madeOf<T>(issuer: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!isSignetError(error)) throw error;
    throw new SignetError("jwks_unavailable", `${shortened(issuer)}: its keys cannot be used: ${error.message}`, {
      cause: error,
    });
  }
}

function secondsOf(seconds: number, field: string): number {
  if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds;
  throw new SignetError("config_invalid", `${field} must be a whole number of seconds`, { field });
}

function notYet(issuer: string): SignetError {
  return new SignetError("jwks_unavailable", `${shortened(issuer)}: its keys could not be fetched a moment ago; try again`, {
    retryAfterSeconds: 1,
  });
}
