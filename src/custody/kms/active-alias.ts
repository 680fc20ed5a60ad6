import { isAws } from "../../aws/failure.js";
import type { Kms } from "../../aws/kms.js";
import { activeAlias } from "../../aws/names.js";
import { createAliasIfAbsent, unlessAbsent } from "./own-keys.js";

/**
 * Lets the installation's alias name the key that signs, for those who sign or verify by an alias. It takes up to minutes until
 * everybody sees where an alias points to, so nothing of Signet's own relies on it.
 */
export async function pointAlias(kms: Kms, installation: string, arn: string): Promise<void> {
  const alias = activeAlias(installation);
  if (await createAliasIfAbsent(kms, alias, arn)) return;
  try {
    await kms.updateAlias(alias, arn);
  } catch (error) {
    // It is gone by now, or it was pointed to a key of another kind: UpdateAlias cannot lead away from that.
    if (!isAws(error, "NotFoundException", "ValidationException")) throw error;
    await unlessAbsent(kms.deleteAlias(alias));
    await kms.createAlias(alias, arn);
  }
}
