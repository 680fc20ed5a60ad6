import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, tellReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

export interface RepairOptions extends ChangeOptions {
  readonly mend?: boolean;
}

/** `signet keys repair`: shows what a foreign hand changed, and mends it only when told. */
export async function keysRepair(context: Context, options: RepairOptions): Promise<void> {
  const { output } = context;
  const manager = await managerFor(context, await openInstallation(context, options));
  const { findings, ...rehearsal } = await manager.repair(options.dryRun === true ? { mend: true, dryRun: true } : {});
  if (options.json === true && options.dryRun === true) {
    output.json({ findings, ...rehearsal });
    return;
  }
  if (options.json === true && options.mend !== true) {
    output.json({ findings });
    return;
  }
  for (const { words, remedy } of findings) output.note(remedy === null ? words : `${words}; when mended, ${remedy}`);
  if (findings.length === 0) output.note("everything is as the keyring says");
  else if (options.mend !== true && options.dryRun !== true) output.note("nothing was changed: --mend mends it");
  if (options.dryRun === true) tellReport(context, rehearsal, options);
  if (findings.length === 0 || options.mend !== true || options.dryRun === true) return;
  await confirm("Mend all of this?", options);
  tellReport(context, await manager.repair({ mend: true }), options);
}
