import type { KeyRecord } from "../../keyring/key-record.js";
import type { AuditEntry } from "../plan/audit-entry.js";

/** A public key, for those who keep keys by themselves. */
interface NoticedKey {
  readonly kid: string;
  readonly alg: string;
  readonly state: KeyRecord["state"];
  /** SubjectPublicKeyInfo; absent where the Node that sends the notice does not know the algorithm. */
  readonly pem?: string;
}

/** One change of a key or of the policy, as those hear of it who cannot follow the JWKS. It holds nothing secret. */
export interface Notice {
  /** The same however often the notice is sent. */
  readonly id: string;
  /** The issuer's URL; `null` where claims bring their own. */
  readonly issuer: string | null;
  /** The change, as the audit log has it. */
  readonly change: Pick<AuditEntry, "number" | "at" | "event" | "keys" | "why">;
  /** The key that signs; `null` before the first one does. */
  readonly signs: string | null;
  /** The key that signs after it, and from when on (NumericDate); `null` where only a person's word lets it. */
  readonly next: { readonly kid: string; readonly at: number | null } | null;
  /** Every key whose tokens are to be accepted, the next one's among them. */
  readonly keys: readonly NoticedKey[];
}

/** Sends a notice. A failure is reported by throwing; a later run then sends the notice again. */
export type Notify = (notice: Notice) => Promise<void>;
