import { dirname, resolve } from "node:path";
import { safeParse } from "valibot";
import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import { readTrustedText } from "../files/trusted-read.js";
import { REFUSED_CALLER_NAMES } from "../settings/callers.js";
import { type Environment, environmentOverrides } from "./environment.js";
import { explainIssue } from "./explain-issue.js";
import { assertPublishAhead, PUBLISH_AHEAD } from "./publish-ahead.js";
import { type Config, configSchema } from "./schema.js";

/** The name of the config file. */
const CONFIG_NAME = "signet.json";

/** Where a config is looked for, and what stands over it. */
export interface ConfigSources {
  /** The file; default `SIGNET_CONFIG`, else `signet.json` in the present directory. */
  readonly path?: string | undefined;
  readonly cwd: string;
  readonly env: Environment;
  /** Members given as flags: they stand over the environment, which stands over the file. */
  readonly flags?: Readonly<Record<string, unknown>> | undefined;
}

/** The file that a config is read from. */
export function configPath({ path, cwd, env }: ConfigSources): string {
  return resolve(cwd, path ?? (env.SIGNET_CONFIG || CONFIG_NAME));
}

/**
 * Reads a config.
 *
 * @throws SignetError `config_missing`, or `config_invalid` naming the file, the path inside it and the fix
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  const path = configPath(sources);
  const text = await readTrustedText("document", path, "config_invalid");
  if (text === undefined) {
    throw new SignetError(
      "config_missing",
      `there is no ${path}: run \`signet init\` to make an issuer here, or name one with --config FILE`,
    );
  }
  return checkConfig(parseStrictJson(text, path), path, sources);
}

/**
 * Checks the members of a config and completes them.
 *
 * @param members what the file says, or would say
 * @param path the file, for messages and for its relative paths
 * @throws SignetError `config_invalid`; `usage` where a flag is at fault
 */
export function checkConfig(members: unknown, path: string, { env, flags = {} }: Pick<ConfigSources, "env" | "flags">): Config {
  if (typeof members !== "object" || members === null || Array.isArray(members)) {
    throw new SignetError("config_invalid", `${path} must hold an object`);
  }
  const overrides = environmentOverrides(env);
  const merged = overlaid(overlaid(members as Record<string, unknown>, overrides.members), flags);
  const sources = new Map([...overrides.sources, ...sourcesOfFlags(flags)]);
  assertObjects(merged, path);
  const result = safeParse(configSchema, merged);
  if (!result.success) throw explainIssue(result.issues[0], path, sources);
  assertCustody(result.output, path);
  assertPublishAhead(result.output.rotation, sources.get(PUBLISH_AHEAD) ?? path);
  const { directory, passphraseFile, notices, ...config } = result.output;
  const inFolder = (name: string) => resolve(dirname(path), name);
  return Object.freeze({
    ...config,
    directory: inFolder(directory),
    notices: {
      ...notices,
      ...(notices.webhookSecretFile !== undefined && { webhookSecretFile: inFolder(notices.webhookSecretFile) }),
    },
    ...(passphraseFile === undefined ? {} : { passphraseFile: inFolder(passphraseFile) }),
  });
}

function assertCustody({ custody, aws }: Pick<Config, "custody" | "aws">, path: string): void {
  if (custody !== "file" && aws === undefined) {
    const what = `${path}: the custody ${custody} needs aws.installation, a name that no other installation of the account and region has`;
    throw new SignetError("config_invalid", what, { field: "aws.installation" });
  }
  if (custody === "kms-data-key" && aws?.kmsKey === undefined) {
    const what = `${path}: the custody kms-data-key needs aws.kmsKey, the symmetric KMS key that wraps the private keys (--kms-key)`;
    throw new SignetError("config_invalid", what, { field: "aws.kmsKey" });
  }
}

// valibot takes a list for an object with members 0, 1, ...
function assertObjects({ limits, rotation, notices, callers, aws }: Record<string, unknown>, path: string): void {
  const ofCallers = Object.entries(isObject(callers) ? callers : {}).flatMap(([name, caller]): [string, unknown][] => [
    [`callers.${name}`, caller],
    [`callers.${name}.limits`, isObject(caller) ? caller.limits : undefined],
  ]);
  // valibot drops members of these names without a word.
  const refused = Object.keys(isObject(callers) ? callers : {}).find((name) => REFUSED_CALLER_NAMES.includes(name));
  if (refused !== undefined) {
    const what = `${path}: a caller cannot be called ${refused}, since every JavaScript object answers to that; rename it`;
    throw new SignetError("config_invalid", what, { field: `callers.${refused}` });
  }
  for (const [field, value] of [...Object.entries({ limits, rotation, notices, callers, aws }), ...ofCallers]) {
    if (!Array.isArray(value)) continue;
    throw new SignetError("config_invalid", `${path}: ${field} is a list; it must be an object`, { field });
  }
}

// A flag is spelled as its member is: --ed25519-name for ed25519Name.
function sourcesOfFlags(flags: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]): [string, unknown][] =>
      GROUPS.has(name) ? Object.entries(value as object).map(([member, each]) => [`${name}.${member}`, each]) : [[name, value]],
    )
    .map(([name]) => [name, `--${name.replace(/^.*\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`]);
}

const GROUPS = new Set(["limits", "rotation", "aws"]);

// One level deep: these are groups, everything else is a value.
function overlaid(under: Readonly<Record<string, unknown>>, over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = new Map(Object.entries(under));
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const before = merged.get(name);
    const isGroup = GROUPS.has(name) && typeof before === "object" && before !== null;
    merged.set(name, isGroup ? { ...before, ...(value as object) } : value);
  }
  return Object.fromEntries(merged);
}
