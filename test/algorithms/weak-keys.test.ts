import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { pointFault } from "../../src/algorithms/ed25519-point.js";
import { publicJwk, publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { algorithmsFor } from "../../src/algorithms/keys.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { parsePublicKeyText } from "../../src/algorithms/public-key-text.js";
import { assertHardModulus } from "../../src/algorithms/rsa-modulus.js";
import { localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { SignetError } from "../../src/errors.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { BROKEN_MODULI, INFINITY, LONG_NUMBER, SMALL_ORDER, WEAK_KEYS } from "../vectors/weak-keys.js";

const NOW = 1_800_000_000;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const good = { ...publicKey.export({ format: "jwk" }), alg: "ES256", kid: "good" };
const input = `${part({ alg: "ES256", kid: "good" })}.${part({ exp: NOW + 60 })}`;
const token = `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
const codeOf = (error: unknown) => (error instanceof SignetError ? error.code : error);

describe.each(WEAK_KEYS)("$what", ({ jwk, code }) => {
  const weak = { ...jwk, kid: "weak" };
  const options = { issuer: null, audience: null, clock: () => NOW };
  // What nobody can see from the outside: only its header names the key.
  const named = `${part({ alg: jwk.alg as string, kid: "weak" })}.${part({ exp: NOW + 60 })}.${"A".repeat(86)}`;

  it("is refused when it is read, by Node's verifier and by the web's alike", async () => {
    expect(() => publicKeyFromJwk(weak as never)).toThrow(expect.objectContaining({ code }));
    expect(() => createVerifier({ ...options, keys: { keys: [weak] } })).toThrow(expect.objectContaining({ code }));
    // Where only the runtime can tell, it does so with the first token.
    const web = async () => createWebVerifier({ ...options, keys: { keys: [weak] } }).verify(named);
    expect(await web().catch(codeOf)).toBe(code);
  });

  it("fails the tokens that name it, and no others", async () => {
    for (const make of [createVerifier, createWebVerifier]) {
      const verifier = make({ ...options, keys: { keys: [weak, good] } });
      expect((await verifier.verify(token)).header.kid).toBe("good");
      expect(
        await Promise.resolve()
          .then(() => verifier.verify(named))
          .catch(codeOf),
      ).toBe(code);
    }
  });
});

describe("the point at infinity", () => {
  it("is read by node:crypto as a key, and refused before anything is asked that ends Node 20", () => {
    const key = createPublicKey({ key: INFINITY, format: "der", type: "spki" });
    expect(algorithmsFor(key)).toStrictEqual([]);
    expect(() => publicJwk(key, algorithmNamed("ES256"))).toThrow(expect.objectContaining({ code: "invalid_key" }));
  });
});

describe("a private number that is longer than its curve's", () => {
  it.each(["sec1", "pkcs8"] as const)(
    "is read by node:crypto as a key, and refused before anything is asked that ends Node 22: %s",
    (type) => {
      const der = LONG_NUMBER[type];
      const key = createPrivateKey({ key: der, format: "der", type });
      expect(algorithmsFor(key)).toStrictEqual([]);
      expect(() => localSigner({ privateKey: key, alg: "ES256" })).toThrow(expect.objectContaining({ code: "invalid_key" }));
      for (const read of [parsePrivateKeyText, parsePublicKeyText])
        expect(() => read(der)).toThrow(expect.objectContaining({ message: expect.stringContaining("the EC key is damaged") }));
    },
  );
});

it("a signer without a key is an error of ours, whether the option is absent or undefined", () => {
  for (const options of [{ alg: "ES256" }, { alg: "ES256", privateKey: undefined }])
    expect(() => localSigner(options as never)).toThrow(expect.objectContaining({ code: "config_invalid", field: "privateKey" }));
});

describe("a point of small order", () => {
  it("accepts one forged signature for many messages in the OpenSSL of Node 20, so that the refusal is not for nothing", () => {
    // R is the identity and S is 0.
    const signature = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    const accepted = SMALL_ORDER.filter((x) => {
      const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
      return Array.from({ length: 64 }).some((_, n) => verify(null, Buffer.from(`message ${n}`), key, signature));
    });
    // Newer ones (Node 24) refuse all of them as well.
    expect(accepted.length === 0 || accepted.length > 7).toBe(true);
    if (process.versions.node.startsWith("20.")) expect(accepted).not.toStrictEqual([]);
  });

  it("is refused as a key of node:crypto too, as KMS or a PEM gives it", () => {
    for (const x of SMALL_ORDER) {
      const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } });
      expect(() => publicJwk(key, algorithmNamed("EdDSA"))).toThrow(expect.objectContaining({ code: "key_too_weak" }));
    }
  });
});

describe("sound keys", () => {
  it("are a half of all numbers in Ed25519's form, as Euler's criterion tells them", () => {
    const prime = 2n ** 255n - 19n;
    const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
    const power = (base: bigint, exponent: bigint): bigint =>
      exponent === 0n ? 1n : (power((base * base) % prime, exponent / 2n) * (exponent % 2n === 1n ? base : 1n)) % prime;
    let onCurve = 0;
    for (let y = 2n; y < 60n; y++) {
      const isPoint = power(((y * y - 1n) * (d * y * y + 1n)) % prime, (prime - 1n) / 2n) === 1n;
      expect(pointFault(Buffer.from(y.toString(16).padStart(64, "0"), "hex").reverse())).toBe(isPoint ? undefined : "curve");
      if (isPoint) onCurve++;
    }
    expect(onCurve).toBeGreaterThan(15);
    expect(onCurve).toBeLessThan(45);
  });

  it("pass, whatever their kind", () => {
    const pairs = [
      ...Array.from({ length: 20 }, () => [generateKeyPairSync("ed25519").publicKey, "EdDSA"] as const),
      ...Array.from({ length: 5 }, () => [generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey, "ES256"] as const),
      ...Array.from({ length: 5 }, () => [generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey, "ES384"] as const),
      ...Array.from({ length: 5 }, () => [generateKeyPairSync("ec", { namedCurve: "P-521" }).publicKey, "ES512"] as const),
      [rsaPair(2_048).publicKey, "RS256"] as const,
      [generateKeyPairSync("rsa", { modulusLength: 2_049, publicExponent: 3 }).publicKey, "RS256"] as const,
    ];
    for (const [key, alg] of pairs) {
      const jwk = publicJwk(key, algorithmNamed(alg));
      expect(publicKeyFromJwk(jwk).equals(key)).toBe(true);
      expect(() => assertHardModulus(jwk)).not.toThrow();
    }
  });
});

describe("a modulus that can be taken apart", () => {
  it.each(BROKEN_MODULI)("is found out: $what", ({ jwk }) => {
    expect(() => assertHardModulus(jwk)).toThrow(expect.objectContaining({ code: "key_too_weak" }));
  });

  it("is found out by the rule that is meant for it", () => {
    const words = BROKEN_MODULI.map(({ jwk }) => {
      try {
        return assertHardModulus(jwk);
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(words).toStrictEqual([
      expect.stringContaining("it is a prime"),
      expect.stringContaining("it has 4093 for a factor"),
      expect.stringContaining("nearly equal"),
      expect.stringContaining("ROCA"),
    ]);
  });
});
