import type { AlgorithmName } from "../algorithms/table.js";
import type { Custody, KeyRecord } from "./key-record.js";

/** When keys move. All seconds. */
export interface RotationPolicy {
  /** Age at which an active key is succeeded; 0 means by hand only. */
  readonly rotateEverySeconds: number;
  /** How long a key is published before it may sign. */
  readonly publishAheadSeconds: number;
  /** How long an issuer may go on signing without having confirmed the active document. */
  readonly activeKeyMaxAgeSeconds: number;
  /** How far apart two clocks may be. */
  readonly clockSkewSeconds: number;
  /** True where verifiers have keys that are uploaded to them: after the first, none signs before a person has said that it was. */
  readonly byUpload?: boolean | undefined;
}

/** The policy in force, with what it needs to know of the issuer's limits. */
export interface PolicyInForce extends RotationPolicy {
  /** Counts its changes. */
  readonly version: number;
  /** The longest life of a token that issuers may sign. */
  readonly maxTtlSeconds: number;
  /** True where the limits allow tokens without expiry. */
  readonly allowsUnlimitedTokens: boolean;
  /** What the next keys sign with. */
  readonly algorithm: AlgorithmName;
  /** Who holds the next keys. */
  readonly custody: Custody;
}

/** Who may change keys until when. */
export interface Lease {
  /** Names the manager's process. */
  readonly holder: string;
  /** Tells managers of one process apart, and lets one know a lease again whose grant was not answered. */
  readonly manager: string;
  /** Grows by one with every new holder (a fencing token). */
  readonly generation: number;
  readonly expiresAt: number;
}

/** Why a key shall sign from now on. */
export const ACTIVATION_CAUSES = ["first", "due", "requested", "limits", "lost", "revoked", "repaired"] as const;
export type ActivationCause = (typeof ACTIVATION_CAUSES)[number];

/** An activation that is under way: recorded before the active document is written, cleared when it is confirmed. */
export interface ActivationIntent {
  /** `id` of the key that shall sign. */
  readonly id: string;
  /** The sequence of the active document that says so. */
  readonly sequence: number;
  /** What that document says of the longest life of a token: fixed here, so that a write done again writes the same. */
  readonly maxTtlSeconds: number;
  /** Since version 2: whether that document allows tokens without `exp`. */
  readonly endless?: true;
  /** Since version 2: how long an issuer may sign without having confirmed that document again. */
  readonly maxAgeSeconds?: number;
  readonly because: ActivationCause;
  readonly intendedAt: number;
  /** When the written document was first read back. */
  readonly readBackAt?: number;
}

/** A sequence that was allocated to an active document, until its slot has rested after the document's deletion. */
export interface Allocation {
  readonly sequence: number;
  /** When the document was seen to be gone. */
  readonly freedAt?: number;
}

/** A rotation that was asked for by hand and waits for the first safe instant. */
export interface RotationRequest {
  readonly requestedAt: number;
  /** The kid of the key that a person has uploaded to verifiers: it shall sign. Only where policy says `byUpload`, so not in version 1. */
  readonly uploaded?: string;
}

/** Where the audit log stands. The last entry is kept here too: it is recorded with the change, then appended to the log. */
export interface AuditHead {
  readonly count: number;
  /** SHA-256 of the last entry, which holds that of the one before, as base64url; empty before the first. */
  readonly head: string;
  /** The last entry's text; empty before the first. */
  readonly entry: string;
}

/** A key that left the keyring while its private part may still exist: what names it may be destroyed wherever it is found. */
export interface EndedKey {
  /** Its record's id. Ids are never used twice. */
  readonly id: string;
  /** Absent where it ended before it had a public key. */
  readonly kid?: string;
  readonly custody: Custody;
  /** The KMS key's ARN, where KMS holds it. */
  readonly keyArn?: string;
  readonly endedAt: number;
  /** Since when no sweep has found it. */
  readonly absentAt?: number;
}

/** A private key in a custodian's hands that no record names. */
export interface StrayKey {
  readonly custody: Custody;
  /** As its custodian lists it. */
  readonly name: string;
  /** When a sweep saw it first. */
  readonly seenAt: number;
  /** When a sweep first found the keyring's word that it is over; absent while there is none. */
  readonly endedSeenAt?: number;
}

/** How the key files are kept. The keyring is public: what is here is no easier to guess against than a key file. */
export interface KeyFiles {
  readonly encrypted: boolean;
  /** Where they are encrypted: a JWE that their passphrase opens, and that holds nothing. It tells the right one when no key file is left. */
  readonly check?: string;
}

/** Where keys were last changed. */
export interface LastPlace {
  /** A digest of machine and folder: the keyring is public. */
  readonly digest: string;
  readonly at: number;
}

/** The versions of keyrings that are read. Each says what it may hold; members that came with 2 are not in 1. */
export const KEYRING_VERSIONS = [1, 2] as const;
export type KeyringVersion = (typeof KEYRING_VERSIONS)[number];

/**
 * The keyring: the public document that lists an issuer's keys and their states. It holds no secret, and it is the one place
 * where managers agree (compare-and-swap).
 */
export interface Keyring {
  readonly version: KeyringVersion;
  /** The issuer's URL (`iss`); `null` where claims bring their own. */
  readonly issuer: string | null;
  readonly policy: PolicyInForce;
  readonly lease: Lease | null;
  /** How many leases were ever granted; the next one's generation is one more. */
  readonly leases: number;
  /** The last sequence allocated to an active document. */
  readonly lastSequence: number;
  /** The highest sequence confirmed as the active document. */
  readonly confirmedSequence: number;
  readonly activation: ActivationIntent | null;
  /** The sequences whose slots may be occupied, or have not rested yet. */
  readonly allocations: readonly Allocation[];
  readonly rotationRequest: RotationRequest | null;
  /** Names the last rotation that was asked for under a name, so that a request that arrives twice is one. */
  readonly rotationToken?: string;
  /** When the custodian was last searched for keys that no record names. */
  readonly sweptAt: number | null;
  readonly audit: AuditHead;
  /** Up to which entry of the audit log others were told; absent where no notices were configured yet. */
  readonly noticed?: number;
  readonly keys: readonly KeyRecord[];
  /** Since version 2: the keys that are over, until their private parts are known to be gone. */
  readonly ended?: readonly EndedKey[];
  /** Since version 2: what the last sweep found that no record names. */
  readonly strays?: readonly StrayKey[];
  /** Since version 2: how key files are kept; absent until one is made. */
  readonly keyFiles?: KeyFiles;
  /** Since version 2, of a keyring on disk: where keys were last changed, so that a copy is noticed. */
  readonly lastPlace?: LastPlace;
}

/** At most so many keys are published: verifiers such as ALB read no more (docs of Application Load Balancer, JWT validation). */
export const MAX_PUBLISHED_KEYS = 10;

/** The key that signs, by the records. */
export function activeRecord(keyring: Keyring): KeyRecord | undefined {
  return keyring.keys.find((key) => key.state === "active");
}

/** Whether no key has ever signed: what lets one sign is `signet init`, which also finishes what was begun; later it is `signet keys tick`. */
export function awaitsInit(keyring: Keyring | undefined): boolean {
  return keyring === undefined || keyring.lastSequence === 0;
}

/** A record by its `kid`. */
export function recordByKid(keyring: Keyring, kid: string): KeyRecord | undefined {
  return keyring.keys.find((key) => key.publicJwk?.kid === kid);
}
