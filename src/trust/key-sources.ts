import { COOLDOWN_SECONDS, type FollowedKeys, followKeys, type Pace } from "../verify/followed-keys.js";
import type { JudgedFetch } from "../verify/judged-by-text.js";
import { createKeySet, type KeyList, type KeySet, type KeyUse } from "./key-set.js";
import { createPassedTime } from "./passed-time.js";
import { type FetchSurroundings, type Reaching, ruleFetch } from "./rule-fetch.js";

/** Where the keys are that a rule believes. */
export interface KeySource extends Reaching {
  /** Whose they are: for messages, and for discovery. */
  readonly issuer: string;
  readonly jwksUrl?: string | undefined;
  readonly jwks?: Readonly<Record<string, unknown>> | undefined;
  readonly use: KeyUse;
  /** The keys of the very issuer that looks them up: no network leads there. */
  readonly isOwn?: boolean | undefined;
}

/** Keys by their sources. They outlive an edit of the config, and no two issuers share any. */
export interface KeySources {
  /** The keys of sources that are in use from now on. Those of others are forgotten; they are what they were for who holds them. */
  inUse(sources: readonly KeySource[]): ReadonlyMap<KeySource, FollowedKeys<KeySet>>;
}

/** What key sources are made of. */
export interface KeySourcesOptions extends FetchSurroundings, Pick<Pace, "graceSeconds"> {
  /** The present as NumericDate. */
  readonly clock: () => number;
  /** Seconds on a clock that never goes back. */
  readonly elapsed?: (() => number) | undefined;
  /** What answers the issuer's own JWKS. */
  readonly ownJwks?: (() => Promise<KeyList | undefined>) | undefined;
  /** Told of each fetch of another issuer's keys that brought none. */
  readonly onFailure?: ((issuer: string, error: unknown) => void) | undefined;
}

/** After so many seconds the keys of another issuer are fetched again, when a proof needs them. */
const KEYS_REFRESH_SECONDS = 300;
/**
 * For so many seconds more the last good ones are used while none can be fetched: a key that its issuer has withdrawn proves callers no
 * longer than both together.
 */
const KEYS_STALE_SECONDS = 3_600;
const FETCH_TIMEOUT_MS = 5_000;
const MAX_JWKS_BYTES = 153_600;

/** Keeps the keys of sources. Nothing is fetched before a proof needs it. */
export function createKeySources(given: KeySourcesOptions): KeySources {
  const options = { ...given, elapsed: given.elapsed ?? createPassedTime() };
  let kept = new Map<string, FollowedKeys<KeySet>>();
  return Object.freeze({
    inUse(sources: readonly KeySource[]) {
      const next = new Map<string, FollowedKeys<KeySet>>();
      const found = new Map<KeySource, FollowedKeys<KeySet>>();
      for (const source of sources) {
        const name = nameOf(source);
        const keys = next.get(name) ?? kept.get(name) ?? keysOf(source, options);
        next.set(name, keys);
        found.set(source, keys);
      }
      kept = next;
      return found;
    },
  });
}

// Whatever decides which keys come: two rules that differ in the way to the same URL may be answered by two servers.
function nameOf({ issuer, jwksUrl, jwks, use, isOwn, privateNetwork, caFile, proxy }: KeySource): string {
  return JSON.stringify([issuer, jwksUrl, jwks, use, isOwn, privateNetwork, caFile, proxy].map((each) => each ?? null));
}

function keysOf(source: KeySource, options: KeySourcesOptions): FollowedKeys<KeySet> {
  const { issuer, jwksUrl, jwks, use, isOwn = false } = source;
  const make = (keys: KeyList) => createKeySet(keys, use, options.clock);
  if (jwks !== undefined) return pasted(make(jwks as unknown as KeyList));
  const judged = isOwn ? ownFetch(options) : ruleFetch(source, options);
  const bounds = { timeoutMs: FETCH_TIMEOUT_MS, maxBytes: MAX_JWKS_BYTES };
  const [refreshSeconds, pauseSeconds] = isOwn ? [1, 1] : [KEYS_REFRESH_SECONDS, COOLDOWN_SECONDS];
  const times = { refreshSeconds, pauseSeconds, staleSeconds: KEYS_STALE_SECONDS };
  const onFailure = (error: unknown) => options.onFailure?.(issuer, error);
  return followKeys(issuer, { ...options, ...bounds, ...times, judged, jwksUrl: isOwn ? OWN_URL : jwksUrl }, make, onFailure);
}

function pasted(keys: KeySet): FollowedKeys<KeySet> {
  return Object.freeze({ latest: () => keys, current: () => keys, ready: async () => keys, again: async () => undefined });
}

/** Stands for a URL of the issuer's own keys, which are read where they are published from. */
const OWN_URL = "https://own.invalid/jwks.json";

function ownFetch({ ownJwks }: KeySourcesOptions): JudgedFetch {
  return async () => {
    const jwks = await ownJwks?.();
    return { answer: jwks === undefined ? new Response(null, { status: 503 }) : Response.json(jwks), reach: "public" };
  };
}
