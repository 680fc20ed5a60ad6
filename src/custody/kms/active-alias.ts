import type { Kms } from "../../aws/kms.js";
import { activeAlias } from "../../aws/names.js";
import { aliasTaken, unlessAbsent } from "./own-keys.js";

/**
 * Lets the installation's alias name the key that signs, for those who sign or verify by an alias. It takes up to minutes until
 * everybody sees where an alias points to, so nothing of Signet's own relies on it.
 */
export async function pointAlias(kms: Kms, installation: string, arn: string): Promise<void> {
  const alias = activeAlias(installation);
  if (await aliasTaken(kms, alias, arn)) await kms.updateAlias(alias, arn);
}

/** Removes the alias where it still names a key that goes. */
export async function removeAlias(kms: Kms, installation: string, arn: string): Promise<void> {
  const alias = activeAlias(installation);
  if ((await unlessAbsent(kms.describeKey(alias)))?.arn === arn) await unlessAbsent(kms.deleteAlias(alias));
}
