import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { recordByKid } from "../../keyring/keyring.js";
import type { ReportedAction } from "../plan/actions.js";
import { withRecord } from "../plan/records.js";
import { timeInWords } from "../plan/wait-reasons.js";
import type { Session } from "../session/session.js";

/** When the last token of a key ends, by the operator's word. */
export interface ExpiryRequest {
  readonly kid: string;
  /** NumericDate. */
  readonly tokensExpireBy: number;
}

/**
 * Records the operator's word that none of a key's tokens is accepted after a time.
 *
 * @returns what was done; nothing where it was recorded before
 * @throws SignetError `key_not_found`
 */
export async function recordExpiry(session: Session, kid: string, tokensExpireBy: number): Promise<readonly ReportedAction[]> {
  const record = recordByKid(session.keyring(), kid);
  if (record === undefined) throw new SignetError("key_not_found", "the keyring has no key of this kid");
  if (record.tokensExpireBy === tokensExpireBy) return [];
  await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, tokensExpireBy })), {
    event: "key.expiry-set",
    keys: [kid],
    why: `no token after ${tokensExpireBy}`,
    tokensExpireBy,
  });
  return [expirySet(kid, tokensExpireBy)];
}

/** What is reported of such a word. */
export function expirySet(kid: string, tokensExpireBy: number): ReportedAction {
  return { kind: "expire", words: `record that the last token of key ${kid} ends ${timeInWords(tokensExpireBy)}` };
}

/** The word that is given with an import: one that stands is made no earlier by it. */
export function laterWord(record: Pick<KeyRecord, "tokensExpireBy">, given: number | undefined): number | undefined {
  return given === undefined ? undefined : Math.max(given, record.tokensExpireBy ?? given);
}
