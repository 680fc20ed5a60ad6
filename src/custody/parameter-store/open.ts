import { SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { openHeldKey } from "../held-key.js";

/** Opens a key whose private part the active document holds. */
export async function openParameterKey(key: OpenableKey): Promise<Signer> {
  if (!("pkcs8" in key.material)) throw new SignetError("invalid_key", "the active document holds no private key");
  return openHeldKey(Buffer.from(key.material.pkcs8, "base64"), key.material.publicJwk, key);
}
