import { SignetError } from "../../errors.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import { SLOWEST_CACHE_SECONDS } from "../../settings/times.js";
import { wasLetSign } from "../plan/successor.js";
import { assertReason } from "../session/audit.js";
import { assertExpected } from "../session/mark.js";
import type { Session } from "../session/session.js";
import { recordsOfSameKey } from "./import-key.js";

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

/** A revocation that was recorded. */
export interface Revocation {
  /** The name by which it was asked for. */
  readonly kid: string;
  /** The records of the key, one for each of its names. */
  readonly ids: readonly string[];
  readonly tokensAtRisk: TokensAtRisk;
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
 * Records that a key is revoked, under each of its names. One that signs keeps signing until its successor's document was read back; every
 * other one leaves with the next publication.
 *
 * @throws SignetError `key_not_found`, `keyring_conflict` where the keys are in another state than the expected one
 */
export async function recordRevocation(session: Session, request: RevokeRequest): Promise<Revocation> {
  assertReason(request.reason);
  const records = namesOf(session.keyring(), keyNamed(session.keyring(), request.kid));
  const now = await session.time();
  const atRisk = merged(records.map((record) => riskOf(record, session.keyring(), now)));
  const revocation = { kid: request.kid, ids: records.map(({ id }) => id), tokensAtRisk: atRisk };
  const stateOf = (record: KeyRecord) => (maySign(record, session.keyring()) ? record.state : "revoked");
  // One that is revoked and yet published, as an old keyring may have it, leaves now.
  const left = records.filter((record) => record.revokedAt === undefined || record.state !== stateOf(record));
  if (left.length === 0) return revocation;
  assertExpected(session.keyring(), request.expected);
  const { reason } = request;
  const revoked = new Map(
    left.map((record) => [
      record.id,
      { state: stateOf(record), revokedAt: record.revokedAt ?? now, ...(reason !== undefined && { reason }) },
    ]),
  );
  await session.change((keyring) => ({ ...keyring, keys: keyring.keys.map((key) => ({ ...key, ...revoked.get(key.id) })) }), {
    event: "key.revoked",
    keys: left.map(({ publicJwk, id }) => publicJwk?.kid ?? id),
    ...(reason !== undefined && { why: reason }),
  });
  return revocation;
}

// The one that was asked for comes first.
function namesOf(keyring: Keyring, record: KeyRecord): readonly KeyRecord[] {
  const { publicJwk } = record;
  const others = publicJwk === undefined ? [] : recordsOfSameKey(keyring, publicJwk);
  return [record, ...others.filter((other) => other !== record && other.state !== "creating")];
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
export function isStillSigning(keyring: Keyring, { ids }: Revocation): boolean {
  return keyring.keys.some((key) => ids.includes(key.id) && key.state !== "revoked" && maySign(key, keyring));
}

/** Which tokens the revocation of a key would break. */
function riskOf(record: KeyRecord, keyring: Keyring, now: number): TokensAtRisk {
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

// Of all names of a key: what is unknown of one is unknown of the key.
function merged([first, ...others]: readonly TokensAtRisk[]): TokensAtRisk {
  return others.reduce(
    (risk, other) => ({
      issuedFrom: risk.issuedFrom ?? other.issuedFrom,
      issuedUntil: risk.issuedUntil ?? other.issuedUntil,
      latestExpiry:
        risk.latestExpiry === null || other.latestExpiry === null ? null : Math.max(risk.latestExpiry, other.latestExpiry),
      cachedUntil: Math.max(risk.cachedUntil, other.cachedUntil),
    }),
    first as TokensAtRisk,
  );
}

// Whether issuers may read a document that names it, now or soon.
function maySign(record: KeyRecord, { activation }: Keyring): boolean {
  if (record.state === "active") return activation === null || activation.id === record.id || activation.readBackAt === undefined;
  return activation !== null && wasLetSign(record);
}
