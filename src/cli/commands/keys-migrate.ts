import { algorithmNamed } from "../../algorithms/table.js";
import { assemble } from "../../assemble.js";
import { checkConfig, loadConfig } from "../../config/load.js";
import type { AwsConfig, Config } from "../../config/schema.js";
import { configuredPassphrase } from "../../config/secrets.js";
import { findCustody } from "../../custody/registry.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { type ConfigMembers, changeConfig, readMembers } from "../../operator/config-file.js";
import { awsMembers } from "../../operator/initial-config.js";
import { footprint } from "../../operator/prices.js";
import type { Report } from "../../rotation/report.js";
import { type Context, pathOfConfig } from "../context.js";
import { managerFor, printReport } from "../key-report.js";
import { type ApplyOptions, acceptance } from "./keys-change.js";

export interface MigrateOptions extends ApplyOptions {
  readonly custody?: string;
  readonly region?: string;
  readonly kmsKey?: string;
}

/**
 * `signet keys migrate`: another algorithm or another custodian, as an ordinary rotation. The config says so first: without it
 * no manager could reach the new keys. Until the rotation the policy in force, and so the keys, are the old ones.
 */
export async function keysMigrate(context: Context, options: MigrateOptions): Promise<void> {
  const { env, cwd, output } = context;
  const path = pathOfConfig(context, options);
  const before = await loadConfig({ path, cwd, env });
  const change = changesOf(context, before, options);
  const after = overlaid(await readMembers(path), change, path, env).config;
  const isMoving = after.custody !== before.custody;
  if (isMoving) tellMove(context, before, after);
  const installation = await assemble(after, { passphrase: () => configuredPassphrase(after, env), env });
  const manager = await managerFor(context, installation);
  const request = { ...acceptance(options), rotate: true };
  // What is refused is refused before anything is written.
  const preview = await manager.applySettings({ ...request, dryRun: true });
  if (options.dryRun === true) {
    printReport(context, preview, options);
    return;
  }
  await changeConfig(path, env, (members) => ({ members: overlaid(members, change, path, env).members, result: undefined }));
  const report = await manager.applySettings(request);
  printReport(context, report, options);
  if (Object.keys(change).length > 0) output.note(`${path} says so too`);
  if (isMoving) output.note(`restart every \`signet serve\` ${restartBy(report)}: it reads the config when it starts`);
}

/** The members of the config that change. */
function changesOf(context: Context, before: Config, options: MigrateOptions): ConfigMembers {
  const { algorithm, custody, kmsKey, region } = options;
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
      "keys do not move back out of AWS: choose another custodian there, or `signet init` a new issuer",
    );
  }
  change.custody = custody;
  if (!isLocal) change.aws = placeOf(context, before, options);
  return change;
}

function placeOf(context: Context, before: Config, { custody, region, kmsKey }: MigrateOptions): AwsConfig | undefined {
  const { aws } = before;
  if (aws === undefined) return awsMembers(context, { custody, region, kmsKey, issuer: before.issuer } as never);
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

function overlaid(members: ConfigMembers, change: ConfigMembers, path: string, env: NodeJS.ProcessEnv) {
  const next = { ...members, ...change };
  const config = checkConfig(next, path, { env });
  for (const name of ["custody", "algorithm"] as const) {
    if (change[name] === undefined || config[name] === change[name]) continue;
    const variable = `SIGNET_${name.toUpperCase()}`;
    throw new SignetError("usage", `${variable} is ${config[name]} and overrides the config: change or unset it first`);
  }
  return { members: next, config };
}

function tellMove({ output }: Context, before: Config, { custody, aws }: Config): void {
  const { things, monthly } = footprint(custody, undefined);
  output.note(
    `From ${before.custody} to ${custody}${aws === undefined ? "" : `, as the installation ${aws.installation}`}. New in AWS:`,
  );
  for (const thing of things) output.note(`  ${thing}`);
  output.note(`  about $${monthly.toFixed(2)} a month, before any token (\`signet cost\`)`);
  output.note("The old keys stay where they are until their last tokens have expired, and the rights to them must stay as long");
}

function restartBy({ waits }: Report): string {
  const until = waits.find(({ rule, until: at }) => rule === "second_standby" && at !== null)?.until;
  return until == null ? "now" : `before ${dateInWords(until)}`;
}
