import { dateInWords } from "../../encoding/times-in-words.js";
import { SignetError } from "../../errors.js";
import { auditInWords } from "../../operator/key-health.js";
import { columnsToShorten } from "../../operator/kid-prefix.js";
import { confirm } from "../confirm.js";
import type { CommonOptions, Context } from "../context.js";
import { managerFor } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { table } from "../table.js";

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
  const names = columnsToShorten(
    [4],
    entries.flatMap(({ keys = [] }) => keys),
  );
  for (const line of table(["NO", "TIME", "WHO", "WHAT", "KEYS", "WHY"], rows, { columns: context.output.columns, names }))
    context.output.data(line);
}

/** `signet audit begin`: a new chain where the log was deleted or altered, which names the head that the old one had. */
export async function auditBegin(context: Context, options: CommonOptions): Promise<void> {
  const { output } = context;
  const manager = await managerFor(context, await openInstallation(context, options));
  const { fault } = await manager.verifyAudit();
  if (fault !== null) {
    output.note(`line ${fault.number} of the audit log: ${fault.words}`);
    await confirm("Give up what stands before, and begin a new chain?", options);
  }
  const { headBefore, ...verdict } = await manager.beginAudit();
  if (options.json === true) output.json(verdict);
  else output.data(`${verdict.count} ${verdict.head}`);
  output.note(`a new chain begins; its first entry names the head of the one before, ${headBefore}`);
}

/** `signet audit verify`: whether the log is whole, and what such a log cannot prove. */
export async function auditVerify(context: Context, options: CommonOptions): Promise<void> {
  const { output } = context;
  const manager = await managerFor(context, await openInstallation(context, options));
  const verdict = await manager.verifyAudit();
  if (options.json === true) output.json(verdict);
  else output.data(`${verdict.count} ${verdict.head}`);
  if (verdict.fault !== null) throw new SignetError("keyring_damaged", auditInWords(verdict));
  output.note(auditInWords(verdict));
  output.note("a rewrite of both the log and the keyring does not show; keep the head above elsewhere to see that");
}
