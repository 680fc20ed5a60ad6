import { readJwks } from "../../operator/jwks-source.js";
import type { Context } from "../context.js";
import { type ChangeOptions, managerFor, printReport } from "../key-report.js";
import { openInstallation } from "../open-installation.js";
import { instantOf } from "./keys-change.js";

export interface ImportJwksOptions extends ChangeOptions {
  readonly tokensExpireBy?: string;
}

/** `signet keys import-jwks`: publishes another issuer's public keys as retired, so that its tokens go on being accepted. */
export async function keysImportJwks(context: Context, file: string, options: ImportJwksOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const { keys } = await readJwks(context, file);
  const expiry = options.tokensExpireBy === undefined ? {} : { tokensExpireBy: instantOf(options.tokensExpireBy) };
  printReport(context, await manager.importForeignKeys({ keys, ...expiry, dryRun: options.dryRun }), options);
}
