import { type AssemblyOptions, assemble, type Installation } from "../assemble.js";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { configuredPassphrase } from "../config/secrets.js";
import { SignetError } from "../errors.js";
import type { Keyring } from "../keyring/keyring.js";
import { placeOfConfig } from "./config-place.js";
import { STACK_CONFIG, type Surroundings } from "./surroundings.js";

/**
 * Builds the installation that a config describes.
 *
 * @param name the config file, or `stack:NAME` for one that a stack has installed; default as `loadConfig` has it
 * @throws SignetError `config_missing`, `config_invalid`, and `usage` where there is no such stack
 */
export async function loadInstallation(
  surroundings: Surroundings,
  name: string | undefined,
  more: AssemblyOptions = {},
): Promise<Installation> {
  const { cwd, env } = surroundings;
  const config = name?.startsWith(STACK_CONFIG)
    ? await (await import("./stack-config.js")).stackConfig(surroundings, name)
    : await loadConfig({ path: placeOfConfig(surroundings, name), cwd, env, onDoubt: surroundings.onDoubt });
  if (surroundings.onDoubt !== undefined) await tellDoubts(config, surroundings.onDoubt);
  return assemble(config, { passphrase: passphraseOf(surroundings, config), env, ...more });
}

// The table of parties is loaded where a config names some.
async function tellDoubts(config: Config, onDoubt: NonNullable<Surroundings["onDoubt"]>): Promise<void> {
  if (config.for === undefined) return;
  const { doubtsOfParties } = await import("./party-keys.js");
  for (const words of doubtsOfParties(config)) onDoubt(words);
}

/** What answers the passphrase of key files: config and environment, else a person, who is asked once. */
export function passphraseOf({ env, passphrasePrompt }: Surroundings, config: Config): () => Promise<string | undefined> {
  let asked: Promise<string | undefined> | undefined;
  return async () => {
    const configured = await configuredPassphrase(config, env);
    const ask = configured === undefined ? passphrasePrompt?.() : undefined;
    if (ask === undefined) return configured;
    // Asked for no reason it would encrypt, under whatever was typed, what nothing else encrypts.
    asked ??= import("./passphrase-use.js").then(async ({ hasEncryptedKeys }) =>
      (await hasEncryptedKeys(config)) ? ask() : undefined,
    );
    return asked;
  };
}

/** The keyring of an installation, as it is now. @throws SignetError `keyring_missing` */
export async function existingKeyring(installation: Installation): Promise<Keyring> {
  const found = await installation.stores.keyring.read();
  if (found === undefined) throw keyringMissing(installation);
  return found.keyring;
}

/** Beside a config whose keys are not there: a volume may not be mounted, so that `init` is the last thing to try. */
export function keyringMissing(installation: Installation): SignetError {
  return missing("keyring", installation, "or run `signet init` to make a new issuer");
}

/** The public keys are not where they are published. */
export function jwksMissing(installation: Installation): SignetError {
  const way = "publish it again with `signet keys tick`, or run `signet init` to make a new issuer";
  return missing("JWKS", installation, way);
}

function missing(what: string, { stores, config }: Installation, otherWay: string): SignetError {
  const location = stores.location ?? config.directory;
  return new SignetError(
    "keyring_missing",
    `there is no ${what} in ${location}: mount or restore what should be there, ${otherWay}`,
  );
}
