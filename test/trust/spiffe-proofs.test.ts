import { beforeAll, describe, expect, it } from "vitest";
import type { TrustRule } from "../../src/settings/trusts.js";
import type { TestKey } from "../verify/tokens.js";
import { answerTo, jwksOf, keyOf, NOW, proofsOf, US } from "./fixture.js";

const DOMAIN = "spiffe://example.org";
const ID = `${DOMAIN}/ns/prod/sa/api`;
const keys: TestKey[] = [];
let rule: TrustRule;
beforeAll(async () => {
  for (const kid of ["one", "two", "three"]) keys.push(await keyOf("ES256", kid));
  // A bundle has the keys of certificates as well, and names no alg (SPIFFE Trust Domain and Bundle, section 4).
  const bundle = jwksOf(...keys).keys.map(({ alg: _, ...jwk }, index) => ({ ...jwk, use: index < 2 ? "jwt-svid" : "x509-svid" }));
  rule = { preset: "spiffe", jwks: { keys: bundle }, claims: { sub: ID }, maxAgeSeconds: 3_600 };
});

/** A JWT-SVID of a key of the bundle. */
function svid(index: number, claims: object = {}, header: object = {}): string {
  const key = keys[index] as TestKey;
  return key.token(
    { alg: "ES256", kid: key.header.kid, ...header },
    { sub: ID, aud: [US], iat: NOW - 10, exp: NOW + 290, ...claims },
  );
}

describe("a JWT-SVID", () => {
  it.each<[string, () => string]>([
    ["without iss and typ", () => svid(0)],
    ["of another key of the bundle", () => svid(1)],
    ["with any iss", () => svid(0, { iss: "https://spire.example" })],
    ["of the type JWT", () => svid(0, {}, { typ: "JWT" })],
    ["of the type JOSE", () => svid(0, {}, { typ: "JOSE" })],
    ["without kid", () => svid(0, {}, { kid: undefined })],
    ["without kid, of another key", () => svid(1, {}, { kid: undefined })],
    ["with an audience that is no list", () => svid(0, { aud: US })],
  ])("%s proves its caller", async (_what, token) => {
    expect(await answerTo(proofsOf({ api: { trusts: [rule] } }), token())).toBe("api trusts.0");
  });

  it.each<[string, () => string]>([
    ["of a key that is for certificates", () => svid(2)],
    ["of a key that is for certificates, without kid", () => svid(2, {}, { kid: undefined })],
    ["of another trust domain", () => svid(0, { sub: "spiffe://example.org.evil.example/ns/prod/sa/api" })],
    ["of the trust domain itself", () => svid(0, { sub: DOMAIN })],
    ["of another workload", () => svid(0, { sub: `${ID}x` })],
    ["whose iss is the trust domain, and its sub is not of it", () => svid(0, { iss: DOMAIN, sub: "api" })],
    ["of the type of an access token", () => svid(0, {}, { typ: "at+jwt" })],
    ["for a second audience", () => svid(0, { aud: [US, "other"] })],
  ])("%s proves none", async (_what, token) => {
    expect(await answerTo(proofsOf({ api: { trusts: [rule] } }), token())).toBe("proof_refused");
  });

  it("of one trust domain proves no caller of another one", async () => {
    const other = { ...rule, claims: { sub: "spiffe://other.example/x" } };
    const proofs = proofsOf({
      api: { trusts: [rule] },
      other: { trusts: [{ ...other, jwks: { keys: [{ ...jwksOf(keys[2] as TestKey).keys[0], use: "jwt-svid" }] } }] },
    });
    expect(await answerTo(proofs, svid(2, { sub: "spiffe://other.example/x" }))).toBe("other trusts.0");
    expect(await answerTo(proofs, svid(0, { sub: "spiffe://other.example/x" }))).toBe("proof_refused");
    expect(await answerTo(proofs, svid(2))).toBe("proof_refused");
  });
});
