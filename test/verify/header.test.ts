import { beforeAll, describe, expect, it } from "vitest";
import { createIssuer } from "../../src/issue/issuer.js";
import { answerOf, goodClaims, ISSUER, NOW, part, type TestKey, testKey, verifierFor } from "./tokens.js";

let key: TestKey;
beforeAll(async () => {
  key = await testKey("ES256", "k1");
});

const withHeader = (header: object | string): string => answerOf(verifierFor([key]), key.token(header, goodClaims));

describe("a header", () => {
  it.each([
    ["crit", ["exp"]],
    ["crit", []],
    ["crit", null],
    ["b64", false],
    ["b64", true],
    ["jku", "https://attacker.example/jwks.json"],
    ["jwk", { kty: "EC" }],
    ["x5u", "https://attacker.example/chain.pem"],
    ["x5c", ["MIIB"]],
    ["zip", "DEF"],
    ["enc", "A256GCM"],
    ["epk", {}],
  ])("with %s: %j is refused, though it was signed", (name, value) => {
    expect(withHeader({ ...key.header, [name]: value })).toBe("token_header_refused");
  });

  it.each([
    ["a member twice", '{"alg":"ES256","kid":"k1","kid":"k2"}'],
    ["alg twice", '{"alg":"none","alg":"ES256","kid":"k1"}'],
    ["alg twice, once escaped", '{"\\u0061lg":"none","alg":"ES256","kid":"k1"}'],
    ["a list", '["ES256"]'],
    ["a text", '"ES256"'],
    ["null", "null"],
    ["no JSON", "alg=ES256"],
    ["a byte order mark", '\ufeff{"alg":"ES256","kid":"k1"}'],
    ["no alg", '{"kid":"k1"}'],
    ["an alg that is a list", '{"alg":["ES256"],"kid":"k1"}'],
    ["a kid that is a number", '{"alg":"ES256","kid":1}'],
    ["a kid that is null", '{"alg":"ES256","kid":null}'],
    ["a typ that is a number", '{"alg":"ES256","kid":"k1","typ":1}'],
    ["its members in a prototype", '{"__proto__":{"alg":"ES256","kid":"k1"}}'],
  ])("that is or has %s is refused, though it was signed", (_, header) => {
    expect(withHeader(header)).toBe("token_malformed");
  });

  it("that is no UTF-8 is refused, though it was signed", () => {
    const bytes = Buffer.from('{"alg":"ES256","kid":"k1","x":"?"}');
    bytes[bytes.indexOf("?")] = 0x80;
    const input = `${part(bytes)}.${part(goodClaims)}`;
    expect(answerOf(verifierFor([key]), `${input}.${part(key.signer.sign(input))}`)).toBe("token_malformed");
  });

  it("may have members that need not be understood, and they are no part of the answer", () => {
    const token = key.token({ ...key.header, x5t: "abc", cty: "x" }, goodClaims);
    expect(verifierFor([key]).verify(token).header).toStrictEqual(key.header);
  });
});

describe("a typ", () => {
  const answer = (typ: unknown, types?: readonly string[] | null): string =>
    answerOf(verifierFor([key], { types }), key.token({ ...key.header, typ }, goodClaims));

  it.each([
    ["JWT", undefined, "accepted"],
    ["jwt", undefined, "accepted"],
    ["application/jwt", undefined, "accepted"],
    [undefined, undefined, "accepted"],
    ["at+jwt", undefined, "token_type_refused"],
    ["logout+jwt", undefined, "token_type_refused"],
    ["", undefined, "token_type_refused"],
    ["at+jwt", ["at+jwt"], "accepted"],
    ["application/AT+JWT", ["at+jwt"], "accepted"],
    ["at+jwt", ["application/at+jwt"], "accepted"],
    ["application/at/jwt", ["at/jwt"], "token_type_refused"],
    ["JWT", ["at+jwt"], "token_type_refused"],
    [undefined, ["at+jwt"], "token_type_refused"],
    ["JWT", ["at+jwt", "JWT"], "accepted"],
    ["logout+jwt", null, "accepted"],
    [undefined, null, "accepted"],
  ] as const)("%j under types %j is %s", (typ, types, expected) => {
    expect(answer(typ, types)).toBe(expected);
  });
});

describe("a token", () => {
  it.each([
    ["nothing", ""],
    ["one part", "abc"],
    ["two parts", "abc.abc"],
    ["four parts", "abc.abc.abc.abc"],
    ["five parts, as encrypted tokens have", "abc.abc.abc.abc.abc"],
    ["dots only", ".."],
    ["an empty header", ".abc.abc"],
    ["an empty payload", "abc..abc"],
    ["the JSON serialization", '{"payload":"abc","signatures":[{"protected":"abc","signature":"abc"},{}]}'],
  ])("of %s is refused", (_, token) => {
    expect(answerOf(verifierFor([key]), token)).toBe("token_malformed");
  });

  it.each([undefined, null, 0, {}, [], Buffer.from("a.b.c"), new String("a.b.c"), Symbol("a.b.c")])(
    "that is no text is refused",
    (token) => {
      expect(answerOf(verifierFor([key]), token)).toBe("token_malformed");
    },
  );

  it.each(["\n", " ", "\t", "=", ".", "\0", "\ufeff"])("with %j before or behind it is refused", (garbage) => {
    expect(answerOf(verifierFor([key]), key.good() + garbage)).toBe("token_malformed");
    expect(answerOf(verifierFor([key]), garbage + key.good())).toBe("token_malformed");
  });

  it("is not looked at beyond the longest length, and up to it", () => {
    const token = key.good();
    expect(answerOf(verifierFor([key], { maxTokenLength: token.length }), token)).toBe("accepted");
    expect(answerOf(verifierFor([key], { maxTokenLength: token.length - 1 }), token)).toBe("token_malformed");
    expect(answerOf(verifierFor([key]), "A".repeat(32_769))).toBe("token_malformed");
  });

  it("of the most claims that Signet issues is not too long", async () => {
    const issuer = createIssuer({ signer: key.signer, issuer: ISSUER, clock: () => NOW });
    const { token } = await issuer.issue({ claims: { aud: "api", padding: "x".repeat(16_384 - 80) }, ttl: 60 });
    expect(token.length).toBeGreaterThan(21_500);
    expect(answerOf(verifierFor([key]), token)).toBe("accepted");
    // The longest signature there is, of ML-DSA-87, would still fit.
    expect(token.length + 6_170).toBeLessThan(32_768);
  });

  it("of deep nesting is read or refused, never a crash", () => {
    const deep = `{"exp":${NOW + 60},"deep":${"[".repeat(9_000)}${"]".repeat(9_000)}}`;
    expect(answerOf(verifierFor([key], { issuer: null, audience: null }), key.token(key.header, deep))).toBe("accepted");
    expect(withHeader(`{"alg":"ES256","kid":"k1","deep":${"[".repeat(9_000)}${"]".repeat(9_000)}}`)).toBe("accepted");
  });
});
