import { loadConfig } from "../../config/load.js";
import { listKeys } from "../../operator/key-listing.js";
import { type Context, pathOfConfig } from "../context.js";
import { openInstallation } from "../open-installation.js";

/** What a completion script asks the command itself, since it differs from issuer to issuer. */
export const ASKED_VALUES = { kids, callers } as const;

/**
 * `signet __values WHAT`: the names of keys or callers, one a line. A script asks while a person types: it is told nothing of what is
 * wrong, and never asks for a passphrase.
 */
export async function completionValues(context: Context, what: keyof typeof ASKED_VALUES): Promise<void> {
  const silent = { ...context.output, note: () => undefined };
  const quiet = { ...context, output: silent, passphrasePrompt: undefined, onConfigAbove: undefined, onDoubt: undefined };
  try {
    for (const name of await ASKED_VALUES[what](quiet)) context.output.data(name);
  } catch {
    // There is nothing to complete.
  }
}

async function kids(context: Context): Promise<readonly string[]> {
  const { records } = await listKeys(await openInstallation(context, {}));
  return records.flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : [publicJwk.kid]));
}

async function callers(context: Context): Promise<readonly string[]> {
  const { cwd, env } = context;
  const config = await loadConfig({ path: pathOfConfig(context, {}), cwd, env });
  return Object.keys(config.callers);
}
