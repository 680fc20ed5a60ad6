import type { PublicJwk } from "../../algorithms/jwk.js";
import type { OpenableKey, Signer } from "../contract.js";
import { materialForm, openerOf } from "../material.js";
import { openStoredKey } from "../stored-key.js";

/** The material of a key whose private part the active document holds. */
export const material = materialForm<{ readonly pkcs8: string; readonly publicJwk: PublicJwk }>(
  "parameter-store",
  "pkcs8",
  "publicJwk",
);

/** Opens keys whose private part the active document holds. */
export const opener = /* @__PURE__ */ openerOf<unknown>(material, () => openParameterKey);

/** Opens a key whose private part is in its material. */
export async function openParameterKey(key: OpenableKey): Promise<Signer> {
  const { pkcs8, publicJwk } = material.read(key.material);
  return openStoredKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
}
