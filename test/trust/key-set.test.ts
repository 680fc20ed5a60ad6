import { describe, expect, it } from "vitest";
import { createKeySet } from "../../src/trust/key-set.js";
import { readUnverified } from "../../src/trust/verify-by-ways.js";
import { jwksOf, keyOf, NOW, proofBy } from "./fixture.js";

const setOf = (...keys: readonly unknown[]) => createKeySet({ keys }, "sig", () => NOW);
/** An RSA key of so many bytes. */
const rsa = (bytes: number, more: object = {}) => ({
  kty: "RSA",
  n: Buffer.alloc(bytes, 0xff).toString("base64url"),
  e: "AQAB",
  kid: "r",
  ...more,
});

describe("the keys of an issuer", () => {
  it("have no RSA key of more than 4,096 bits, and no more than 100 keys", () => {
    expect(() => setOf(rsa(512)).verifierFor(undefined)).not.toThrow();
    expect(() => setOf(rsa(513)).verifierFor(undefined)).toThrow(/no key that verifies/);
    expect(() => setOf(rsa(100_000)).verifierFor(undefined)).toThrow(/no key that verifies/);
    expect(() => setOf(...Array(101).fill(rsa(512)))).toThrow(/101 keys; at most 100/);
  });

  it("sign by RS256 where an RSA key names no alg, and by what the rule says where it says something", async () => {
    const key = await keyOf("RS256");
    const bare = jwksOf(key).keys.map(({ alg: _, ...jwk }) => jwk);
    expect(setOf(...bare).verifierFor(undefined)(readUnverified(proofBy(key))).header.alg).toBe("RS256");
    const verify = () => setOf(...bare).verifierFor(["PS256"])(readUnverified(proofBy(key)));
    expect(verify).toThrow(expect.objectContaining({ code: "token_algorithm_refused" }));
  });

  it("are those for signatures, whatever stands beside them", () => {
    const others = [null, 7, [], {}, rsa(512, { use: "enc" }), rsa(512, { use: "jwt-svid" }), { kty: "oct", k: "AA" }];
    expect(() => setOf(...others).verifierFor(undefined)).toThrow(/no key that verifies/);
  });
});
