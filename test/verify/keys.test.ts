import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { VerifierOptions } from "../../src/verify/verifier.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { withOtherSignature } from "../contracts/other-signature.js";
import { RFC9964 } from "../vectors/vectors.js";
import { AUDIENCE, answerOf, goodClaims, ISSUER, NOW, part, type TestKey, testKey } from "./tokens.js";

let es: TestKey;
let rs: TestKey;
let ed: TestKey;
beforeAll(async () => {
  [es, rs, ed] = (await Promise.all([testKey("ES256", "es"), testKey("RS256", "rs"), testKey("EdDSA", "ed")])) as [
    TestKey,
    TestKey,
    TestKey,
  ];
});

const jwk = (key: TestKey, changes: object = {}): Record<string, unknown> => ({ ...key.signer.publicJwk, ...changes });
const answer = (keys: readonly object[], token: string, options: Partial<VerifierOptions> = {}): string =>
  answerOf(
    createVerifier({ keys: { keys: keys as [] }, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW, ...options }),
    token,
  );
const made =
  (keys: unknown, options: object = {}) =>
  () =>
    createVerifier({ keys: keys as VerifierOptions["keys"], issuer: ISSUER, audience: AUDIENCE, ...options });

describe("a set of keys", () => {
  it("verifies the tokens of each of its keys, and of no other", async () => {
    const keys = [jwk(es), jwk(rs), jwk(ed)];
    for (const key of [es, rs, ed]) expect(answer(keys, key.good())).toBe("accepted");
    const stranger = await testKey("ES256", "stranger");
    expect(answer(keys, stranger.good())).toBe("token_key_unknown");
    expect(answer(keys, stranger.good({}, { kid: "es" }))).toBe("token_signature_invalid");
  });

  it("tries no other key than the named one", () => {
    expect(answer([jwk(es), jwk(es, { kid: "twin" }), jwk(ed)], es.good({}, { kid: "ed" }))).toBe("token_algorithm_refused");
  });

  it.each([
    ["no list", {}],
    ["a list", []],
    ["nothing", undefined],
    ["a list with null", { keys: [null] }],
    ["a list with a text", { keys: ["key"] }],
    ["an empty list", { keys: [] }],
    ["only a secret", { keys: [{ kty: "oct", k: "c2VjcmV0", kid: "a", alg: "HS256" }] }],
    ["only a key to encrypt with", { keys: [{ kty: "RSA", use: "enc", kid: "a", n: "AQAB", e: "AQAB" }] }],
  ])("that is %s makes no verifier", (_, keys) => {
    expect(made(keys)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  it("refuses two keys of one name and algorithm, which leave open who signed", () => {
    expect(made({ keys: [jwk(es), jwk(es, { x: "A" })] })).toThrow(
      expect.objectContaining({ code: "config_invalid", field: "keys" }),
    );
    expect(made({ keys: [jwk(es, { kid: undefined }), jwk(es, { kid: undefined, x: "A" })] })).toThrow(/kid/);
    // The others stay usable: one entry of a fetched JWKS is not the whole of it.
    expect(answer([jwk(es), jwk(es, { x: "A" }), jwk(ed)], ed.good())).toBe("accepted");
    expect(answer([jwk(es), jwk(es, { x: "A" }), jwk(ed)], es.good())).toBe("config_invalid");
    expect(answer([jwk(es), jwk(es, { x: "A" }), jwk(es), jwk(ed)], es.good())).toBe("config_invalid");
  });

  it("takes a key that is listed twice for one, whatever else is said of it", () => {
    for (const twin of [jwk(es), jwk(es, { x5c: ["MIIC"], use: null })]) {
      expect(answer([jwk(es), twin], es.good())).toBe("accepted");
    }
    expect(answer([jwk(es, { kid: undefined }), jwk(es, { kid: null })], es.good())).toBe("accepted");
    expect(answer([jwk(rs), jwk(rs, { alg: undefined })], rs.good())).toBe("accepted");
  });

  it("leaves out entries that are no objects", () => {
    expect(answer([null, "key", 7, jwk(es), []] as object[], es.good())).toBe("accepted");
  });

  it("knows no name that is not a text", () => {
    for (const kid of [42, true, ["es"], { toString: () => "es" }]) {
      for (const named of ["42", "true", "es"]) {
        expect(answer([jwk(es, { kid })], es.good({}, { kid: named }))).toBe("token_key_unknown");
      }
      expect(answer([jwk(es, { kid }), jwk(ed)], ed.good())).toBe("accepted");
    }
  });

  it("lets keys of different algorithms share a name", () => {
    const keys = [jwk(es, { kid: "k" }), jwk(rs, { kid: "k" })];
    expect(answer(keys, es.good({}, { kid: "k" }))).toBe("accepted");
    expect(answer(keys, rs.good({}, { kid: "k" }))).toBe("accepted");
    expect(answer(keys, ed.good({}, { kid: "k" }))).toBe("token_algorithm_refused");
  });

  it.each([
    { use: "enc" },
    { key_ops: ["encrypt"] },
    { key_ops: [] },
    { key_ops: "verify" },
    { alg: "RSA-OAEP" },
    { alg: "HS256" },
    { alg: 1 },
    { use: "signature" },
    { use: 1 },
  ])("leaves out a key that is for something else: %j", (changes) => {
    expect(answer([jwk(es), jwk(rs, changes)], rs.good())).toBe("token_key_unknown");
    expect(answer([jwk(es), jwk(rs, changes)], es.good())).toBe("accepted");
  });

  it("uses a key whose key_ops allow it, and takes null for absent", () => {
    expect(answer([jwk(es, { key_ops: ["verify"] })], es.good())).toBe("accepted");
    expect(answer([jwk(es, { use: null, key_ops: null, alg: null })], es.good())).toBe("accepted");
  });

  it("is not changed by what happens to the given list later", () => {
    const keys = [jwk(es)];
    const verifier = createVerifier({ keys: { keys }, issuer: ISSUER, audience: AUDIENCE, clock: () => NOW });
    (keys[0] as Record<string, unknown>).alg = "none";
    keys.push(jwk(ed));
    expect(answerOf(verifier, es.good())).toBe("accepted");
    expect(answerOf(verifier, ed.good())).toBe("token_key_unknown");
  });
});

describe("an algorithm", () => {
  it("is the key's own, not the token's", () => {
    const ps = jwk(rs, { alg: "PS256" });
    expect(answer([ps], rs.good())).toBe("token_algorithm_refused");
    expect(answer([jwk(rs)], rs.token({ ...rs.header, alg: "RS512" }, goodClaims))).toBe("token_algorithm_refused");
  });

  it("called EdDSA or Ed25519 is one and the same on that curve, in tokens, keys and options (RFC 9864)", () => {
    const names = ["EdDSA", "Ed25519", undefined];
    for (const [header, alg, allowed] of names.flatMap((a) => names.flatMap((b) => names.map((c) => [a, b, c])))) {
      if (header === undefined) continue;
      const token = ed.token({ ...ed.header, alg: header }, goodClaims);
      const options = allowed === undefined ? {} : { algorithms: [allowed as "EdDSA"] };
      expect(answer([jwk(ed, { alg })], token, options)).toBe("accepted");
      expect(answer([jwk(ed, { alg })], withOtherSignature(token), options)).toBe("token_signature_invalid");
    }
    expect(made({ keys: [jwk(ed)] }, { algorithms: ["ES256"] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });

  it("of another curve is neither: Ed448 is refused under every name", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed448");
    const own = { ...publicKey.export({ format: "jwk" }), kid: "448" };
    for (const alg of ["EdDSA", "Ed25519", "Ed448"]) {
      const input = `${part({ alg, kid: "448" })}.${part(goodClaims)}`;
      const token = `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
      expect(answer([jwk(es), { ...own, alg }], token)).not.toBe("accepted");
      expect(answer([jwk(es), own], token)).not.toBe("accepted");
    }
  });

  it("may list one key under both names, and two keys under neither", async () => {
    const twice = [jwk(ed), jwk(ed, { alg: "Ed25519" })];
    expect(answer(twice, ed.good())).toBe("accepted");
    const other = await testKey("EdDSA", "ed");
    expect(made({ keys: [jwk(ed), jwk(other, { alg: "Ed25519" })] })).toThrow(/same kid/);
  });

  it("follows from the curve where the key does not name it", () => {
    expect(answer([jwk(es, { alg: undefined })], es.good())).toBe("accepted");
    expect(answer([jwk(es, { alg: undefined })], es.token({ ...es.header, alg: "ES384" }, goodClaims))).toBe(
      "token_algorithm_refused",
    );
    expect(answer([jwk(ed, { alg: undefined })], ed.good())).toBe("accepted");
    expect(answer([jwk(ed, { alg: undefined })], ed.token({ ...ed.header, alg: "Ed25519" }, goodClaims))).toBe("accepted");
  });

  it("must be told for an RSA key that does not name it", () => {
    const keys = [jwk(es), jwk(rs, { alg: undefined })];
    expect(answer(keys, rs.good())).toBe("invalid_key");
    expect(answer(keys, es.good())).toBe("accepted");
    expect(answer(keys, rs.good(), { algorithms: ["RS256"] })).toBe("accepted");
    expect(answer(keys, rs.good(), { algorithms: ["PS256"] })).toBe("token_algorithm_refused");
    expect(made({ keys: [jwk(rs, { alg: undefined })] })).toThrow(/algorithms/);
  });

  it("is one of those that were asked for", () => {
    const keys = [jwk(es), jwk(rs)];
    expect(answer(keys, es.good(), { algorithms: ["ES256"] })).toBe("accepted");
    expect(answer(keys, rs.good(), { algorithms: ["ES256"] })).toBe("token_key_unknown");
    expect(made({ keys }, { algorithms: ["EdDSA"] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(made({ keys }, { algorithms: ["HS256"] })).toThrow(expect.objectContaining({ code: "unsupported_algorithm" }));
    expect(made({ keys }, { algorithms: [] })).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});

describe("a kid", () => {
  const nameless = (key: TestKey): string => key.token({ ...key.header, kid: undefined }, goodClaims);

  it("may be missing where one key alone can be meant, unless it is asked for", () => {
    expect(answer([jwk(es)], nameless(es))).toBe("accepted");
    expect(answer([jwk(es)], nameless(es), { requireKid: true })).toBe("token_kid_missing");
    expect(answer([jwk(es, { kid: undefined })], nameless(es), { requireKid: true })).toBe("token_kid_missing");
    expect(answer([jwk(es), jwk(ed)], nameless(es))).toBe("token_kid_missing");
    expect(answer([jwk(es), jwk(es, { kid: "twin" })], nameless(es))).toBe("token_kid_missing");
    expect(answer([jwk(es)], nameless(ed))).toBe("token_algorithm_refused");
    const stranger = nameless(es).replace(/\.[^.]+$/, `.${"A".repeat(86)}`);
    expect(answer([jwk(es)], stranger)).toBe("token_signature_invalid");
  });

  it("may be missing beside keys that have signed nothing: for encryption, of other algorithms, that cannot be used", () => {
    const others = [jwk(rs, { use: "enc" }), { kty: "oct", k: "c2VjcmV0", kid: "s" }, jwk(rs, { kid: "weak", n: "AQAB" })];
    expect(answer([...others, jwk(es)], nameless(es))).toBe("accepted");
    expect(answer([jwk(rs), jwk(es)], nameless(es), { algorithms: ["ES256"] })).toBe("accepted");
  });

  it("may be missing where that is said, and the set has one key only", () => {
    expect(answer([jwk(es)], nameless(es), { requireKid: false })).toBe("accepted");
    expect(answer([jwk(es), jwk(ed)], nameless(es), { requireKid: false })).toBe("token_key_unknown");
    expect(answer([jwk(es)], es.good({}, { kid: "other" }), { requireKid: false })).toBe("token_key_unknown");
  });

  it("does not matter where the only key has no name, as one from a PEM", () => {
    const keys = [jwk(es, { kid: undefined })];
    for (const token of [nameless(es), es.good(), es.good({}, { kid: "other" })]) expect(answer(keys, token)).toBe("accepted");
    expect(answer(keys, rs.good())).toBe("token_algorithm_refused");
  });

  it("does matter where a key without name stands beside others", () => {
    const keys = [jwk(es, { kid: undefined }), jwk(ed)];
    expect(answer(keys, es.good())).toBe("token_key_unknown");
    expect(answer(keys, nameless(es))).toBe("token_kid_missing");
    expect(answer(keys, ed.good())).toBe("accepted");
  });
});

describe("a key that cannot be used", () => {
  const weak = {
    ...generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ format: "jwk" }),
    alg: "RS256",
    kid: "bad",
  };
  const unusable = [
    ["too weak", weak, "RS256", "key_too_weak"],
    ["damaged", { kty: "EC", crv: "P-256", x: "AQ", y: "AQ", kid: "bad", alg: "ES256" }, "ES256", "invalid_key"],
    ["of another type than its alg", { kty: "OKP", crv: "Ed25519", x: "AQ", kid: "bad", alg: "ES256" }, "ES256", "invalid_key"],
  ] as const;

  it.each(unusable)("because it is %s fails its own tokens only", (_, key, alg, code) => {
    expect(answer([jwk(es), key], es.good())).toBe("accepted");
    expect(answer([jwk(es), key], es.token({ alg, kid: "bad" }, goodClaims))).toBe(code);
  });

  it.each(unusable)("because it is %s makes no verifier alone", (_, key, __, code) => {
    expect(made({ keys: [key] })).toThrow(expect.objectContaining({ code }));
  });

  const [mlDsa] = RFC9964.examples as [(typeof RFC9964.examples)[number]];

  it("because Node lacks ML-DSA fails its own tokens only, and says so", () => {
    const { pub } = mlDsa.key;
    const pq = { kty: "AKP", alg: mlDsa.alg, pub, kid: "pq" };
    const token = `${part({ alg: mlDsa.alg, kid: "pq" })}.${part(goodClaims)}.${"A".repeat(3_227)}`;
    expect(answer([jwk(es), pq], es.good())).toBe("accepted");
    expect(answer([jwk(es), pq], token)).toBe(HAS_ML_DSA ? "token_signature_invalid" : "algorithm_unavailable");
  });

  it("because ML-DSA's alg is missing is left out", () => {
    const { alg, ...rest } = mlDsa.key;
    expect(answer([jwk(es), { ...rest, kid: "pq" }], es.token({ alg, kid: "pq" }, goodClaims))).toBe("token_key_unknown");
  });
});

describe("the options", () => {
  const keys = () => ({ keys: [jwk(es)] });
  it.each(["issuer", "audience"])("want %s given, or waived aloud by null", (name) => {
    for (const value of [undefined, "", [], [""], ["a", 1], 7, {}, false]) {
      expect(made(keys(), { [name]: value })).toThrow(expect.objectContaining({ code: "config_invalid", field: name }));
    }
    expect(made(keys(), { [name]: null })).not.toThrow();
  });

  it.each([
    ["clockSkewSeconds", [-1, 601, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "60", 60_000]],
    ["maxTokenLength", [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "9"]],
    ["types", [[], [""], "JWT", [1]]],
  ])("want %s to make sense", (name, values) => {
    for (const value of values) {
      expect(made(keys(), { [name]: value })).toThrow(expect.objectContaining({ code: "config_invalid", field: name }));
    }
  });
});
