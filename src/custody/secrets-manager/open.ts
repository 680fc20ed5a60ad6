import type { Secret, SecretsManager } from "../../aws/secrets-manager.js";
import { SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { type HeldKey, keyNotFound, openHeldKey, parseHeld } from "../held-key.js";

/** Opens a key in Secrets Manager: reads the version that the active document names. */
export async function openSecretKey(secrets: Pick<SecretsManager, "get">, key: OpenableKey): Promise<Signer> {
  if (!("secretArn" in key.material)) throw new SignetError("invalid_key", "the active document names no secret");
  const { secretArn, version } = key.material;
  const secret = await secrets.get(secretArn, version);
  if (secret === undefined) throw keyNotFound(`the secret ${secretArn}`);
  const { pkcs8, publicJwk } = heldIn(secret);
  return openHeldKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
}

/** The key that a secret holds. */
export function heldIn(secret: Secret): HeldKey {
  return parseHeld(secret.value, secret.arn);
}
