import { SignetError } from "../../errors.js";
import { kidOf } from "../../operator/key-listing.js";
import { goesOnSigning, obstacleToReplacing, riskInWords, youngSuccessor } from "../../operator/report-words.js";
import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

export interface RevokeOptions extends ChangeOptions {
  readonly reason?: string;
}

/** `signet keys revoke`: a standby takes over at once, and the key leaves the JWKS. */
export async function keysRevoke(context: Context, given: string, options: RevokeOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const kid = await kidOf(installation, given);
  const manager = await managerFor(context, installation);
  const request = { kid, ...(options.reason === undefined ? {} : { reason: options.reason }) };
  const preview = await manager.revoke({ ...request, dryRun: true });
  if (options.json !== true) for (const words of riskInWords(preview.tokensAtRisk)) context.output.note(words);
  const stillSigns = await goesOnSigning(installation, preview, kid);
  if (stillSigns !== undefined) context.output.note(`warning: ${stillSigns}`);
  const obstacle = obstacleToReplacing(preview);
  if (options.dryRun === true) {
    printReport(context, preview, options);
    if (obstacle !== undefined) throw new SignetError("plan_refused", obstacle);
    return;
  }
  if (obstacle !== undefined) context.output.note(`warning: ${obstacle}`);
  for (const words of youngSuccessor(preview)) context.output.note(`warning: ${words}`);
  await confirm(`Revoke key ${kid}?`, options);
  printReport(context, await manager.revoke(request), options);
}
