import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { sealedPem } from "../../src/algorithms/key-text/sealed-pem.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { some } from "../contracts/matrix.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

const PASSPHRASE = "pässphrase \u{1f511}";

// Each seal and each opening derives a key at its full cost.
it.each(
  some(2, [
    ["RSA 4096", () => rsaPair(4096).privateKey],
    ["RSA 2048", () => rsaPair(2048).privateKey],
    ["P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
    ["Ed25519", () => generateKeyPairSync("ed25519").privateKey],
  ] as const),
)("a sealed copy of %s is opened by OpenSSL and by the importer", (_, make) => {
  const key = make();
  const pem = sealedPem(key, PASSPHRASE);
  expect(createPrivateKey({ key: pem, passphrase: PASSPHRASE }).equals(key)).toBe(true);
  expect(parsePrivateKeyText(pem, { passphrase: PASSPHRASE }).privateKey.equals(key)).toBe(true);
});

it("a sealed copy is opened under its passphrase alone, costs each guess, and is never the same twice", () => {
  const key = generateKeyPairSync("ed25519").privateKey;
  const pem = sealedPem(key, PASSPHRASE);
  expect(() => createPrivateKey({ key: pem, passphrase: "another" })).toThrow();
  expect(sealedPem(key, PASSPHRASE)).not.toBe(pem);
  // INTEGER 600,000: how often a guess has to be hashed.
  expect(Buffer.from(pem.replace(/-----.*-----/g, ""), "base64").toString("hex")).toContain("02030927c0");
});
