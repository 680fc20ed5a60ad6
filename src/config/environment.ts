import { didYouMean } from "../encoding/nearest.js";
import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables that stand over `signet.json`, and the member that each stands for. */
const OVERRIDES: Readonly<
  Record<string, { readonly path: readonly [string] | readonly [string, string]; readonly isNumber?: true }>
> = {
  SIGNET_ISSUER: { path: ["issuer"] },
  SIGNET_ALGORITHM: { path: ["algorithm"] },
  SIGNET_ED25519_NAME: { path: ["ed25519Name"] },
  SIGNET_CUSTODY: { path: ["custody"] },
  SIGNET_INSTALLATION: { path: ["aws", "installation"] },
  SIGNET_REGION: { path: ["aws", "region"] },
  SIGNET_KMS_KEY: { path: ["aws", "kmsKey"] },
  SIGNET_KEYRING: { path: ["aws", "keyring"] },
  SIGNET_DIRECTORY: { path: ["directory"] },
  SIGNET_PASSPHRASE_FILE: { path: ["passphraseFile"] },
  SIGNET_MAX_TTL_SECONDS: { path: ["limits", "maxTtlSeconds"], isNumber: true },
  SIGNET_DEFAULT_TTL_SECONDS: { path: ["limits", "defaultTtlSeconds"], isNumber: true },
  SIGNET_ROTATE_EVERY_SECONDS: { path: ["rotation", "rotateEverySeconds"], isNumber: true },
  SIGNET_PUBLISH_AHEAD_SECONDS: { path: ["rotation", "publishAheadSeconds"], isNumber: true },
};

/** Read elsewhere: where the config stands, the passphrase, which is no member of it, and whether failures show where. */
const OTHERS = ["SIGNET_CONFIG", "SIGNET_PASSPHRASE", "SIGNET_WEBHOOK_SECRET", "SIGNET_DEBUG"];

/** The members that the environment sets, in the shape of `signet.json`, and where each came from. */
export interface EnvironmentOverrides {
  readonly members: Readonly<Record<string, unknown>>;
  /** By the member's path, "limits.maxTtlSeconds": the variable's name. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads the variables that stand over the config file.
 *
 * @throws SignetError `config_invalid` for a number that is none, and for `SIGNET_LIMITS`
 */
export function environmentOverrides(env: Environment): EnvironmentOverrides {
  // Whoever sets it expects tokens to be limited: a warning would leave them as they are.
  if (env.SIGNET_LIMITS) {
    throw new SignetError(
      "config_invalid",
      "SIGNET_LIMITS is read by the Lambda functions alone: put the limits into signet.json, or unset it",
      { field: "SIGNET_LIMITS" },
    );
  }
  const members = new Map<string, unknown>();
  const sources = new Map<string, string>();
  for (const [name, { path, isNumber }] of Object.entries(OVERRIDES)) {
    const text = ownMember(env, name);
    if (text === undefined || text === "") continue;
    if (isNumber === true && !/^\d{1,15}$/.test(text)) {
      throw new SignetError("config_invalid", `${name} must be a whole number of seconds`, { field: name });
    }
    const value = isNumber === true ? Number(text) : text;
    const [first, second] = path;
    const group = Object.entries((members.get(first) as object | undefined) ?? {});
    members.set(first, second === undefined ? value : Object.fromEntries([...group, [second, value]]));
    sources.set(path.join("."), name);
  }
  return { members: Object.fromEntries(members), sources };
}

/** A warning for each `SIGNET_` variable that nobody reads; `SIGNET_LIMITS` is more than that. */
export function unknownVariables(env: Environment): string[] {
  const known = [...Object.keys(OVERRIDES), ...OTHERS];
  return Object.keys(env)
    .filter((name) => name.startsWith("SIGNET_") && name !== "SIGNET_LIMITS" && !known.includes(name))
    .map((name) => `the environment variable ${name} means nothing to signet${didYouMean(name, known)}`);
}
