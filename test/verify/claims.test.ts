import { beforeAll, describe, expect, it } from "vitest";
import type { VerifierOptions } from "../../src/verify/verifier.js";
import { AUDIENCE, answerOf, goodClaims, ISSUER, NOW, type TestKey, testKey, verifierFor } from "./tokens.js";

let key: TestKey;
beforeAll(async () => {
  key = await testKey("EdDSA");
});

const answer = (claims: object | string, options: Partial<VerifierOptions> = {}): string =>
  answerOf(verifierFor([key], options), typeof claims === "string" ? key.token(key.header, claims) : key.good(claims));

/** A payload in which one claim has a value that JSON.stringify would not write. */
const raw = (name: string, json: string): string =>
  `{"iss":"${ISSUER}","aud":"${AUDIENCE}","exp":${name === "exp" ? json : NOW + 60}${name === "exp" ? "" : `,"${name}":${json}`}}`;

describe("times", () => {
  it.each([
    ["a token up to its expiry and the skew", { exp: NOW - 59 }, "accepted"],
    ["one that expired a skew ago", { exp: NOW - 60 }, "token_expired"],
    ["one that expired a fraction less than a skew ago", { exp: NOW - 59.5 }, "accepted"],
    ["one that never was valid", { exp: 0 }, "token_expired"],
    ["one from before time", { exp: -1e300 }, "token_expired"],
    ["one for ever", { exp: 1e300 }, "accepted"],
    ["one without expiry", { exp: undefined }, "token_expiration_missing"],
    ["one that begins within the skew", { nbf: NOW + 60 }, "accepted"],
    ["one that begins after the skew", { nbf: NOW + 61 }, "token_not_yet_valid"],
    ["one that begins a fraction after the skew", { nbf: NOW + 60.25 }, "token_not_yet_valid"],
    ["one that was issued within the skew", { iat: NOW + 60 }, "accepted"],
    ["one that was issued in the future", { iat: NOW + 61 }, "token_issued_in_future"],
    ["one that says nothing of its beginning", { iat: undefined, nbf: undefined }, "accepted"],
  ])("judge %s", (_, claims, expected) => {
    expect(answer(claims)).toBe(expected);
  });

  it("allow no skew where none is allowed", () => {
    expect(answer({ exp: NOW + 1 }, { clockSkewSeconds: 0 })).toBe("accepted");
    expect(answer({ exp: NOW }, { clockSkewSeconds: 0 })).toBe("token_expired");
    expect(answer({ nbf: NOW + 1 }, { clockSkewSeconds: 0 })).toBe("token_not_yet_valid");
  });

  it("let a token without end pass where that is said aloud, and judge an end that is there", () => {
    expect(answer({ exp: undefined }, { requireExpiration: false })).toBe("accepted");
    expect(answer({ exp: NOW - 600 }, { requireExpiration: false })).toBe("token_expired");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, "1800000000", undefined])(
    "are not judged by a clock that says %s",
    (now) => {
      expect(answer({}, { clock: () => now as number })).toBe("clock_untrusted");
      expect(answer({ exp: undefined }, { clock: () => now as number, requireExpiration: false })).toBe("clock_untrusted");
    },
  );

  it("are judged by the machine's clock where no other is given", () => {
    const now = Math.floor(Date.now() / 1_000);
    const options = { clock: undefined };
    expect(answer({ iat: now, nbf: now, exp: now + 30 }, options)).toBe("accepted");
    expect(answer({ iat: now - 900, nbf: now - 900, exp: now - 300 }, options)).toBe("token_expired");
  });
});

describe("issuer and audience", () => {
  it.each([
    ["another issuer", { iss: "https://other.example" }, {}, "token_issuer_refused"],
    ["the issuer with a slash more", { iss: `${ISSUER}/` }, {}, "token_issuer_refused"],
    ["the issuer in capitals", { iss: ISSUER.toUpperCase() }, {}, "token_issuer_refused"],
    ["no issuer", { iss: undefined }, {}, "token_issuer_refused"],
    ["one of several issuers", {}, { issuer: ["https://other.example", ISSUER] }, "accepted"],
    ["any issuer where it is waived", { iss: "x" }, { issuer: null }, "accepted"],
    ["no issuer where it is waived", { iss: undefined }, { issuer: null }, "accepted"],
    ["another audience", { aud: "apis" }, {}, "token_audience_refused"],
    ["no audience", { aud: undefined }, {}, "token_audience_refused"],
    ["an empty list of audiences", { aud: [] }, {}, "token_audience_refused"],
    ["a list with the audience", { aud: ["web", AUDIENCE] }, {}, "accepted"],
    ["a list without the audience", { aud: ["web", "app"] }, {}, "token_audience_refused"],
    ["one of several audiences", { aud: "web" }, { audience: ["web", AUDIENCE] }, "accepted"],
    ["any audience where it is waived", { aud: "x" }, { audience: null }, "accepted"],
    ["no audience where it is waived", { aud: undefined }, { audience: null }, "accepted"],
  ] as const)("judge %s", (_, claims, options, expected) => {
    expect(answer(claims, options)).toBe(expected);
  });
});

describe("claims", () => {
  const wrong = [
    ...["exp", "nbf", "iat"].flatMap((name) =>
      ['"1900000000"', "null", "true", "[]", "{}", "1e999", "-1e999"].map((json) => [name, json]),
    ),
    ...["iss", "sub", "jti"].flatMap((name) => ["1", "null", "true", '["a"]', "{}"].map((json) => [name, json])),
    ...["1", "null", "true", "{}", "[1]", '["api",null]', '[["api"]]'].map((json) => ["aud", json]),
  ] as [string, string][];
  it.each(wrong.filter(([name]) => name !== "iss" && name !== "aud"))("of the wrong type are refused: %s %s", (name, json) => {
    expect(answer(raw(name, json))).toBe("token_claims_malformed");
  });

  it.each(wrong.filter(([name]) => name === "iss" || name === "aud"))(
    "of the wrong type are refused even where they are waived: %s %s",
    (name, json) => {
      expect(answer(`{"exp":${NOW + 60},"${name}":${json}}`, { issuer: null, audience: null })).toBe("token_claims_malformed");
    },
  );

  it.each([
    ["a list", "[]"],
    ["a text", '"claims"'],
    ["null", "null"],
    ["a number", "1"],
    ["no JSON", "{"],
    ["two objects", "{}{}"],
    ["nothing but a space", " "],
    ["a byte order mark before it", `\ufeff${JSON.stringify(goodClaims)}`],
    ["a comment", `${JSON.stringify(goodClaims)}//`],
    ["a member twice", JSON.stringify(goodClaims).replace("{", '{"sub":"mallory",')],
    ["a member twice, once escaped", JSON.stringify(goodClaims).replace("{", '{"\\u0073ub":"mallory",')],
    ["a member twice, deep inside", JSON.stringify({ ...goodClaims, deep: [{ a: "?" }] }).replace('"?"', '1,"a":2')],
  ])("that are %s are refused, though they were signed", (_, payload) => {
    expect(answer(payload)).toBe("token_malformed");
  });

  it("that are no UTF-8 are refused, though they were signed", () => {
    const bytes = Buffer.from(JSON.stringify(goodClaims));
    bytes[bytes.indexOf("alice")] = 0xff;
    expect(answerOf(verifierFor([key]), key.token(key.header, bytes))).toBe("token_malformed");
  });

  it("with white space are read, as RFC 7515's own example has it", () => {
    expect(answer(JSON.stringify(goodClaims, null, "\r\n "))).toBe("accepted");
  });

  it("come back as they were signed, and belong to the caller alone", () => {
    const verifier = verifierFor([key]);
    const token = key.good({ "": 0, __proto: 1, deep: { list: [1, { a: null }] }, text: "\u2028\ud83d\ude00" });
    const { header, claims } = verifier.verify(token);
    expect(header).toStrictEqual(key.header);
    expect(claims).toStrictEqual(JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString()));
    (claims as { sub?: string }).sub = "mallory";
    expect(verifier.verify(token).claims.sub).toBe("alice");
    expect(() => Object.assign(header, { alg: "none" })).toThrow(TypeError);
    expect(() => Object.assign(verifier.verify(token), { claims: {} })).toThrow(TypeError);
  });

  it("named __proto__ stay what they are: a member", () => {
    const payload = JSON.stringify(goodClaims).replace("{", '{"__proto__":{"admin":true},');
    const { claims } = verifierFor([key]).verify(key.token(key.header, payload));
    expect(claims.admin).toBeUndefined();
    expect(Object.keys(claims)).toContain("__proto__");
  });

  it("named __proto__ lend no exp, iss or aud", () => {
    const payload = `{"__proto__":${JSON.stringify(goodClaims)}}`;
    expect(answer(payload)).toBe("token_issuer_refused");
    expect(answer(payload, { issuer: null, audience: null })).toBe("token_expiration_missing");
  });

  it("are judged only after the signature: no claim of a forged token is told", () => {
    const expired = key.good({ exp: 1, iss: "x", aud: 7 });
    const forged = `${expired.slice(0, expired.lastIndexOf("."))}.${"A".repeat(86)}`;
    expect(answerOf(verifierFor([key]), forged)).toBe("token_signature_invalid");
  });
});
