import { constants, createCipheriv, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import { SignetError } from "../../errors.js";

/** RFC 5649 section 3: the initial value's first half. */
const KWP_IV = Buffer.from("A65959A6", "hex");
const AES_BYTES = 32;
const WRAPPING_BITS = 4_096;

/** AES key wrap with padding (RFC 5649). */
export function keyWrapPadded(key: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(`id-aes${key.length * 8}-wrap-pad`, key, KWP_IV);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/**
 * Wraps a private key as KMS takes it by RSA_AES_KEY_WRAP_SHA_256 (KMS developer guide, "Encrypt key material"): an AES key of this one use,
 * encrypted by RSA-OAEP with SHA-256, and behind it the private key under that AES key.
 *
 * @param plain PKCS #8 DER (RFC 5208); the caller overwrites it
 * @param wrappingKey KMS's public key, as SubjectPublicKeyInfo
 * @throws SignetError `custodian_failed` where that is no RSA key of 4,096 bits
 */
export function wrapForImport(plain: Uint8Array, wrappingKey: Uint8Array): Buffer {
  const key = createPublicKey({ key: Buffer.from(wrappingKey), format: "der", type: "spki" });
  if (key.asymmetricKeyType !== "rsa" || key.asymmetricKeyDetails?.modulusLength !== WRAPPING_BITS) {
    throw new SignetError(
      "custodian_failed",
      `KMS was asked for a wrapping key of RSA with ${WRAPPING_BITS} bits and gave another one`,
    );
  }
  const aes = randomBytes(AES_BYTES);
  try {
    const sealed = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, aes);
    return Buffer.concat([sealed, keyWrapPadded(aes, plain)]);
  } finally {
    aes.fill(0);
  }
}
