import { confirm } from "../confirm.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";

/** `signet keys destroy`: destroys a private key that no record names. What is in use is refused before anything is asked. */
export async function keysDestroy(context: Context, name: string, options: ChangeOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const { found, ...preview } = await manager.destroyKey({ name, dryRun: true });
  if (options.dryRun === true) return printReport(context, preview, options);
  await confirm(`Destroy the private key ${found.name}, held by ${found.custody}?`, options);
  printReport(context, await manager.destroyKey({ name: found.name }), options);
}
