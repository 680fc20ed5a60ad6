import type { PublicJwk } from "../../algorithms/jwk.js";
import { type Algorithm, algorithmNamed } from "../../algorithms/table.js";
import type { Kms } from "../../aws/kms.js";
import { isSignetError, SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { assertNamed, publicJwkOfSpki } from "../held-key.js";
import { kmsSigner, type OnKmsSigned } from "./sign.js";

/** Opens a key in KMS. Nothing is called. */
export async function openKmsKey(kms: Pick<Kms, "sign">, key: OpenableKey, onSigned?: OnKmsSigned): Promise<Signer> {
  if (!("keyArn" in key.material)) throw new SignetError("invalid_key", "the active document names no KMS key");
  const { keyArn, spki } = key.material;
  const publicJwk = reportedJwk(Buffer.from(spki, "base64"), algorithmNamed(key.alg), keyArn);
  assertNamed(publicJwk, key);
  return kmsSigner(kms, keyArn, publicJwk, onSigned);
}

/** The public key of a KMS key, whose kid is the key's id in its ARN. */
export function reportedJwk(spki: Buffer, algorithm: Algorithm, arn: string): PublicJwk {
  try {
    return publicJwkOfSpki(spki, algorithm, arn.slice(arn.lastIndexOf("/") + 1));
  } catch (error) {
    if (!isSignetError(error, "invalid_key")) throw error;
    throw new SignetError("key_mismatch", `${arn} is not a key for ${algorithm.name}`, { cause: error });
  }
}
