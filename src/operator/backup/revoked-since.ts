import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";

/**
 * A backup's keyring with the word on keys that were revoked after it was made: none of them signs, and each leaves with the next publication.
 *
 * @param at NumericDate
 * @param isLogAhead of a copy whose log goes on: the active key keeps its state until another one has taken over, so that the log finds one to begin
 *   with; no document names it, so it never signs
 * @throws SignetError `key_not_found`
 */
export function withRevoked(keyring: Keyring, kids: readonly string[], at: number, isLogAhead = false): Keyring {
  if (kids.some((kid) => recordByKid(keyring, kid) === undefined)) {
    throw new SignetError(
      "key_not_found",
      "--revoked names a key that the backup does not have, and that does not come back: leave it out; nothing was written",
    );
  }
  const isOver = ({ publicJwk }: KeyRecord): boolean => publicJwk !== undefined && kids.includes(publicJwk.kid);
  const { activation } = keyring;
  return {
    ...keyring,
    activation: keyring.keys.some((key) => key.id === activation?.id && isOver(key)) ? null : activation,
    keys: keyring.keys.map((key) =>
      isOver(key) && key.revokedAt === undefined
        ? { ...key, state: isLogAhead && key.state === "active" ? key.state : "revoked", revokedAt: at, reason: REASON }
        : key,
    ),
  };
}

/** Why, for the audit log. */
export const REASON = "revoked after the backup was made, by the operator's word";
