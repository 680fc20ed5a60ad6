import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { SignetError } from "../../errors.js";
import { asUnreadable, errorCode } from "../../files/failures.js";

/**
 * What a restored copy has in place of a keyring and an active document, until an operator has said that the original is gone: the
 * keyring stands in it. So nothing can sign or change keys there, whichever version of Signet looks.
 */
export const RESTORED_NAME = "restored.json";

/**
 * Refuses a folder that is a restored copy. Asked only where a keyring or an active document is missing: both come by the confirmation.
 *
 * @throws SignetError `restored_unconfirmed`
 */
export async function assertConfirmed(directory: string): Promise<void> {
  const path = join(directory, RESTORED_NAME);
  try {
    await lstat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return;
    throw asUnreadable(path, error);
  }
  throw new SignetError(
    "restored_unconfirmed",
    `${directory} was restored from a backup, and signs nothing as long as its original may: when you know that the original is gone ` +
      "for good, run `signet restore --confirm`",
  );
}
