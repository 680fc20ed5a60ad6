import { algorithmNamed } from "../algorithms/table.js";
import type { Environment } from "../config/environment.js";
import { checkConfig, loadConfig } from "../config/load.js";
import type { AwsConfig, Config } from "../config/schema.js";
import { findCustody } from "../custody/registry.js";
import { SignetError } from "../errors.js";
import { type ConfigMembers, changeConfig, readMembers } from "./config-file.js";
import { awsMembers } from "./initial-config.js";
import type { Surroundings } from "./surroundings.js";

/** Where keys are to move: what is absent stays as it is. */
export interface MigrationRequest {
  readonly algorithm?: string;
  readonly custody?: string;
  readonly region?: string;
  readonly kmsKey?: string;
}

/** A migration as the config would say it. */
export interface PlannedMigration {
  readonly before: Config;
  readonly after: Config;
  /** The members that change. */
  readonly change: ConfigMembers;
}

/**
 * Finds out what a migration changes in the config. Nothing is written.
 *
 * @param path the config file
 * @throws SignetError `usage` for a move that is none, or that a variable hides; `config_invalid`
 */
export async function planMigration(
  surroundings: Surroundings,
  path: string,
  request: MigrationRequest,
): Promise<PlannedMigration> {
  const { env, cwd } = surroundings;
  const before = await loadConfig({ path, cwd, env });
  const change = changesOf(surroundings, before, request);
  return { before, after: overlaid(await readMembers(path), change, path, env).config, change };
}

/** Writes what a migration changes into the config. */
export function writeMigration({ env }: Surroundings, path: string, change: ConfigMembers): Promise<void> {
  return changeConfig(path, env, (members) => ({ members: overlaid(members, change, path, env).members, result: undefined }));
}

/** The members of the config that change. */
function changesOf(surroundings: Surroundings, before: Config, request: MigrationRequest): ConfigMembers {
  const { algorithm, custody, kmsKey, region } = request;
  const change: ConfigMembers = {};
  if (algorithm !== undefined) change.algorithm = algorithmNamed(algorithm).name;
  if (custody === undefined) {
    if (kmsKey !== undefined || region !== undefined) {
      throw new SignetError("usage", "--region and --kms-key belong to another custodian: name it by --custody");
    }
    return change;
  }
  const isLocal = findCustody(custody)?.needsAws === false;
  if (isLocal && findCustody(before.custody)?.needsAws === true) {
    throw new SignetError(
      "usage",
      "keys do not move back out of AWS: choose another custodian there, or make a new issuer elsewhere (`signet init --issuer URL`)",
    );
  }
  change.custody = custody;
  if (!isLocal) change.aws = awsAfter(surroundings, before, request);
  return change;
}

function awsAfter(
  surroundings: Surroundings,
  before: Config,
  { custody, region, kmsKey }: MigrationRequest,
): AwsConfig | undefined {
  const { aws } = before;
  if (aws === undefined) return awsMembers(surroundings, { custody, region, kmsKey, issuer: before.issuer } as never);
  if (region !== undefined && region !== aws.region) {
    throw new SignetError(
      "usage",
      `the installation is in ${aws.region ?? "the region of AWS_REGION"}; keys do not move between regions`,
    );
  }
  // With the custody kms it was only the first key; anywhere else keys are encrypted by it that are still in use.
  if (
    kmsKey !== undefined &&
    aws.kmsKey !== undefined &&
    kmsKey !== aws.kmsKey &&
    findCustody(before.custody)?.kmsKey !== "signs"
  ) {
    throw new SignetError(
      "usage",
      `keys in use are encrypted by ${aws.kmsKey}: leave out --kms-key, and the new ones are as well`,
    );
  }
  return { ...aws, ...(kmsKey !== undefined && { kmsKey }) };
}

function overlaid(members: ConfigMembers, change: ConfigMembers, path: string, env: Environment) {
  const next = { ...members, ...change };
  const config = checkConfig(next, path, { env, flags: {} });
  for (const name of ["custody", "algorithm"] as const) {
    if (change[name] === undefined || config[name] === change[name]) continue;
    const variable = `SIGNET_${name.toUpperCase()}`;
    throw new SignetError("usage", `${variable} is ${config[name]} and overrides the config: change or unset it first`);
  }
  return { members: next, config };
}
