import { createCipheriv, type KeyObject, pbkdf2Sync, randomBytes } from "node:crypto";
import { DER } from "../../encoding/der-elements.js";

/** As many as key files have. Node itself writes 2,048, which slow a guess down by little. */
const ROUNDS = 600_000;
const NULL = Buffer.from("0500", "hex");

// RFC 8018 appendix C, and NIST's aes256-CBC.
const PBES2 = Buffer.from("06092a864886f70d01050d", "hex");
const PBKDF2 = Buffer.from("06092a864886f70d01050c", "hex");
const HMAC_SHA256 = Buffer.from("06082a864886f70d0209", "hex");
const AES_256_CBC = Buffer.from("060960864801650304012a", "hex");

/**
 * Writes a private key as an encrypted PEM (RFC 5958; PBES2 of RFC 8018: PBKDF2 with HMAC-SHA-256, AES-256-CBC), which OpenSSL and every
 * import here open.
 */
export function sealedPem(privateKey: KeyObject, passphrase: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const key = pbkdf2Sync(passphrase, salt, ROUNDS, 32, "sha256");
  const plain = privateKey.export({ format: "der", type: "pkcs8" });
  try {
    const cipher = createCipheriv("aes-256-cbc", key, iv);
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    const rounds = element(DER.integer, Buffer.from([ROUNDS >> 16, (ROUNDS >> 8) & 0xff, ROUNDS & 0xff]));
    const prf = element(DER.sequence, HMAC_SHA256, NULL);
    const derivation = element(DER.sequence, PBKDF2, element(DER.sequence, element(DER.octetString, salt), rounds, prf));
    const scheme = element(DER.sequence, AES_256_CBC, element(DER.octetString, iv));
    const terms = element(DER.sequence, PBES2, element(DER.sequence, derivation, scheme));
    return pem(element(DER.sequence, terms, element(DER.octetString, sealed)));
  } finally {
    plain.fill(0);
    key.fill(0);
  }
}

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN ENCRYPTED PRIVATE KEY-----", ...lines, "-----END ENCRYPTED PRIVATE KEY-----", ""].join("\n");
}
