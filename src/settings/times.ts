/** How long an issuer signs without having confirmed its key, unless it is told otherwise. Apart, since the function that signs knows no policy. */
export const DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS = 3_600;

/** A verifier that read the JWKS just before a key was published may go on with that answer for so long: seconds, and by whose leave. */
export const JWKS_CACHES: readonly (readonly [seconds: number, name: string])[] = [
  [300, "max-age"],
  [60, "stale-while-revalidate"],
  [3_600, "stale-if-error"],
  [7_200, "the cache of HTTP APIs"],
];

/** All of them, one after the other. */
export const SLOWEST_CACHE_SECONDS: number = JWKS_CACHES.reduce((sum, [each]) => sum + each, 0);

/** The shortest time for which a key must be published before it signs, given how far clocks may be apart. */
export function minPublishAheadSeconds(clockSkewSeconds: number): number {
  return SLOWEST_CACHE_SECONDS + 2 * clockSkewSeconds;
}
