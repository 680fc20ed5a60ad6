import { nameOfEntry } from "../../algorithms/jwk-purpose.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { inRegion, readJwks } from "../../operator/jwks-source.js";
import type { SkippedKey } from "../../rotation/steps/foreign-keys.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { instantOf } from "./keys-change.js";

export interface ImportJwksOptions extends ChangeOptions {
  readonly tokensExpireBy?: string;
  readonly kid?: readonly string[];
  readonly algorithm?: string;
}

/** As many are named; `--json` has all. */
const MAX_NAMED = 20;

/** `signet keys import-jwks`: publishes another issuer's public keys as retired, so that its tokens go on being accepted. */
export async function keysImportJwks(context: Context, source: string, options: ImportJwksOptions): Promise<void> {
  const algorithm = options.algorithm === undefined ? undefined : algorithmNamed(options.algorithm).name;
  const installation = await openInstallation(context, options);
  const manager = await managerFor(context, installation);
  const { keys } = await readJwks(inRegion(context, installation.config.aws?.region), source);
  const expiry = options.tokensExpireBy === undefined ? {} : { tokensExpireBy: instantOf(options.tokensExpireBy) };
  const { kid: kids, dryRun } = options;
  const report = await manager.importForeignKeys({ keys, kids, algorithm, ...expiry, dryRun });
  if (options.json !== true) printSkipped(context, report.skipped, dryRun === true);
  printReport(context, report, options);
}

function printSkipped({ output }: Context, skipped: readonly SkippedKey[], isDry: boolean): void {
  const verb = isDry ? "would skip" : "skipped";
  for (const { index, kid, words } of skipped.slice(0, MAX_NAMED)) {
    output.note(`${verb} ${nameOfEntry({ kid }, index)}: ${words}`);
  }
  if (skipped.length > MAX_NAMED) output.note(`${verb} ${skipped.length - MAX_NAMED} more; --json names them`);
}
