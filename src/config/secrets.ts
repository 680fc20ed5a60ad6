import { SignetError } from "../errors.js";
import { readTrustedText } from "../files/trusted-read.js";
import type { Environment } from "./environment.js";
import type { Config } from "./schema.js";

/**
 * The secret that notices to a webhook are signed with, as a config and its environment name it. `SIGNET_WEBHOOK_SECRET` comes first.
 *
 * @throws SignetError `store_insecure` for a file that others can read
 */
export async function configuredWebhookSecret(
  { notices }: Pick<Config, "notices">,
  env: Environment,
): Promise<string | undefined> {
  if (env.SIGNET_WEBHOOK_SECRET) return env.SIGNET_WEBHOOK_SECRET;
  const text = notices.webhookSecretFile === undefined ? undefined : await readTrustedText("secret", notices.webhookSecretFile);
  return text?.replace(/\r?\n$/, "");
}

/**
 * The passphrase that a config and its environment name; `undefined` where they name none. `SIGNET_PASSPHRASE` comes first.
 *
 * @throws SignetError `passphrase_required` for a file that is missing or empty, `store_insecure` for one that others can read
 */
export async function configuredPassphrase(
  config: Pick<Config, "passphraseFile">,
  env: Environment,
): Promise<string | undefined> {
  const direct = env.SIGNET_PASSPHRASE;
  if (direct !== undefined && direct !== "") return direct;
  if (config.passphraseFile === undefined) return undefined;
  const text = await readTrustedText("secret", config.passphraseFile);
  const passphrase = text?.replace(/\r?\n$/, "");
  if (passphrase) return passphrase;
  throw new SignetError(
    "passphrase_required",
    `${config.passphraseFile} ${text === undefined ? "does not exist" : "is empty"}; put the passphrase in it`,
  );
}
