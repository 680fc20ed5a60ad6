import type { PublicJwk } from "../../algorithms/jwk.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring, PolicyInForce } from "../../keyring/keyring.js";
import type { MadeKey } from "./audit-entry.js";

/** The keyring with one record changed. */
export function withRecord(keyring: Keyring, id: string, update: (record: KeyRecord) => KeyRecord): Keyring {
  return { ...keyring, keys: keyring.keys.map((record) => (record.id === id ? update(record) : record)) };
}

/** The keyring without one record. */
export function withoutKey(keyring: Keyring, id: string): Keyring {
  return { ...keyring, keys: keyring.keys.filter((record) => record.id !== id) };
}

/** A record that, from now on, can sign under a policy: what its tokens may need only grows. */
export function signingUnder(record: KeyRecord, policy: PolicyInForce): KeyRecord {
  return {
    ...record,
    maxTtlSeconds: Math.max(record.maxTtlSeconds ?? 0, policy.maxTtlSeconds),
    maxAgeSeconds: Math.max(record.maxAgeSeconds ?? 0, policy.activeKeyMaxAgeSeconds),
    ...(record.signedWithoutExpiry === true || policy.allowsUnlimitedTokens ? { signedWithoutExpiry: true } : {}),
  };
}

/** What the audit log keeps of a key, so that it is known again when the keyring that had its record is gone. */
export function madeKey({ id, custody, origin, keyArn, publicJwk }: KeyRecord & { readonly publicJwk: PublicJwk }): MadeKey {
  return { id, custody, origin, ...(keyArn !== undefined && { keyArn }), publicJwk };
}

/** The record without one of its members. */
export function without<Held extends object, Name extends keyof Held>(record: Held, name: Name): Omit<Held, Name> {
  return Object.fromEntries(Object.entries(record).filter(([each]) => each !== name)) as unknown as Omit<Held, Name>;
}
