import type { RotationSettings } from "../../src/rotation/plan/policy.js";

/** What `init` chooses. */
export const SETTINGS: RotationSettings = {
  issuer: "https://issuer.example",
  algorithm: "ES256",
  custody: "file",
  policy: { rotateEverySeconds: 7_776_000, publishAheadSeconds: 86_400, activeKeyMaxAgeSeconds: 3_600, clockSkewSeconds: 300 },
  maxTtlSeconds: 86_400,
  allowsUnlimitedTokens: false,
};
