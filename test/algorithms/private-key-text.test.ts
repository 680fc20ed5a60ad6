import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { privateJwk } from "../../src/algorithms/jwk.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = rsaPair(2_048).privateKey;
const ed = generateKeyPairSync("ed25519").privateKey;
const jwkOf = (key: KeyObject, alg: string): Record<string, unknown> => privateJwk(key, algorithmNamed(alg));
const pem = (key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1"): string =>
  key.export({ format: "pem", type: type as "pkcs8" }).toString();

describe("a private key's text", () => {
  it.each([
    ["PKCS#8, EC", pem(ec, "pkcs8"), ec, "ES256"],
    ["SEC1", pem(ec, "sec1"), ec, "ES256"],
    [
      "PKCS#8 under SEC1's label, as system A wrote it",
      pem(ec, "pkcs8").replaceAll("PRIVATE KEY", "EC PRIVATE KEY"),
      ec,
      "ES256",
    ],
    ["PKCS#8, RSA", pem(rsa, "pkcs8"), rsa, "RS256"],
    ["PKCS#1", pem(rsa, "pkcs1"), rsa, "RS256"],
    ["PKCS#8, Ed25519", pem(ed, "pkcs8"), ed, "EdDSA"],
    [
      "a PEM with Windows' line ends and words before it",
      `Key for signing\r\n${pem(ec, "pkcs8").replaceAll("\n", "\r\n")}`,
      ec,
      "ES256",
    ],
    ["a JWK", JSON.stringify(jwkOf(ec, "ES256")), ec, "ES256"],
    ["a JWK without alg", JSON.stringify({ ...jwkOf(rsa, "RS256"), alg: undefined }), rsa, "RS256"],
  ])("is read from %s", (_, text, key, alg) => {
    const read = parsePrivateKeyText(text);
    expect(read.privateKey.equals(key)).toBe(true);
    expect(read.alg).toBe(alg);
  });

  it("keeps a JWK's kid and alg, and obeys the caller's alg", () => {
    const text = JSON.stringify({ ...jwkOf(rsa, "PS384"), kid: "mine" });
    expect(parsePrivateKeyText(text)).toMatchObject({ alg: "PS384", kid: "mine" });
    expect(parsePrivateKeyText(text, { alg: "PS256" }).alg).toBe("PS256");
  });

  it("is opened with its passphrase, and with no other", () => {
    const text = ec.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "open" }).toString();
    expect(parsePrivateKeyText(text, { passphrase: "open" }).privateKey.equals(ec)).toBe(true);
    expect(() => parsePrivateKeyText(text)).toThrow(expect.objectContaining({ code: "passphrase_required" }));
    expect(() => parsePrivateKeyText(text, { passphrase: "shut" })).toThrow(
      expect.objectContaining({ code: "passphrase_wrong" }),
    );
  });

  it.each([
    ["an empty text", "", "invalid_key"],
    ["a public key", createPublicKey(ec).export({ format: "pem", type: "spki" }).toString(), "invalid_key"],
    ["a PEM of nothing", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "invalid_key"],
    [
      "a key of a curve that JOSE does not know",
      pem(generateKeyPairSync("ec", { namedCurve: "secp224r1" }).privateKey, "pkcs8"),
      "invalid_key",
    ],
    ["a symmetric key", '{"kty":"oct","k":"c2VjcmV0"}', "invalid_key"],
    ["a public JWK", JSON.stringify({ ...jwkOf(ec, "ES256"), d: undefined }), "invalid_key"],
    ["a JWK for encryption", JSON.stringify({ ...jwkOf(rsa, "RS256"), use: "enc", alg: undefined }), "invalid_key"],
    [
      "a JWK for an algorithm that encrypts",
      JSON.stringify({ ...jwkOf(rsa, "RS256"), alg: "RSA-OAEP" }),
      "unsupported_algorithm",
    ],
    ["a JWK whose alg is no text", JSON.stringify({ ...jwkOf(rsa, "RS256"), alg: 7 }), "invalid_key"],
    ["a JWK that names a member twice", JSON.stringify(jwkOf(ec, "ES256")).replace("{", '{"kty":"EC",'), "duplicate_member"],
    ["a small RSA key", pem(generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey, "pkcs8"), "key_too_weak"],
  ])("is refused for %s", (_, text, code) => {
    expect(() => parsePrivateKeyText(text)).toThrow(expect.objectContaining({ code }));
  });

  it("is refused where a PEM holds halves of two keys", () => {
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const der = ec.export({ format: "der", type: "sec1" });
    const point = (key: KeyObject): Buffer => createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-64);
    point(other).copy(der, der.indexOf(point(ec)));
    const text = `-----BEGIN EC PRIVATE KEY-----\n${der.toString("base64")}\n-----END EC PRIVATE KEY-----`;
    expect(() => parsePrivateKeyText(text)).toThrow(expect.objectContaining({ code: "invalid_key" }));
  });

  it("is refused for an algorithm that it does not fit", () => {
    expect(() => parsePrivateKeyText(pem(ec, "pkcs8"), { alg: "ES384" })).toThrow(
      expect.objectContaining({ code: "invalid_key" }),
    );
  });

  it("never stands in an error", () => {
    const secret = jwkOf(ec, "ES256").d as string;
    for (const text of [`{"kty":"EC","d":"${secret}"`, `{"kty":"EC","crv":"P-256","d":"${secret}"}`]) {
      expect(() => parsePrivateKeyText(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(secret) }));
    }
  });
});
