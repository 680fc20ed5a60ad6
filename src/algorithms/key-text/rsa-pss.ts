import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { derElement, derElements } from "../../encoding/der-elements.js";
import { SignetError } from "../../errors.js";
import type { AlgorithmName } from "../table.js";

const BY_HASH = new Map<string, AlgorithmName>([
  ["sha256", "PS256"],
  ["sha384", "PS384"],
  ["sha512", "PS512"],
]);

/** What a key for RSASSA-PSS (RFC 4055) is in JOSE: a key of RSA, and the algorithms that it allows. */
export interface PssKey {
  readonly key: KeyObject;
  readonly algs: readonly AlgorithmName[];
}

/**
 * A key for RSASSA-PSS alone as an RSA key, which is what JOSE and KMS know: the numbers are the same, and what the key is restricted to
 * is kept as the algorithms that it may be used with.
 *
 * @throws SignetError `invalid_key` for a key that is damaged, or restricted to a digest that no algorithm uses
 */
export function fromPss(key: KeyObject): PssKey {
  const { hashAlgorithm } = key.asymmetricKeyDetails ?? {};
  const algs = [...BY_HASH].flatMap(([hash, alg]) => (hashAlgorithm === undefined || hashAlgorithm === hash ? alg : []));
  if (algs.length === 0) {
    const words =
      "the RSA-PSS key is restricted to a digest that no algorithm uses (PS256, PS384 and PS512 use SHA-2); make another key";
    throw new SignetError("invalid_key", words);
  }
  // PKCS #8: version, algorithm, key. SubjectPublicKeyInfo: algorithm, key, whose first byte counts unused bits. OpenSSL reads numbers
  // there that it refuses in a key of RSA.
  try {
    if (key.type === "private") {
      const inner = partsOf(key.export({ format: "der", type: "pkcs8" }))[2];
      return { key: createPrivateKey({ key: inner, format: "der", type: "pkcs1" }), algs };
    }
    const inner = partsOf(key.export({ format: "der", type: "spki" }))[1].subarray(1);
    return { key: createPublicKey({ key: inner, format: "der", type: "pkcs1" }), algs };
  } catch {
    throw new SignetError("invalid_key", "the RSA-PSS key is damaged: it has no numbers of an RSA key; export it again");
  }
}

function partsOf(der: Buffer): [Buffer, Buffer, Buffer] {
  return (derElements(derElement(der)?.body ?? der) ?? []).map(({ body }) => body) as [Buffer, Buffer, Buffer];
}
