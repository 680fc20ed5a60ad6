import { SignetError } from "../../errors.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";

/** `signet jwks`: the public keys as verifiers get them. */
export async function jwks(context: Context, options: CommonOptions): Promise<void> {
  const { stores } = await openInstallation(context, options);
  const published = await stores.publicDocuments.read();
  if (published === undefined) throw new SignetError("keyring_missing", "no keys are published yet: run `signet init`");
  context.output.json(published.jwks);
}
