import type { Installation } from "../assemble.js";
import { isSignetError, SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import type { Context } from "./context.js";

/**
 * Puts the limits of an edited config in force where they allow tokens that live longer than the keyring knows. It must know
 * before such a token is signed: it decides how long a retired key stays published.
 *
 * A longer life that cannot be put in force now is only noted, since issuers obey the active document.
 *
 * @throws SignetError where tokens without expiry are allowed and the keyring cannot be told
 */
export async function putLimitsInForce({ output }: Context, installation: Installation): Promise<void> {
  const { config, activeKey } = installation;
  const { maxTtlSeconds, requireExpiration, defaultTtlSeconds } = config.limits;
  const allowsUnlimitedTokens = !requireExpiration && defaultTtlSeconds === null;
  const key = await activeKey.current(presentSeconds());
  const isLonger = maxTtlSeconds > key.maxTtlSeconds;
  if (!isLonger && !allowsUnlimitedTokens) return;
  try {
    if (await tellKeyring(installation, isLonger)) output.note("the limits of the config were changed: they are in force now");
  } catch (error) {
    if (allowsUnlimitedTokens || !isSignetError(error)) throw error;
    output.note(
      `warning: a token lives ${key.maxTtlSeconds} seconds at most, until the config can be put in force (${error.message})`,
    );
  }
  await activeKey.refresh();
}

async function tellKeyring(installation: Installation, isLonger: boolean): Promise<boolean> {
  const found = await installation.stores.keyring.read();
  if (found === undefined) throw new SignetError("keyring_missing", "there is no keyring: restore it from a backup");
  const { algorithm, custody, allowsUnlimitedTokens } = found.keyring.policy;
  if (!isLonger && allowsUnlimitedTokens) return false;
  // Another algorithm or custody in the config is a migration, which is asked for by its own command.
  await (await installation.manager()).applySettings({ algorithm, custody });
  return true;
}
