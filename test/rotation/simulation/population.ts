import { at, DAY, HOUR, type Timeline } from "./timeline.js";

/** What became of a year's tokens. */
export interface Outcome {
  readonly tokens: number;
  readonly checks: number;
  /** Tokens of no revoked key that a verifier refused. */
  readonly refused: number;
  /** The same, by day. */
  readonly refusedByDay: readonly number[];
  /** Refusals of revoked keys' tokens, as they should be. */
  readonly revokedRefused: number;
}

const SKEWS = [-300, 0, 300];
/** How long verifiers keep the JWKS, in seconds; every second one reads again when a kid is unknown. */
const CACHES = [300, 300, 600, 600, 900, 900, 3_600, 3_600, 7_200, 7_200];
const CHECKS_PER_TOKEN = 4;
const TOKEN_EVERY_SECONDS = 300;
/** What the CDN may serve: max-age and stale-while-revalidate, and for an hour more while the origin fails. */
const CDN_SECONDS = 360;
const STALE_IF_ERROR_SECONDS = HOUR;

/** Lets a population of issuers and verifiers live through a timeline. The same seed gives the same population. */
export function live(timeline: Timeline, seconds: number, seed = 1): Outcome {
  const random = randomFrom(seed);
  // The origin fails for an hour, once a week.
  const outages = Array.from({ length: Math.ceil(seconds / (7 * DAY)) }, (_, week) => week * 7 * DAY + random() * 6 * DAY);
  const refusedByDay = Array.from({ length: Math.ceil(seconds / DAY) + 2 }, () => 0);
  const phases = CACHES.map((cache) => random() * cache);
  let [tokens, checks, refused, revokedRefused] = [0, 0, 0, 0];

  // The JWKS that a verifier gets that asks now.
  function fetched(time: number): ReadonlySet<string> {
    const down = outages.find((start) => start <= time && time < start + STALE_IF_ERROR_SECONDS);
    const age = random() * CDN_SECONDS;
    return at(timeline.published, Math.max(0, (down ?? time) - age))?.kids ?? new Set();
  }

  for (let time = 2 * HOUR; time < seconds; time += TOKEN_EVERY_SECONDS) {
    const key = at(timeline.active, Math.max(0, time - random() * timeline.warmSeconds));
    if (key === undefined) continue;
    // Nothing is asked of tokens of a key that was known to be revoked when they were signed.
    tokens++;
    const expiresAt = time + (SKEWS[Math.floor(random() * 3)] as number) + timeline.ttlSeconds;
    for (let check = 0; check < CHECKS_PER_TOKEN; check++) {
      // Half of the tokens are used at once, the others at any time of their lives, to the last second.
      const when = time + (check % 2 === 0 ? random() * 60 : random() * (timeline.ttlSeconds + 600));
      const index = Math.floor(random() * CACHES.length);
      const cache = CACHES[index] as number;
      if (when + (SKEWS[Math.floor(random() * 3)] as number) > expiresAt) continue;
      checks++;
      const phase = phases[index] as number;
      const readAt = Math.floor((when - phase) / cache) * cache + phase;
      if (fetched(readAt).has(key.kid) || (index % 2 === 1 && fetched(when).has(key.kid))) continue;
      if ((timeline.revoked.get(key.kid) ?? Number.POSITIVE_INFINITY) <= when) {
        revokedRefused++;
        continue;
      }
      refused++;
      const day = Math.floor(when / DAY);
      refusedByDay[day] = (refusedByDay[day] ?? 0) + 1;
    }
  }
  return { tokens, checks, refused, refusedByDay, revokedRefused };
}

// mulberry32: small, and the same everywhere.
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
