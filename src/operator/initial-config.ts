import { randomBytes } from "node:crypto";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { regionIn } from "../aws/endpoint.js";
import { withProfile } from "../aws/profile-environment.js";
import { environmentOverrides } from "../config/environment.js";
import { checkConfig } from "../config/load.js";
import type { AwsConfig, Config } from "../config/schema.js";
import { CUSTODIES, CUSTODY_MEMBERS, findCustody, namesIn, takesPassphrase } from "../custody/registry.js";
import { isObject } from "../encoding/object-schema.js";
import { ownMember } from "../encoding/own-member.js";
import { urlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { membersIn } from "../settings/shape.js";
import { regionUnknown } from "./region-unknown.js";
import { pathGiven, type Surroundings } from "./surroundings.js";

/** Members of a new config that were chosen for those whom its tokens are for. */
export interface ChosenMembers extends Partial<Pick<Config, "tokens">> {
  readonly for: readonly string[];
  readonly limits: Partial<Config["limits"]>;
  readonly rotation: Partial<Config["rotation"]>;
}

/** The options that become members of a new config. */
export interface InitialOptions {
  readonly issuer?: string;
  /** Takes an issuer of http that is not on this machine. */
  readonly allowInsecureIssuer?: boolean;
  readonly algorithm?: string;
  readonly ed25519Name?: string;
  readonly custody?: string;
  readonly region?: string;
  readonly kmsKey?: string;
  readonly keyring?: string;
  /** A passphrase is asked for. */
  readonly passphrase?: boolean;
  readonly passphraseFile?: string;
  /** The members of a custodian's own, as `signet.json` has them. */
  readonly custodyMembers?: Readonly<Record<string, unknown>>;
  /** Whether the first key was made elsewhere: a verifier with a pasted PEM follows no schedule, so it rotates by hand. */
  readonly hasExistingKey?: boolean;
  /** What `--for` chose. */
  readonly chosen?: ChosenMembers;
}

const CHOSEN = ["for", "tokens", "limits", "rotation"] as const satisfies readonly (keyof ChosenMembers)[];

/** The config that a new installation would have. */
export interface WantedConfig {
  readonly config: Config;
  /** The members that were given as options, or follow from them. */
  readonly given: readonly Exclude<keyof Config, "directory" | "callers" | "$schema">[];
  /** What the file would say. */
  readonly text: string;
}

/**
 * Puts a new config together from options and environment.
 *
 * @throws SignetError `usage` or `config_invalid`
 */
export function wantedConfig(surroundings: Surroundings, options: InitialOptions, path: string): WantedConfig {
  const { env } = surroundings;
  const { issuer, allowInsecureIssuer, algorithm, ed25519Name, custody } = options;
  const passphraseFile = options.passphraseFile && relative(dirname(path), pathGiven(surroundings, options.passphraseFile));
  const aws = awsMembers(surroundings, options);
  const all = Object.entries({
    issuer,
    allowInsecureIssuer,
    algorithm,
    ed25519Name,
    custody,
    passphraseFile,
    aws,
    ...options.custodyMembers,
  });
  const flags = Object.fromEntries(all.filter(([, value]) => value !== undefined));
  const { chosen } = options;
  const byHand = options.hasExistingKey === true ? { rotateEverySeconds: 0 } : {};
  const config = checkConfig({ ...chosen, rotation: { ...byHand, ...chosen?.rotation } }, path, { env, flags });
  // The file says what was in force when it was made: keys must be found again in a shell that lacks the variables.
  const { limits: _limits, rotation: _rotation, passphraseFile: named, ...fromEnvironment } = environmentOverrides(env).members;
  const { maxTtlSeconds, defaultTtlSeconds: wantedTtlSeconds } = config.limits;
  // What would contradict itself is not written.
  const defaultTtlSeconds = wantedTtlSeconds === null ? null : Math.min(wantedTtlSeconds, maxTtlSeconds);
  const members = {
    $schema: schemaPath(path),
    ...(chosen && { for: chosen.for }),
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...(config.allowInsecureIssuer === undefined ? {} : { allowInsecureIssuer: config.allowInsecureIssuer }),
    algorithm: config.algorithm,
    ...fromEnvironment,
    // One that encrypts nothing would be missed later, when it is not there any more.
    ...(named !== undefined && takesPassphrase(config.custody) && { passphraseFile: named }),
    ...flags,
    ...(config.aws === undefined ? {} : { aws: config.aws }),
    ...(chosen?.tokens && { tokens: chosen.tokens }),
    limits: { ...chosen?.limits, maxTtlSeconds, defaultTtlSeconds },
    rotation: { ...chosen?.rotation, rotateEverySeconds: config.rotation.rotateEverySeconds },
  };
  const given = [...Object.keys(flags), ...(chosen === undefined ? [] : CHOSEN)] as WantedConfig["given"][number][];
  return { config, given, text: `${JSON.stringify(members, null, 2)}\n` };
}

/**
 * Refuses the flags of a custodian that does not hold the keys.
 *
 * @throws SignetError `usage`
 */
export function assertMembersAreOf(custody: string, { custodyMembers = {} }: InitialOptions): void {
  for (const {
    path,
    member: { flag },
  } of membersIn(CUSTODY_MEMBERS)) {
    const [group = ""] = path;
    if (flag === undefined) continue;
    const value = path.reduce<unknown>((at, name) => (isObject(at) ? ownMember(at, name) : undefined), custodyMembers);
    const facts = findCustody(custody);
    if (value === undefined || facts === undefined || facts.member === group) continue;
    const owner = namesIn(CUSTODIES.filter((each) => each.member === group));
    throw new SignetError(
      "usage",
      `${flag} is for the custody ${owner}, and here ${custody} holds the keys: give --custody ${owner}, or leave it out`,
    );
  }
}

/** The custodian that options and environment name. */
export function custodyAsked({ env }: Pick<Surroundings, "env">, { custody }: { readonly custody?: string | undefined }): string {
  return custody ?? (env.SIGNET_CUSTODY || "file");
}

/** What the options and the environment say of AWS; `undefined` where keys stay in files. */
export function awsMembers(
  { env }: Surroundings,
  { custody, region, kmsKey, keyring, issuer }: InitialOptions,
): AwsConfig | undefined {
  // A name that there is none of is refused with the config.
  const facts = findCustody(custodyAsked({ env }, { custody }));
  if (facts?.needsAws === false) {
    if (region === undefined && kmsKey === undefined && keyring === undefined) return undefined;
    throw new SignetError(
      "usage",
      "--region, --kms-key and --keyring are for keys in AWS: name their --custody (AWS_REGION is where an import comes from)",
    );
  }
  const found = region ?? (env.SIGNET_REGION || regionIn(withProfile(env)));
  if (found === undefined && facts !== undefined) throw regionUnknown();
  return {
    // No other installation's keys are touched: a manager removes what lies under its installation's name and stands in no keyring of it.
    installation: env.SIGNET_INSTALLATION || `${slug(issuer ?? env.SIGNET_ISSUER)}-${randomBytes(4).toString("hex")}`,
    ...(found ? { region: found } : {}),
    ...(kmsKey === undefined ? {} : { kmsKey }),
    ...(keyring === undefined ? {} : { keyring }),
  };
}

function slug(issuer = ""): string {
  const host = urlOf(issuer)?.hostname ?? "";
  return (
    host
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 30)
      .replace(/-$/, "") || "issuer"
  );
}

// Editors complete the config from the schema that this very package brings along.
function schemaPath(path: string): string {
  const schema = fileURLToPath(new URL(import.meta.resolve("signet-jwt/signet.schema.json")));
  const inFolder = relative(dirname(path), schema).replaceAll("\\", "/");
  return inFolder.startsWith(".") ? inFolder : `./${inFolder}`;
}
