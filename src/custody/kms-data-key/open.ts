import type { PublicJwk } from "../../algorithms/jwk.js";
import { createKmsSigning, type EncryptionContext, type Kms } from "../../aws/kms.js";
import type { OpenableKey, Signer } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { materialForm, openerOf } from "../material.js";
import { openStoredKey } from "../stored-key.js";

/** What wrapped keys are opened with. */
export interface Unwrapping {
  readonly kms: Pick<Kms, "decrypt">;
  /** The installation that the keys belong to; with the key's id it is the encryption context. */
  readonly installation: string;
}

/** A private key, encrypted by KMS, and its material. */
export interface WrappedKey {
  /** Base64. */
  readonly wrapped: string;
  readonly id: string;
  readonly publicJwk: PublicJwk;
}

export const material = materialForm<WrappedKey>("kms-data-key", "wrapped", "id", "publicJwk");

/** Opens keys that KMS has wrapped. */
export const opener = /* @__PURE__ */ openerOf<Pick<AwsDeps, "transport" | "installation">>(
  material,
  ({ transport, installation }) => {
    const kms = createKmsSigning(transport);
    return (key) => openWrappedKey({ kms, installation }, key);
  },
);

/** What a wrapped key is bound to. */
export function contextOf(installation: string, id: string): EncryptionContext {
  return { "signet:installation": installation, "signet:key": id };
}

/** Opens a wrapped key by one Decrypt, with the KMS key that has wrapped it: another one may wrap new keys by now. */
export async function openWrappedKey({ kms, installation }: Unwrapping, key: OpenableKey): Promise<Signer> {
  const { wrapped, id, publicJwk } = material.read(key.material);
  const pkcs8 = await kms.decrypt(Buffer.from(wrapped, "base64"), contextOf(installation, id));
  try {
    return openStoredKey(pkcs8, publicJwk, key);
  } finally {
    pkcs8.fill(0);
  }
}
