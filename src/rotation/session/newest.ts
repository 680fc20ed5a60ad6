import { SignetError } from "../../errors.js";
import type { Context } from "./context.js";
import { readBeyond } from "./log-beyond.js";
import type { Session } from "./session.js";

/**
 * Makes sure that the keyring is the newest, before anything is destroyed because it says so: a run begins with that, and a person's word
 * or a long search may lie between.
 *
 * @throws SignetError `keyring_old` where the audit log goes on beyond it
 */
export async function assertNewest({ stores }: Context, session: Session): Promise<void> {
  if ((await readBeyond(stores, session.keyring())) === undefined) return;
  // Another manager may have written it since our read: then this is no session any more.
  await session.check();
  throw new SignetError(
    "keyring_old",
    "the audit log goes on where the keyring ends: an old keyring was put back, so nothing is destroyed; run `signet keys repair`",
  );
}
