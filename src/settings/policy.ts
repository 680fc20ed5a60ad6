import { about } from "./about.js";
import { defaultsOf, type Shape, seconds, type Values } from "./shape.js";

/** When keys move, described once: see shape.ts. */
export const POLICY_MEMBERS = {
  rotateEverySeconds: {
    ...seconds(0),
    default: 7_776_000,
    ...about("Age at which an active key is succeeded; 0 means by hand.", 2_592_000, { variable: "SIGNET_ROTATE_EVERY_SECONDS" }),
  },
  publishAheadSeconds: {
    ...seconds(1),
    default: 86_400,
    ...about("How long a key is published before it signs.", 172_800, { variable: "SIGNET_PUBLISH_AHEAD_SECONDS" }),
  },
  activeKeyMaxAgeSeconds: {
    ...seconds(60),
    default: 3_600,
    ...about("How long an issuer signs without having confirmed its key.", 1_800),
  },
  clockSkewSeconds: { ...seconds(0, 3_600), default: 300, ...about("How far apart two clocks may be.", 60) },
} as const satisfies Shape;

/** When keys move. */
export type Policy = Values<typeof POLICY_MEMBERS>;

/** The policy of an installation for which none was given. */
export const DEFAULT_POLICY: Policy = defaultsOf(POLICY_MEMBERS);

/** Whoever read the JWKS just before a key was published may go on with that answer for so long: seconds, and by whose leave. */
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
