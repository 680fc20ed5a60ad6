import { type Algorithm, algorithmNamed } from "../../algorithms/table.js";
import { createKmsSigning, type Kms } from "../../aws/kms.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { materialForm, openerOf } from "../material.js";
import { assertNamed, keyOfSpki, type ReportedKey } from "../stored-key.js";
import { kmsSigner, type OnKmsSigned } from "./sign.js";

/** The material of a key in KMS: its ARN and its SubjectPublicKeyInfo, base64. */
export const material = materialForm<{ readonly keyArn: string; readonly spki: string }>("kms", "keyArn", "spki");

/** Opens keys in KMS. */
export const opener = /* @__PURE__ */ openerOf<Pick<AwsDeps, "transport" | "onSigned">>(material, ({ transport, onSigned }) => {
  const kms = createKmsSigning(transport);
  return (key) => openKmsKey(kms, key, onSigned);
});

/** Opens a key in KMS. Nothing is called. */
export async function openKmsKey(kms: Pick<Kms, "sign">, key: OpenableKey, onSigned?: OnKmsSigned): Promise<Signer> {
  const { keyArn, spki } = material.read(key.material);
  const reported = reportedKey(Buffer.from(spki, "base64"), algorithmNamed(key.alg), keyArn);
  assertNamed(reported.jwk, key);
  return kmsSigner(kms, keyArn, reported, onSigned);
}

/** The public key of a KMS key, whose kid is the key's id in its ARN. */
export function reportedKey(spki: Buffer, algorithm: Algorithm, arn: string): ReportedKey {
  try {
    return keyOfSpki(spki, algorithm, arn.slice(arn.lastIndexOf("/") + 1));
  } catch (error) {
    if (!isSignetError(error, "invalid_key")) throw error;
    throw new SignetError("key_mismatch", `${arn} is not a key for ${algorithm.name}`, { cause: error });
  }
}
