import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";

/** Why a key of a backup is recorded as revoked: what told it. */
export const REASONS = {
  word: "revoked after the backup was made, by the operator's word",
  jwks: "not in the JWKS that was beside the restored keyring",
  log: "revoked or given up, by a damaged audit log that was beside the restored keyring",
} as const;

/** Whether a key was revoked, though it may sign until another one takes over. */
export function isRevoked({ state, revokedAt }: Partial<Pick<KeyRecord, "state" | "revokedAt">>): boolean {
  return state === "revoked" || revokedAt !== undefined;
}

/** How keys are recorded as revoked. */
interface Revoking {
  /** NumericDate. */
  readonly at: number;
  /** Default `word`. */
  readonly by?: keyof typeof REASONS;
  /**
   * True of a copy whose log goes on: the active key keeps its state until another one has taken over, so that the log finds one to begin with; no
   * document names it, so it never signs.
   */
  readonly isLogAhead?: boolean;
}

/**
 * A backup's keyring with keys that were revoked after it was made: none of them signs, and each leaves with the next publication. One that is
 * revoked already keeps its time and reason.
 *
 * @throws SignetError `key_not_found`
 */
export function withRevoked(
  keyring: Keyring,
  kids: readonly string[],
  { at, by = "word", isLogAhead = false }: Revoking,
): Keyring {
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
    keys: keyring.keys.map((key) => {
      if (!isOver(key)) return key;
      const state = isLogAhead && key.state === "active" ? key.state : "revoked";
      return key.revokedAt === undefined ? { ...key, state, revokedAt: at, reason: REASONS[by] } : { ...key, state };
    }),
  };
}
