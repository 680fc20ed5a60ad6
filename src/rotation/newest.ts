import { SignetError } from "../errors.js";
import type { Context } from "./context.js";
import type { Session } from "./session.js";

/**
 * Makes sure that the keyring is the newest, before anything is destroyed because it says so. The keyring is written before the log:
 * a log entry beyond its count is one of a keyring that came after it, so somebody has put an old one back.
 *
 * @throws SignetError `keyring_old`
 */
export async function assertNewest({ stores }: Context, session: Session): Promise<void> {
  for await (const _ of stores.audit.read(session.keyring().audit.count)) {
    // Another manager may have written it since our read: then this is no session any more.
    await session.check();
    throw new SignetError(
      "keyring_old",
      "the audit log goes on where the keyring ends: an old keyring was put back, so nothing is destroyed; run `signet keys repair`",
    );
  }
}
