import { jwksMissing } from "../../operator/load-installation.js";
import type { CommonOptions, Context } from "../context.js";
import { openInstallation } from "../open-installation.js";

/** `signet jwks`: the public keys as verifiers get them. */
export async function jwks(context: Context, options: CommonOptions): Promise<void> {
  const installation = await openInstallation(context, options);
  const published = await installation.stores.publicDocuments.read();
  if (published === undefined) throw jwksMissing(installation);
  context.output.json(published.jwks);
}
