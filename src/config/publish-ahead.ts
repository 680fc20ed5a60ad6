import { SignetError } from "../errors.js";
import type { Config } from "./schema.js";

/** The path of the member. */
export const PUBLISH_AHEAD = "rotation.publishAheadSeconds";

// Whoever read the JWKS just before a key was published may go on with that answer for so long.
const CACHES: readonly [number, string][] = [
  [300, "max-age"],
  [60, "stale-while-revalidate"],
  [3_600, "stale-if-error"],
  [7_200, "the cache of HTTP APIs"],
];

/**
 * Refuses a key that would sign before every verifier can know it.
 *
 * @param where names the file or variable in the message
 * @throws SignetError `config_invalid`, with the sum that is not reached
 */
export function assertPublishAhead({ publishAheadSeconds, clockSkewSeconds }: Config["rotation"], where: string): void {
  const least = CACHES.reduce((sum, [seconds]) => sum + seconds, 0) + 2 * clockSkewSeconds;
  if (publishAheadSeconds >= least) return;
  const sum = CACHES.map(([seconds, name]) => `${seconds} (${name})`).join(" + ");
  throw new SignetError(
    "config_invalid",
    `${where}: ${PUBLISH_AHEAD} is too small; it must be at least ${least}: ${sum} + 2 x ${clockSkewSeconds} (clockSkewSeconds)`,
    { field: PUBLISH_AHEAD },
  );
}
