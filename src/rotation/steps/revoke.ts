import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import { SLOWEST_CACHE_SECONDS } from "../../settings/times.js";
import { withRecord } from "../plan/records.js";
import { wasLetSign } from "../plan/successor.js";
import { assertReason } from "../session/audit.js";
import { assertExpected } from "../session/mark.js";
import type { Session } from "../session/session.js";

/** Which tokens a revocation breaks. Times are NumericDates. */
export interface TokensAtRisk {
  /** The first can have been issued then; `null` where the key never signed here, or it is unknown when it did. */
  readonly issuedFrom: number | null;
  /** The last can be issued then: an issuer that cannot read the active document goes on for so long. */
  readonly issuedUntil: number | null;
  /** The last one ends then; `null` where it may have no end. */
  readonly latestExpiry: number | null;
  /** Verifiers that read the JWKS may have the key in a cache until then, and accept its tokens. */
  readonly cachedUntil: number;
}

/** What a revocation is asked for. */
export interface RevokeRequest {
  readonly kid: string;
  /** Why, for the audit log. */
  readonly reason?: string;
  /** The state of the keys in which it is wanted, as `markOfKeys` has it: in another one it is refused, unless it was done. */
  readonly expected?: string | undefined;
}

/**
 * Records that a key is revoked. One that signs keeps signing until its successor's document was read back; every other one
 * leaves with the next publication.
 *
 * @throws SignetError `key_not_found`, `keyring_conflict` where the keys are in another state than the expected one
 */
export async function recordRevocation(session: Session, request: RevokeRequest): Promise<TokensAtRisk> {
  assertReason(request.reason);
  const record = keyNamed(session.keyring(), request.kid);
  const now = await session.time();
  const atRisk = tokensAtRisk(record, session.keyring(), now);
  const state = maySign(record, session.keyring()) ? record.state : "revoked";
  // One that is revoked and yet published, as an old keyring may have it, leaves now.
  if (record.revokedAt !== undefined && record.state === state) return atRisk;
  assertExpected(session.keyring(), request.expected);
  const revokedAt = record.revokedAt ?? now;
  const revoked = { state, revokedAt, ...(request.reason === undefined ? {} : { reason: request.reason }) };
  await session.change((keyring) => withRecord(keyring, record.id, (key) => ({ ...key, ...revoked })), {
    event: "key.revoked",
    keys: [request.kid],
    ...(request.reason === undefined ? {} : { why: request.reason }),
  });
  return atRisk;
}

/**
 * The record of a key that is there.
 *
 * @throws SignetError `key_not_found`
 */
export function keyNamed(keyring: Keyring, kid: string): KeyRecord {
  const record = recordByKid(keyring, kid);
  if (record !== undefined && record.state !== "creating") return record;
  throw new SignetError("key_not_found", "the keyring has no key of this kid: `signet keys list` shows those that it has");
}

/** Whether a revoked key signs on, because no other one has taken over yet. */
export function isStillSigning(keyring: Keyring, kid: string): boolean {
  const record = recordByKid(keyring, kid);
  return record !== undefined && record.state !== "revoked" && maySign(record, keyring);
}

/** Which tokens the revocation of a key would break. */
function tokensAtRisk(record: KeyRecord, keyring: Keyring, now: number): TokensAtRisk {
  const { policy } = keyring;
  const cachedUntil = now + SLOWEST_CACHE_SECONDS;
  if (record.origin === "foreign") {
    return { issuedFrom: null, issuedUntil: null, latestExpiry: record.tokensExpireBy ?? null, cachedUntil };
  }
  const mayHaveSigned = record.maxTtlSeconds !== undefined;
  if (!mayHaveSigned && record.origin === "created")
    return { issuedFrom: null, issuedUntil: null, latestExpiry: now, cachedUntil };
  const issuedFrom = record.origin === "created" ? (record.activatedAt ?? record.pendingAt ?? null) : null;
  const issuedUntil = (record.retiredAt ?? now) + Math.max(record.maxAgeSeconds ?? 0, policy.activeKeyMaxAgeSeconds);
  const isEndless = record.signedWithoutExpiry === true || record.origin === "imported";
  const latestExpiry = isEndless ? (record.tokensExpireBy ?? null) : issuedUntil + (record.maxTtlSeconds ?? policy.maxTtlSeconds);
  return { issuedFrom, issuedUntil, latestExpiry, cachedUntil };
}

// Whether issuers may read a document that names it, now or soon.
function maySign(record: KeyRecord, { activation }: Keyring): boolean {
  if (record.state === "active") return activation === null || activation.id === record.id || activation.readBackAt === undefined;
  return activation !== null && wasLetSign(record);
}
