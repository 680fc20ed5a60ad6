import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { calculateJwkThumbprint, importJWK } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { keyTypeOf, namedCurveOf } from "../../src/algorithms/crypto-terms.js";
import { privateJwk, privateKeyFromJwk, publicJwk, publicKeyFromJwk, thumbprint } from "../../src/algorithms/jwk.js";
import { algorithmsFor, assertKeyFits, generatePrivateKey } from "../../src/algorithms/keys.js";
import { localSigner, signatureChecker } from "../../src/algorithms/signature.js";
import { ALGORITHM_NAMES, ALGORITHMS, algorithmNamed, findAlgorithm } from "../../src/algorithms/table.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { RFC9964 } from "../vectors/vectors.js";

const here = ALGORITHMS.filter(({ kty }) => kty !== "AKP");
const names = here.map(({ name }) => name);
const keys = new Map<string, KeyObject>();
const keyOf = (name: string): KeyObject => keys.get(name) as KeyObject;

beforeAll(async () => {
  // RSA keys are of one kind, and each costs a quarter of a second: one is made, the others were made before.
  for (const algorithm of here) {
    const isMade = algorithm.kty !== "RSA" || algorithm.name === "RS256";
    keys.set(algorithm.name, isMade ? await generatePrivateKey(algorithm) : rsaPair(2_048).privateKey);
  }
});

describe("the table", () => {
  it.each(["none", "None", "HS256", "es256", "ES256K", "__proto__", "constructor", "toString", "", 1, null, undefined])(
    "knows no %j",
    (name) => {
      expect(findAlgorithm(name)).toBeUndefined();
    },
  );

  it("names all it knows to whom asks for something else", () => {
    for (const name of ALGORITHM_NAMES) expect(() => algorithmNamed("none")).toThrow(name);
  });

  it("cannot be altered", () => {
    expect(() => Object.assign(algorithmNamed("RS256"), { digest: "md5" })).toThrow(TypeError);
  });
});

describe.each(names)("a key for %s", (name) => {
  const algorithm = algorithmNamed(name);

  it("comes back from its JWK, public and private, unchanged", () => {
    const jwk = publicJwk(keyOf(name), algorithm);
    expect(publicKeyFromJwk(jwk).equals(createPublicKey(keyOf(name)))).toBe(true);
    expect(privateKeyFromJwk(privateJwk(keyOf(name), algorithm), algorithm).equals(keyOf(name))).toBe(true);
    expect(publicJwk(publicKeyFromJwk(jwk), algorithm, jwk.kid)).toStrictEqual(jwk);
  });

  it("shows nothing private in its public JWK", () => {
    expect(Object.keys(publicJwk(keyOf(name), algorithm)).join()).toMatch(/^kty,use,alg,kid,(n,e|crv,x,y|crv,x|pub)$/);
  });

  it("has the thumbprint that jose computes, and jose reads its JWK", async () => {
    const jwk = publicJwk(keyOf(name), algorithm);
    expect(jwk.kid).toBe(await calculateJwkThumbprint({ ...jwk }, "sha256"));
    expect(thumbprint(jwk)).toBe(jwk.kid);
    await expect(importJWK({ ...jwk })).resolves.toBeDefined();
  });

  it("signs in JWS form, and its signatures have one length", () => {
    const signer = localSigner({ privateKey: keyOf(name), alg: name });
    const check = signatureChecker(algorithm, publicKeyFromJwk(signer.publicJwk));
    fc.assert(
      fc.property(fc.base64String(), (input) => {
        const signature = signer.sign(input);
        expect(signature).toHaveLength(algorithm.signatureBytes ?? 256);
        expect(check(input, signature)).toBe(true);
        expect(check(`${input}.`, signature)).toBe(false);
        expect(check(input, signature.subarray(1))).toBe(false);
        expect(check(input, Buffer.concat([Buffer.alloc(1), signature]))).toBe(false);
      }),
      { numRuns: 10 },
    );
  });

  it("serves no algorithm of another type", () => {
    for (const other of here) {
      const fits = algorithmsFor(keyOf(name)).includes(other.name);
      expect(fits).toBe(keyTypeOf(other) === keyTypeOf(algorithm) && namedCurveOf(other) === namedCurveOf(algorithm));
      if (!fits) expect(() => assertKeyFits(other, keyOf(name))).toThrow(expect.objectContaining({ code: "invalid_key" }));
    }
  });
});

describe("a JWK", () => {
  it.each(["RS256", "ES256", "EdDSA"])("whose private part belongs to another public part is refused (%s)", async (name) => {
    const algorithm = algorithmNamed(name);
    const one = privateJwk(keyOf(name), algorithm);
    const other = privateJwk(name === "RS256" ? rsaPair(2_048).privateKey : await generatePrivateKey(algorithm), algorithm);
    const { kty, alg } = one;
    const publicPart = name === "RS256" ? { n: other.n, e: other.e } : { crv: other.crv, x: other.x, y: other.y };
    const mixed = { ...one, ...publicPart, kty, alg };
    if (mixed.y === undefined) delete (mixed as { y?: unknown }).y;
    expect(() => privateKeyFromJwk(mixed, algorithm)).toThrow(expect.objectContaining({ code: "invalid_key" }));
  });

  const p256 = (): Record<string, string> => ({ ...(publicJwk(keyOf("ES256"), algorithmNamed("ES256")) as object) });
  it.each([
    ["without a coordinate", () => ({ ...p256(), y: undefined })],
    ["with a point that is not on its curve", () => ({ ...p256(), y: p256().x })],
    ["with a coordinate that is empty", () => ({ ...p256(), x: "" })],
    ["with padding", () => ({ ...p256(), x: `${p256().x}=` })],
    ["of another curve", () => ({ ...p256(), crv: "P-384" })],
    ["of another type", () => ({ ...p256(), kty: "OKP" })],
    ["with a number for a coordinate", () => ({ ...p256(), x: 1 })],
    ["with a short Ed25519 key", () => ({ kty: "OKP", crv: "Ed25519", alg: "EdDSA", x: "AQ" })],
  ])("%s is refused", (_, jwk) => {
    expect(() => publicKeyFromJwk(jwk() as never)).toThrow(expect.objectContaining({ code: "invalid_key" }));
  });

  it("of an unknown algorithm is refused", () => {
    expect(() => publicKeyFromJwk({ ...p256(), alg: "ES256K" } as never)).toThrow(
      expect.objectContaining({ code: "unsupported_algorithm" }),
    );
  });

  it("of ML-DSA works, or says which Node it needs", () => {
    const { key, alg } = RFC9964.examples[0] as (typeof RFC9964.examples)[number];
    const read = (): KeyObject => publicKeyFromJwk({ ...key, alg } as never);
    if (HAS_ML_DSA) expect(read().asymmetricKeyType).toBe("ml-dsa-44");
    else
      expect(read).toThrow(expect.objectContaining({ code: "algorithm_unavailable", message: expect.stringContaining("24.6") }));
  });
});

describe("a weak RSA key", () => {
  it("of less than 2,048 bits is refused", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const jwk = { ...publicKey.export({ format: "jwk" }), alg: "RS256" };
    expect(() => publicKeyFromJwk(jwk as never)).toThrow(expect.objectContaining({ code: "key_too_weak" }));
  });

  it.each([
    ["1", "AQ"],
    ["an even number", "AQAA"],
  ])("with the exponent %s is refused", (_, e) => {
    const jwk = { ...(publicJwk(keyOf("RS256"), algorithmNamed("RS256")) as object), e };
    expect(() => publicKeyFromJwk(jwk as never)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(key_too_weak|invalid_key)$/) }),
    );
  });
});
