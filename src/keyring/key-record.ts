import type { PublicJwk } from "../algorithms/jwk.js";
import type { AlgorithmName } from "../algorithms/table.js";

/** A custodian's name. The registry of custodians knows which there are (`custody/registry.ts`). */
export type Custody = string;

const CUSTODY_NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** Tells whether a text can be a custodian's name, whether or not this version has such a custodian. */
export function isCustodyName(text: unknown): text is Custody {
  return typeof text === "string" && CUSTODY_NAME.test(text);
}

/**
 * Where a key is in its life. `creating`: intended, perhaps not there yet. `pending`: exists, published or about to be, signs
 * nothing. `active`: signs. `retired`: signs no more, its tokens still verify. `revoked`: about to leave at once. A removed key
 * has left the keyring.
 */
export const KEY_STATES = ["creating", "pending", "active", "retired", "revoked"] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** Where a key came from: made by its custodian, imported with its private part, or only the public key of another issuer. */
export const KEY_ORIGINS = ["created", "imported", "foreign"] as const;
type KeyOrigin = (typeof KEY_ORIGINS)[number];

/** One entry of the keyring. Times are NumericDates in whole seconds. */
export interface KeyRecord {
  /** The custodian's name for the key, chosen before the key exists. */
  readonly id: string;
  readonly state: KeyState;
  readonly alg: AlgorithmName;
  readonly custody: Custody;
  readonly origin: KeyOrigin;
  /** Absent while `creating`. Its `kid` is the key's name in tokens. */
  readonly publicJwk?: PublicJwk;
  /** When the key was intended. */
  readonly creatingAt: number;
  /** When the custodian reported it. */
  readonly pendingAt?: number;
  /** When it was first seen in the published JWKS. */
  readonly publishedAt?: number;
  /** When it was confirmed as the key that signs. */
  readonly activatedAt?: number;
  /** When its successor was confirmed; for a foreign key, when it was imported. */
  readonly retiredAt?: number;
  /** When it was revoked by hand. */
  readonly revokedAt?: number;
  /** Why, in the operator's words. */
  readonly reason?: string;
  /** When its private part was found to be missing: it is never chosen to sign. */
  readonly materialLostAt?: number;
  /** The longest life, in seconds, of a token that it can have signed; grows while it is active, never shrinks. Absent: never let sign. */
  readonly maxTtlSeconds?: number;
  /** The longest that an issuer may have signed with it without confirming that it is active; grows while it is active. */
  readonly maxAgeSeconds?: number;
  /** True once it can have signed tokens without expiry: it is then never removed without a word from the operator. */
  readonly signedWithoutExpiry?: boolean;
  /** The operator's word that none of its tokens is accepted after this time. */
  readonly tokensExpireBy?: number;
  /** Since version 2 of the keyring: since when it could not be proven, for whatever reason. It is passed over until it is. */
  readonly unprovenAt?: number;
  /** Since version 2 of the keyring: the KMS key's ARN, where KMS holds it. Every call names it so; aliases are for others. */
  readonly keyArn?: string;
}
