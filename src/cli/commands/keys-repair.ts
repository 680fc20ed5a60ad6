import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

export interface RepairOptions extends ChangeOptions {
  /** The name that `--yes` had here once. */
  readonly mend?: boolean;
}

/** `signet keys repair`: shows what is not as the keyring says, asks, and repairs it. */
export async function keysRepair(context: Context, options: RepairOptions): Promise<void> {
  const { output } = context;
  const isTold = options.yes === true || options.mend === true;
  const manager = await managerFor(context, await openInstallation(context, options));
  const { findings, ...preview } = await manager.repair(options.dryRun === true ? { apply: true, dryRun: true } : {});
  if (options.json === true && options.dryRun === true) {
    output.json({ findings, ...preview });
    return;
  }
  if (options.json === true && !isTold) {
    output.json({ findings });
    return;
  }
  for (const { words, remedy } of findings) output.note(remedy === null ? words : `${words}; when repaired, ${remedy}`);
  if (findings.length === 0) output.note("everything is as the keyring says");
  if (options.dryRun === true) printReport(context, preview, options);
  if (findings.length === 0 || options.dryRun === true) return;
  if (!isTold && findings.every(({ remedy }) => remedy === null)) {
    output.note("nothing was changed, and --yes would change nothing: what can be done stands above");
    return;
  }
  // Without a terminal to ask at it only reports: a script passes --yes.
  if (!isTold && !process.stdin.isTTY) {
    output.note("nothing was changed: --yes repairs it");
    return;
  }
  await confirm("Repair all of this?", { ...options, yes: isTold });
  printReport(context, await manager.repair({ apply: true }), options);
}
