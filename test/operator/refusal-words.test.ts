import { describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { endInWords, refusalInWords } from "../../src/operator/refusal-words.js";

const NOW = 1_900_000_000;
const EC_KEY = { kty: "EC", crv: "P-256" };
const RSA_KEY = { kty: "RSA", kid: "b", alg: "RS256" };
const KEYS = [{ ...EC_KEY, kid: "a" }, RSA_KEY, { kty: "RSA", kid: "c", use: "enc" }];
const TERMS = { keys: { keys: KEYS }, issuer: "https://issuer.example", audience: "my-api", clockSkewSeconds: 60 };
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokenOf = (claims: object) => `${encoded({ alg: "ES256" })}.${encoded(claims)}.AA`;

describe("when a good token ends", () => {
  it.each([
    [{}, "has no end"],
    [{ exp: NOW + 600 }, "expires in 10 minutes"],
    [{ exp: NOW - 29 }, "expired 29 s ago, within the 60 s allowed for clocks"],
    [{ exp: NOW }, "expired 0 s ago, within the 60 s allowed for clocks"],
    [{ exp: NOW + 600, nbf: NOW + 30 }, "expires in 10 minutes; its nbf is 30 s from now, within the 60 s allowed for clocks"],
    [{ iat: NOW + 1, nbf: NOW }, "has no end; its iat is 1 s from now, within the 60 s allowed for clocks"],
  ])("%j is said as: %s", (claims, words) => {
    expect(endInWords(claims, NOW, 60)).toBe(words);
  });
});

describe("why a token was refused", () => {
  const words = (code: SignetError["code"], claims: object, more = {}) =>
    refusalInWords(new SignetError(code, "no"), tokenOf(claims), NOW, { ...TERMS, ...more });

  it.each([
    ["token_expired", { exp: NOW - 75 }, "no: 75 s ago, and 60 s are allowed for clocks (--clock-skew)"],
    ["token_expired", { exp: NOW - 7_200 }, "no: 2 hours ago, and 60 s are allowed for clocks (--clock-skew)"],
    ["token_not_yet_valid", { nbf: NOW + 90 }, "no: 90 s from now, and 60 s are allowed for clocks (--clock-skew)"],
    ["token_issued_in_future", { iat: NOW + 90 }, "no: 90 s from now, and 60 s are allowed (--clock-skew)"],
    ["token_issuer_refused", {}, "no (accepted: https://issuer.example)"],
    ["token_audience_refused", {}, "no (accepted: my-api)"],
    ["token_type_refused", {}, "no (accepted: JWT, or none; --types names others)"],
    ["token_expiration_missing", {}, "no (--no-require-expiration accepts it)"],
    ["token_signature_invalid", {}, "no"],
  ] as const)("%s with %j says what was expected", (code, claims, told) => {
    expect(words(code, claims)).toBe(told);
  });

  it.each([
    ["token_audience_refused", "client_id", { audience: null, clientIds: ["a", "b"] }, "no (accepted: a, b)"],
    [
      "token_audience_refused",
      "aud",
      { audience: null, clientIds: ["a"] },
      "no (accepted: none, beside --client-ids: --audience names one)",
    ],
    ["token_type_refused", "", { types: ["at+jwt", "JWT"] }, "no (accepted: at+jwt, JWT; --types names others)"],
    ["token_claim_refused", "token_use", { claims: { token_use: "access" } }, 'no (token_use must be "access")'],
    ["token_claim_missing", "tid", { claims: { tid: ["a", 7] } }, 'no (tid must be "a" or 7)'],
    ["token_scope_missing", "scope", { scopes: ["read", "write"] }, "no (asked for: read write)"],
    ["token_algorithm_refused", "", { algorithms: ["RS256"] }, "no (accepted: RS256)"],
    ["token_algorithm_refused", "", {}, "no (accepted: ES256, RS256)"],
    ["token_algorithm_refused", "", { keys: { keys: [EC_KEY, RSA_KEY] } }, "no (accepted: ES256)"],
    ["token_key_unknown", "", {}, "no (published: a, b)"],
    ["token_key_unknown", "", { algorithms: ["RS256"] }, "no, for RS256 (published: a, b)"],
    ["token_key_unknown", "", { keys: { keys: [EC_KEY] } }, "no (published: keys without a name)"],
    [
      "token_key_unknown",
      "",
      { keys: { keys: Array.from({ length: 7 }, (_, n) => ({ ...EC_KEY, kid: `k${n}` })) } },
      "no (published: k0, k1, k2, k3, k4 and 2 more)",
    ],
    ["token_header_refused", "jku", {}, "no unless --ignored-headers jku passes over it"],
    ["token_header_refused", "crit", {}, "no"],
  ] as const)("%s of %s with %j says so as well", (code, field, more, told) => {
    expect(refusalInWords(new SignetError(code, "no", { field }), tokenOf({}), NOW, { ...TERMS, ...more })).toBe(told);
  });

  it("offers no more skew than there is, and reads nothing into what is no token", () => {
    expect(words("token_expired", { exp: NOW - 700 }, { clockSkewSeconds: 600 })).not.toContain("--clock-skew");
    expect(refusalInWords(new SignetError("token_expired", "no"), "x", NOW, TERMS)).toBe("no");
  });
});
