import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentOverrides } from "../config/environment.js";
import { checkConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { type CommonOptions, type Context, pathGiven } from "./context.js";

/** The options that become members of a new config. */
export interface InitialOptions extends CommonOptions {
  readonly issuer?: string;
  readonly algorithm?: string;
  readonly ed25519Name?: string;
  readonly custody?: string;
  readonly passphraseFile?: string;
}

/** The config that a new installation would have. */
export interface WantedConfig {
  readonly config: Config;
  /** The members that were given as options. */
  readonly given: readonly (keyof InitialOptions & keyof Config)[];
  /** What the file would say. */
  readonly text: string;
}

/**
 * Puts a new config together from options and environment.
 *
 * @throws SignetError `usage` or `config_invalid`
 */
export function wantedConfig(context: Context, options: InitialOptions, path: string): WantedConfig {
  const { env } = context;
  const { issuer, algorithm, ed25519Name, custody } = options;
  const passphraseFile = options.passphraseFile && relative(dirname(path), pathGiven(context, options.passphraseFile));
  const all = Object.entries({ issuer, algorithm, ed25519Name, custody, passphraseFile });
  const flags = Object.fromEntries(all.filter(([, value]) => value !== undefined));
  const config = checkConfig({}, path, { env, flags });
  // The file says what was in force when it was made: keys must be found again in a shell that lacks the variables.
  const { limits: _limits, rotation: _rotation, ...fromEnvironment } = environmentOverrides(env).members;
  const { maxTtlSeconds, defaultTtlSeconds } = config.limits;
  const members = {
    $schema: schemaPath(path),
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    algorithm: config.algorithm,
    ...fromEnvironment,
    ...flags,
    limits: { maxTtlSeconds, defaultTtlSeconds },
    rotation: { rotateEverySeconds: config.rotation.rotateEverySeconds },
  };
  return { config, given: Object.keys(flags) as WantedConfig["given"][number][], text: `${JSON.stringify(members, null, 2)}\n` };
}

// Editors complete the config from the schema that this very package brings along.
function schemaPath(path: string): string {
  const schema = fileURLToPath(new URL(import.meta.resolve("signet-jwt/signet.schema.json")));
  const inFolder = relative(dirname(path), schema).replaceAll("\\", "/");
  return inFolder.startsWith(".") ? inFolder : `./${inFolder}`;
}
