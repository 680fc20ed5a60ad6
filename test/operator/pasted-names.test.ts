import { describe, expect, it } from "vitest";
import type { KeyRecord } from "../../src/keyring/key-record.js";
import type { PolicyInForce } from "../../src/keyring/keyring.js";
import { partingWords, staysListed } from "../../src/operator/key-listing.js";
import { awaitsUpload } from "../../src/operator/key-timeline.js";

/** A kid of another issuer's JWKS: printable, and a command to a shell. */
const KID = "k1; touch `id` it's";
const TYPED = "'k1; touch `id` it'\\''s'";
const retired = { state: "retired", origin: "foreign", retiredAt: 1, publicJwk: { kid: KID } } as unknown as KeyRecord;
const policy = { maxTtlSeconds: 60, clockSkewSeconds: 60, activeKeyMaxAgeSeconds: 60 } as unknown as PolicyInForce;

describe("a command that is to be pasted has names that a shell does not obey", () => {
  it.each([
    ["keys expire", staysListed(retired)],
    ["keys revoke", partingWords(KID, retired, policy, 2)],
    ["keys rotate --uploaded", awaitsUpload(KID)],
  ])("%s", (command, words) => {
    expect(words).toContain(`\`signet ${command} ${TYPED}`);
  });
});
