import { createHash } from "node:crypto";
import type { PublicJwk } from "../../algorithms/jwk.js";
import { parseJson } from "../../encoding/json-names.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { PolicyInForce } from "../../keyring/keyring.js";

/** What happened to a key, or to the policy. */
export type AuditEvent =
  | "issuer.created"
  | "issuer.restored"
  | "policy.changed"
  | "rotation.requested"
  | "rotation.withdrawn"
  | "key.creation-started"
  | "key.made"
  | "key.abandoned"
  | "key.published"
  | "key.publication-restarted"
  | "key.activation-started"
  | "key.activated"
  | "key.missing"
  | "key.unproven"
  | "key.proven"
  | "key.discarded"
  | "key.revoked"
  | "key.expiry-set"
  | "key.imported"
  | "key.recalled"
  | "key.removed"
  | "lease.unlocked"
  | "key.destroyed"
  | "audit.begun"
  | "jwks.planted"
  | "keyring.repaired"
  | "keyring.put-back";

/** What names a key wherever it is: what it takes to know it again when the keyring that had its record is gone. */
export type MadeKey = Pick<KeyRecord, "id" | "custody" | "origin" | "keyArn"> & { readonly publicJwk: PublicJwk };

/** What a key is made by. */
export type IntendedKey = Pick<KeyRecord, "id" | "custody" | "alg">;

/** One change, as the manager tells it. */
export interface AuditNote {
  readonly event: AuditEvent;
  /** The keys in question, by kid, or by id while they have none. */
  readonly keys?: readonly string[];
  /** Why, in words. */
  readonly why?: string;
  /** The key that shall be made. */
  readonly intended?: IntendedKey;
  /** The keys that came in with this change. */
  readonly made?: readonly MadeKey[];
  /** The policy that is in force from now on. */
  readonly policy?: PolicyInForce;
  /** The sequence that was allocated to an active document. */
  readonly sequence?: number;
  /** The operator's word on when the keys' last tokens end. */
  readonly tokensExpireBy?: number;
}

/** One line of the audit log. */
export interface AuditEntry extends AuditNote {
  readonly number: number;
  /** NumericDate, by the manager's clock. */
  readonly at: number;
  /** The operating system's user or the IAM principal who asked. */
  readonly actor: string;
  /** SHA-256 of the line before, as base64url; empty in the first. */
  readonly previous: string;
}

/** What logs of earlier versions call an event. A log is never written over, so these are read for good. */
const EARLIER_NAMES: ReadonlyMap<string, AuditEvent> = new Map([
  ["key.intended", "key.creation-started"],
  ["key.promised", "key.activation-started"],
  ["key.expiry-told", "key.expiry-set"],
]);

/** Reads a line of the log; `undefined` for one that is no entry. An event has its present name; hashes are of the line as it is. */
export function parsedEntry(line: string): AuditEntry | undefined {
  try {
    const value = parseJson(line) as AuditEntry | null;
    if (typeof value?.number !== "number" || typeof value.event !== "string") return undefined;
    const event = EARLIER_NAMES.get(value.event);
    return event === undefined ? value : { ...value, event };
  } catch {
    return undefined;
  }
}

/** What the next entry says of a line. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
