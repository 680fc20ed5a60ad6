import { about } from "./about.js";
import { defaultsOf, type Shape, seconds, type Values } from "./shape.js";
import { DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS } from "./times.js";

/** When keys move, described once: see shape.ts. */
export const POLICY_MEMBERS = {
  rotateEverySeconds: {
    ...seconds(0),
    default: 7_776_000,
    ...about("Age at which an active key is succeeded; 0 means by hand.", 2_592_000, { variable: "SIGNET_ROTATE_EVERY_SECONDS" }),
  },
  byUpload: {
    type: "boolean",
    title: "true or false",
    ...about(
      "True where verifiers have keys that are uploaded to them: a key is made and let sign by your word alone, `signet keys rotate --uploaded KID`.",
      true,
      { fallback: "false" },
    ),
  },
  publishAheadSeconds: {
    ...seconds(1),
    default: 86_400,
    ...about("How long a key is published before it signs.", 172_800, { variable: "SIGNET_PUBLISH_AHEAD_SECONDS" }),
  },
  activeKeyMaxAgeSeconds: {
    ...seconds(60),
    default: DEFAULT_ACTIVE_KEY_MAX_AGE_SECONDS,
    ...about("How long an issuer signs without having confirmed its key.", 1_800),
  },
  clockSkewSeconds: { ...seconds(0, 3_600), default: 300, ...about("How far apart two clocks may be.", 60) },
} as const satisfies Shape;

/** When keys move. */
export type Policy = Values<typeof POLICY_MEMBERS>;

/** The policy of an installation for which none was given. */
export const DEFAULT_POLICY: Policy = defaultsOf(POLICY_MEMBERS);
