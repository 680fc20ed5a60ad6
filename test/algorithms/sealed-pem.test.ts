import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { sealedPem } from "../../src/algorithms/key-text/sealed-pem.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

it.each([
  ["RSA 4096", () => rsaPair(4096).privateKey],
  ["RSA 2048", () => rsaPair(2048).privateKey],
  ["P-521", () => generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey],
  ["Ed25519", () => generateKeyPairSync("ed25519").privateKey],
])("a sealed copy of %s is opened by OpenSSL and by the importer, under its passphrase alone", (_, make) => {
  const key = make();
  const passphrase = "pässphrase \u{1f511}";
  const pem = sealedPem(key, passphrase);
  expect(createPrivateKey({ key: pem, passphrase }).equals(key)).toBe(true);
  expect(parsePrivateKeyText(pem, { passphrase }).privateKey.equals(key)).toBe(true);
  expect(() => createPrivateKey({ key: pem, passphrase: "another" })).toThrow();
  expect(sealedPem(key, passphrase)).not.toBe(pem);
  // INTEGER 600,000: how often a guess has to be hashed.
  expect(Buffer.from(pem.replace(/-----.*-----/g, ""), "base64").toString("hex")).toContain("02030927c0");
});
