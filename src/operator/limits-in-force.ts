import type { Installation } from "../assemble.js";
import { isSignetError, SignetError } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";

/** Takes what a person has to be told. */
type Note = (words: string) => void;

/**
 * Puts the limits of an edited config in force where they allow tokens that live longer than the keyring knows. It must know
 * before such a token is signed: it decides how long a retired key stays published.
 *
 * A longer life that cannot be put in force now is only noted, since issuers obey the active document. Tokens without expiry are put in
 * force by `keys apply` alone: their key is never removed by itself.
 *
 * @param note told what was put in force, and what was not
 */
export async function putLimitsInForce(installation: Installation, note: Note): Promise<void> {
  const { config, activeKey } = installation;
  const { maxTtlSeconds, requireExpiration, defaultTtlSeconds } = config.limits;
  const key = await activeKey.current(presentSeconds());
  if (!requireExpiration && defaultTtlSeconds === null) await tellEndless(note, installation, key.endless !== false);
  if (maxTtlSeconds <= key.maxTtlSeconds) return;
  try {
    // Another algorithm or custody in the config is a migration, which is asked for by its own command.
    await (await installation.manager()).applySettings({ keepsKeys: true });
    note("the limits of the config were changed: they are in force now");
  } catch (error) {
    if (!isSignetError(error)) throw error;
    note(`warning: a token lives ${key.maxTtlSeconds} seconds at most, until the config can be put in force (${error.message})`);
  }
  await activeKey.refresh();
}

// An active document of version 1 does not say it: there the keyring is asked.
async function tellEndless(note: Note, { stores }: Installation, endless: boolean): Promise<void> {
  const isInForce = endless && (await stores.keyring.read())?.keyring.policy.allowsUnlimitedTokens === true;
  if (isInForce) return;
  const what = "the limits of the config allow tokens without exp, which is not in force: `signet keys apply` puts it in force";
  if (endless) throw new SignetError("plan_refused", what, { field: "limits.requireExpiration" });
  note(`warning: ${what}`);
}
