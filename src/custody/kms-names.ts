import type { Algorithm } from "../algorithms/table.js";

/** KMS's name for a key that is made for an algorithm (AWS KMS developer guide, "Key spec reference"). */
export function kmsKeySpec({ kty, crv = "", name }: Algorithm): string {
  if (kty === "RSA") return "RSA_2048";
  if (kty === "EC") return `ECC_NIST_${crv.replace("-", "")}`;
  return kty === "OKP" ? "ECC_NIST_EDWARDS25519" : name.replaceAll("-", "_");
}

/** KMS's name for what an algorithm signs with (the same page). */
export function kmsSigningAlgorithm({ kty, digest, saltLength }: Algorithm): string {
  if (kty === "OKP") return "ED25519_SHA_512";
  if (kty === "AKP") return "ML_DSA_SHAKE_256";
  const scheme = kty === "EC" ? "ECDSA" : `RSASSA_${saltLength === undefined ? "PKCS1_V1_5" : "PSS"}`;
  return `${scheme}_SHA_${digest?.slice(3)}`;
}
