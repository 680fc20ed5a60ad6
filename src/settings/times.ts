/** How long an issuer signs without having confirmed its key, unless it is told otherwise. Apart, since the function that signs knows no policy. */
export const DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS = 3_600;

type Cache = readonly [seconds: number, name: string];

/** For how long a public document may be kept, as its header says it (RFC 9111, RFC 5861). */
export const OWN_CACHES: readonly Cache[] = [
  [300, "max-age"],
  [60, "stale-while-revalidate"],
  [3_600, "stale-if-error"],
];

/** A verifier that read the JWKS just before a key was published may go on with that answer for so long: seconds, and by whose leave. */
export const JWKS_CACHES: readonly Cache[] = [...OWN_CACHES, [7_200, "the cache of HTTP APIs"]];

/** All of them, one after the other. */
export const SLOWEST_CACHE_SECONDS: number = JWKS_CACHES.reduce((sum, [each]) => sum + each, 0);

/** The shortest time for which a key must be published before it signs, given how far clocks may be apart. */
export function minPublishAheadSeconds(clockSkewSeconds: number): number {
  return SLOWEST_CACHE_SECONDS + 2 * clockSkewSeconds;
}
