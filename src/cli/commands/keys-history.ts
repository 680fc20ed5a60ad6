import { SignetError } from "../../errors.js";
import type { CommonOptions, Context } from "../context.js";
import { managerFor } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { table } from "../table.js";
import { dateInWords } from "../times-in-words.js";

/** `signet keys history`: every change of a key, who asked for it and why. */
export async function keysHistory(context: Context, options: CommonOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const entries = await manager.history();
  if (options.json === true) {
    context.output.json({ entries });
    return;
  }
  const rows = entries.map(({ number, at, actor, event, keys = [], why = "" }) => [
    String(number),
    dateInWords(at),
    actor,
    event,
    keys.join(" "),
    why,
  ]);
  for (const line of table(["NO", "TIME", "WHO", "WHAT", "KEYS", "WHY"], rows)) context.output.data(line);
}

/** `signet audit verify`: whether the log is whole, and what such a log cannot prove. */
export async function auditVerify(context: Context, options: CommonOptions): Promise<void> {
  const { output } = context;
  const manager = await managerFor(context, await openInstallation(context, options));
  const verdict = await manager.verifyAudit();
  if (options.json === true) output.json(verdict);
  else output.data(`${verdict.count} ${verdict.head}`);
  if (verdict.fault !== null) {
    throw new SignetError("keyring_damaged", `the audit log is not whole: line ${verdict.fault.number}: ${verdict.fault.words}`);
  }
  output.note(`the audit log is whole: ${verdict.count} entries, as the keyring says`);
  output.note("somebody who rewrites both the log and the keyring does not show; keep the head above elsewhere to see that");
}
