import type { EncryptionContext, Kms } from "../../aws/kms.js";
import { SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { openHeldKey } from "../held-key.js";

/** What wrapped keys are opened with. */
export interface Unwrapping {
  readonly kms: Pick<Kms, "decrypt">;
  /** The installation that the keys belong to; with the key's id it is the encryption context. */
  readonly installation: string;
}

/** What a wrapped key is bound to. */
export function contextOf(installation: string, id: string): EncryptionContext {
  return { "signet:installation": installation, "signet:key": id };
}

/** Opens a wrapped key by one Decrypt, with the KMS key that has wrapped it: another one may wrap new keys by now. */
export async function openWrappedKey({ kms, installation }: Unwrapping, key: OpenableKey): Promise<Signer> {
  if (!("wrapped" in key.material)) throw new SignetError("invalid_key", "the active document holds no wrapped key");
  const { wrapped, id, publicJwk } = key.material;
  const pkcs8 = await kms.decrypt(Buffer.from(wrapped, "base64"), contextOf(installation, id));
  try {
    return openHeldKey(pkcs8, publicJwk, key);
  } finally {
    pkcs8.fill(0);
  }
}
