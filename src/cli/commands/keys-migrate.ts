import { assemble } from "../../assemble.js";
import type { Config } from "../../config/schema.js";
import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { passphraseOf } from "../../operator/load-installation.js";
import { type MigrationRequest, planMigration, writeMigration } from "../../operator/migration.js";
import { assertAlgorithmTaken, handingParty } from "../../operator/party-keys.js";
import { footprint } from "../../operator/prices.js";
import type { Report } from "../../rotation/report.js";
import { type Context, pathOfConfig } from "../context.js";
import { managerFor, printReport } from "../key-report.js";
import { algorithmGiven } from "../typed.js";
import { type ApplyOptions, acceptance, warnOfLoss } from "./keys-change.js";

export interface MigrateOptions extends ApplyOptions, MigrationRequest {}

/**
 * `signet keys migrate`: another algorithm or another custodian, as an ordinary rotation. The config says so first: without it
 * no manager could reach the new keys. Until the rotation the policy in force, and so the keys, are the old ones.
 */
export async function keysMigrate(context: Context, options: MigrateOptions): Promise<void> {
  const { env, output } = context;
  if (options.algorithm !== undefined) algorithmGiven(options.algorithm, "--algorithm");
  const path = pathOfConfig(context, options);
  const { before, after, change } = await planMigration(context, path, options);
  assertMayMigrate(before, after, options);
  const isMoving = after.custody !== before.custody;
  const installation = await assemble(after, { passphrase: passphraseOf(context, after), env });
  if (isMoving) tellMove(context, before, after);
  await warnOfLoss(context, installation);
  const manager = await managerFor(context, installation);
  const request = { ...acceptance(options), rotate: true };
  // What is refused is refused before anything is written.
  const preview = await manager.applySettings({ ...request, dryRun: true });
  if (options.dryRun === true) {
    printReport(context, preview, options);
    return;
  }
  await writeMigration(context, path, change);
  const report = await manager.applySettings(request);
  printReport(context, report, options);
  if (Object.keys(change).length > 0) output.note(`${path} says so too`);
  if (isMoving) output.note(`restart every \`signet serve\` ${restartBy(report)}: it reads the config when it starts`);
}

/** What is made has to be taken by all whom the tokens are for. */
function assertMayMigrate(before: Config, after: Config, { algorithm }: MigrateOptions): void {
  const handing = handingParty(before);
  if (handing !== undefined) {
    const where =
      after.custody === before.custody
        ? ""
        : "`custody` (and `aws`) in the config say who holds it, once `signet keys apply` has put that in force; ";
    throw new SignetError(
      "plan_refused",
      `${handing.name} makes the keys itself, and a migration would make one here: ${where}import the next file with \`signet keys import FILE ` +
        "--as active`",
    );
  }
  assertAlgorithmTaken(before, after.algorithm, algorithm === undefined ? "algorithm of the config" : "--algorithm");
}

function tellMove({ output }: Context, before: Config, { custody, aws }: Config): void {
  const { things, monthly } = footprint(custody, undefined);
  const where = monthly === undefined ? "" : " in AWS";
  output.note(
    `From ${before.custody} to ${custody}${aws === undefined ? "" : `, as the installation ${aws.installation}`}. New${where}:`,
  );
  for (const thing of things) output.note(`  ${thing}`);
  if (monthly !== undefined) output.note(`  about $${monthly.toFixed(2)} a month, before any token (\`signet cost\`)`);
  output.note("The old keys stay where they are until their last tokens have expired, and the rights to them must stay as long");
}

function restartBy({ waits }: Report): string {
  const until = waits.find(({ rule, until: at }) => rule === "second_standby" && at !== null)?.until;
  return until == null ? "now" : `before ${dateInWords(until)}`;
}
