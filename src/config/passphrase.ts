import { SignetError } from "../errors.js";
import { readPrivateFile } from "../files/private-read.js";
import type { Environment } from "./environment.js";
import type { Config } from "./schema.js";

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
  const text = await readPrivateFile(config.passphraseFile);
  const passphrase = text?.replace(/\r?\n$/, "");
  if (passphrase) return passphrase;
  throw new SignetError(
    "passphrase_required",
    `${config.passphraseFile} ${text === undefined ? "does not exist" : "is empty"}; put the passphrase in it`,
  );
}
