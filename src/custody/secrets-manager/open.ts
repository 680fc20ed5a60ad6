import type { Secret, SecretsManager } from "../../aws/secrets-manager.js";
import { SignetError } from "../../errors.js";
import type { OpenableKey, Signer } from "../contract.js";
import { type HeldKey, keyNotFound, openHeldKey, parseHeld } from "../held-key.js";

/** Opens a key in Secrets Manager: reads the version that the active document names. */
export async function openSecretKey(secrets: Pick<SecretsManager, "get">, key: OpenableKey): Promise<Signer> {
  if (!("secretArn" in key.material)) throw new SignetError("invalid_key", "the active document names no secret");
  const { secretArn, version } = key.material;
  const { pkcs8, publicJwk } = heldIn(await mustGet(secrets, secretArn, version));
  return openHeldKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
}

/** The key that a secret holds. */
export function heldIn(secret: Secret): HeldKey {
  return parseHeld(secret.value, secret.arn);
}

/** @throws SignetError `key_not_found` */
export async function mustGet(secrets: Pick<SecretsManager, "get">, name: string, version?: string): Promise<Secret> {
  const found = await secrets.get(name, version);
  if (found === undefined) throw keyNotFound(`the secret ${name}`);
  return found;
}
