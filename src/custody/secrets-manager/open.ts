import { createSecretReader, type Secret, type SecretsManager } from "../../aws/secrets-manager.js";
import type { OpenableKey, Signer } from "../contract.js";
import type { AwsDeps } from "../facts.js";
import { materialForm, openerOf } from "../material.js";
import { keyNotFound, openStoredKey, parseStoredKey, type StoredKey } from "../stored-key.js";

/** The material of a key in Secrets Manager: the version of its secret. */
export const material = materialForm<{ readonly secretArn: string; readonly version: string }>(
  "secrets-manager",
  "secretArn",
  "version",
);

/** Opens keys in Secrets Manager: reads the version that the active document names. */
export const opener = /* @__PURE__ */ openerOf<Pick<AwsDeps, "transport">>(material, ({ transport }) =>
  openingSecrets(createSecretReader(transport)),
);

/** Binds a reader of secrets. */
export function openingSecrets(secrets: Pick<SecretsManager, "get">): (key: OpenableKey) => Promise<Signer> {
  return async (key) => {
    const { secretArn, version } = material.read(key.material);
    const secret = await secrets.get(secretArn, version);
    if (secret === undefined) throw keyNotFound(`the secret ${secretArn}`);
    const { pkcs8, publicJwk } = storedIn(secret);
    return openStoredKey(Buffer.from(pkcs8, "base64"), publicJwk, key);
  };
}

/** The key that a secret holds. */
export function storedIn(secret: Secret): StoredKey {
  return parseStoredKey(secret.value, secret.arn);
}
