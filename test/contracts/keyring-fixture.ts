import type { KeyRecord } from "../../src/keyring/key-record.js";
import type { Keyring } from "../../src/keyring/keyring.js";

/** A keyring of the given records under the default policy. */
export function keyringFor(keys: readonly KeyRecord[]): Keyring {
  return {
    version: 1,
    issuer: "https://issuer.example",
    policy: {
      version: 1,
      rotateEverySeconds: 7_776_000,
      publishAheadSeconds: 86_400,
      activeKeyMaxAgeSeconds: 3_600,
      clockSkewSeconds: 300,
      maxTtlSeconds: 86_400,
      allowsUnlimitedTokens: false,
      algorithm: "ES256",
      custody: "file",
    },
    lease: null,
    leases: 0,
    lastSequence: 0,
    confirmedSequence: 0,
    activation: null,
    allocations: [],
    rotationRequest: null,
    sweptAt: null,
    audit: { count: 0, head: "", entry: "" },
    keys,
  };
}
