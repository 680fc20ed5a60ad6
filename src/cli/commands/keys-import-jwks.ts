import { readFile } from "node:fs/promises";
import type { PublicJwk } from "../../algorithms/jwk.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { type Context, openInstallation, pathGiven } from "../context.js";
import { type ChangeOptions, managerFor, tellReport } from "../key-report.js";
import { instantOf } from "./keys-change.js";

export interface ImportJwksOptions extends ChangeOptions {
  readonly tokensExpireBy?: string;
}

/** `signet keys import-jwks`: publishes another issuer's public keys as retired, so that its tokens go on being accepted. */
export async function keysImportJwks(context: Context, file: string, options: ImportJwksOptions): Promise<void> {
  const manager = await managerFor(context, await openInstallation(context, options));
  const keys = await readJwks(context, file);
  const expiry = options.tokensExpireBy === undefined ? {} : { tokensExpireBy: instantOf(options.tokensExpireBy) };
  tellReport(context, await manager.importForeignKeys({ keys, ...expiry, dryRun: options.dryRun }), options);
}

async function readJwks(context: Context, file: string): Promise<PublicJwk[]> {
  let text: string;
  try {
    text = await readFile(pathGiven(context, file), "utf8");
  } catch (error) {
    throw new SignetError("usage", `${file} cannot be read`, { cause: error });
  }
  const value = parseStrictJson(text, file) as { keys?: unknown } | null;
  if (!Array.isArray(value?.keys)) throw new SignetError("usage", `${file} is not a JWKS: it has no list "keys"`);
  return value.keys as PublicJwk[];
}
