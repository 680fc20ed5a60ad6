import type { ActiveDocument } from "../keyring/active-document.js";
import type { DiscoveryDocument, Jwks } from "../keyring/documents.js";
import type { Keyring, KeyringVersion } from "../keyring/keyring.js";

/** Where the keyring stands. Writes are compare-and-swap. */
export interface KeyringStore {
  /** @returns the keyring and the tag of this very text; `undefined` where there is none yet */
  read(): Promise<{ readonly keyring: Keyring; readonly tag: string } | undefined>;
  /**
   * @param tag what `read` or the last `write` answered; `null` creates
   * @returns the new tag
   * @throws SignetError `keyring_conflict` where another writer has written since
   */
  write(keyring: Keyring, tag: string | null): Promise<string>;
  /** The newest version that everybody who may have to read the keyring knows; absent where they all know the newest there is. */
  readableVersion?(): Promise<KeyringVersion>;
}

/** Where the active document stands. */
export interface ActiveStore {
  /** How long after a write every reader sees it. */
  readonly settleSeconds: number;
  /** How many names there are, a sequence taking the one of its remainder; `null` where each sequence has its own name. */
  readonly slots: number | null;
  /** Every document that is visible, the highest sequence first. */
  read(): Promise<readonly ActiveDocument[]>;
  /**
   * Writes a document, never over another one.
   *
   * @param isPlain whether nothing in it is a secret; default false
   * @throws SignetError `sequence_taken` where the document's slot is occupied by a different one
   */
  write(document: ActiveDocument, isPlain?: boolean): Promise<void>;
  /** Deletes the document of a sequence, with its past versions; absent is success. */
  delete(sequence: number): Promise<void>;
}

/** The documents that verifiers read. */
export interface PublicDocuments {
  readonly jwks: Jwks;
  /** Absent for an issuer without a URL. */
  readonly discovery?: DiscoveryDocument;
}

/** The public documents as they were read. */
export interface PublishedDocuments extends PublicDocuments {
  /** Names these very texts. */
  readonly tag: string;
}

/**
 * Where the public documents stand. Writes are compare-and-swap: the publication of a manager that slept must not take a key
 * out of the JWKS that signs by now, nor put a revoked one back.
 */
export interface PublicStore {
  /** What a verifier would read now; `undefined` where nothing was published yet. */
  read(): Promise<PublishedDocuments | undefined>;
  /**
   * @param tag what `read` answered; `null` where nothing was published yet
   * @throws SignetError `keyring_conflict` where another writer has published since
   */
  publish(documents: PublicDocuments, tag: string | null): Promise<void>;
}

/** The log of every change of a key, one line a change, numbered from 1. It holds no secret. */
export interface AuditStore {
  /** Appends the line of a number; the same line again is success. Lines never hold a line break. */
  append(number: number, line: string): Promise<void>;
  /** Every line after the first `after`, the oldest first. */
  read(after?: number): AsyncIterable<string>;
}

/** Whether the process that a lease names lives; `unknown` where nothing proves either. */
type HolderState = "alive" | "gone" | "unknown";

/** The stores of an installation, and what they know of those who hold a lease. */
export interface Stores {
  /** Where they are, for messages: a folder, or an address in S3. */
  readonly location?: string;
  /** Names the place of a keyring that can be copied with all its keys, on this machine; absent where there is only one. */
  placeDigest?(): Promise<string>;
  readonly keyring: KeyringStore;
  readonly active: ActiveStore;
  readonly publicDocuments: PublicStore;
  readonly audit: AuditStore;
  /** Names this process in a lease. */
  holder(): string;
  /**
   * Whether the process that a lease names still lives. A living one is never robbed of its lease, a dead one at once; where
   * that is unknown, the lease's expiry decides.
   */
  stateOfHolder(holder: string): HolderState | Promise<HolderState>;
  /** A holder in words, for messages: "process 4711". */
  describeHolder(holder: string): string;
  /** What a person types to name a holder that cannot be judged from here; the holder itself when absent. */
  nameOfHolder?(holder: string): string;
  /** Removes what dead processes were writing here, for the holder of the lease; absent where nothing can be left. */
  removeDeadWrites?(): Promise<void>;
  /** The time by the service that keeps the stores, as a NumericDate; absent where they have no clock of their own. */
  serviceTime?(): Promise<number>;
}

/** Remembers what was used, so that nothing is used twice: one contract for a server's disk and for a bucket. */
export interface OnceStore {
  /**
   * Records a use. Nothing that was recorded is forgotten before its time.
   *
   * @param digest SHA-256 of what names it, in hexadecimal; alone it decides, whatever `until` and `share` are
   * @param until when it can be forgotten, as NumericDate: at most a day from now, and what clocks may differ by
   * @param share whose part of the room it takes: the caller's name
   * @returns whether it is the first use
   * @throws SignetError `replay_store_full` where there is no room, `replay_store_failed` where it cannot be known: both 503
   */
  createOnce(digest: string, until: number, share: string): Promise<boolean>;
}
