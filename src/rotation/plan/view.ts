import type { ActiveDocument } from "../../keyring/active-document.js";
import { discoveryOf, jwksOf } from "../../keyring/documents.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import { activeRecord, type Keyring } from "../../keyring/keyring.js";
import type { PublishedDocuments } from "../../storage/contract.js";

/** What a manager has read. */
export interface View {
  readonly keyring: Keyring;
  /** `undefined` where nothing was published yet. */
  readonly published: PublishedDocuments | undefined;
  /** The active documents, the highest sequence first. */
  readonly documents: readonly ActiveDocument[];
  /** True once the reads were repeated for longer than the store's settling: what is not there is lost. */
  readonly patient: boolean;
  /** Ids of keys that this run could not prove: it lets none of them sign. */
  readonly passedOver?: ReadonlySet<string>;
  /** The active store's names, and how long it takes to settle. */
  readonly slots: number | null;
  readonly settleSeconds: number;
}

/**
 * What the active document says, against the keyring. `none`: there never was one. `confirmed`: it is the one of the records.
 * `under_way`: an activation is unconfirmed and the document is the old one, the new one, or one between. `stale`: older than
 * what was confirmed, so the read is old or the document lost. `foreign`: neither this keyring's nor on its way.
 */
export type DocumentState = "none" | "confirmed" | "under_way" | "stale" | "foreign";

/** Judges the active document that was read. */
export function documentState({ keyring, documents }: View): DocumentState {
  const [top] = documents;
  const { confirmedSequence, lastSequence, activation } = keyring;
  if (top === undefined && confirmedSequence === 0) return activation === null ? "none" : "under_way";
  if (top === undefined || top.sequence < confirmedSequence) return "stale";
  if (top.sequence > lastSequence) return "foreign";
  if (activation !== null) {
    const isOther = top.sequence === activation.sequence && top.kid !== recordById(keyring, activation.id)?.publicJwk?.kid;
    return isOther ? "foreign" : "under_way";
  }
  const isOurs = top.sequence === confirmedSequence && top.kid === activeRecord(keyring)?.publicJwk?.kid;
  return isOurs ? "confirmed" : "foreign";
}

/** Whether the published JWKS, and the discovery document beside it, are the keyring's. */
export function isPublished(view: View): boolean {
  const { keyring, published } = view;
  if (!isJwksPublished(view) || published === undefined) return isJwksPublished(view);
  return JSON.stringify(published.discovery) === JSON.stringify(discoveryOf(keyring));
}

/** Whether the published JWKS is the keyring's. */
export function isJwksPublished({ keyring, published }: View): boolean {
  const wanted = jwksOf(keyring);
  return published === undefined ? wanted.keys.length === 0 : JSON.stringify(published.jwks) === JSON.stringify(wanted);
}

/** Whether the JWKS that was read holds a record's key, exactly. */
export function isInJwks(record: KeyRecord, published: PublishedDocuments | undefined): boolean {
  const text = JSON.stringify(record.publicJwk);
  return published?.jwks.keys.some((jwk) => JSON.stringify(jwk) === text) ?? false;
}

/** The latest time that some manager's clock has left in the keyring. */
export function latestTime(keyring: Keyring): number {
  const times = keyring.keys.flatMap((key) => [
    ...[key.creatingAt, key.pendingAt, key.publishedAt, key.activatedAt, key.retiredAt, key.revokedAt],
  ]);
  const { activation } = keyring;
  return Math.max(
    0,
    keyring.sweptAt ?? 0,
    activation?.intendedAt ?? 0,
    activation?.readBackAt ?? 0,
    ...times.map((time) => time ?? 0),
  );
}

/** Whether a key could not be proven, so that others go before it. */
export function isPassedOver({ passedOver }: View, { id, unprovenAt }: KeyRecord): boolean {
  return passedOver?.has(id) === true || unprovenAt !== undefined;
}

/** A record by its id. */
export function recordById(keyring: Keyring, id: string): KeyRecord | undefined {
  return keyring.keys.find((record) => record.id === id);
}

/** A key in messages: its kid, or its id while it has none. */
export function nameOf(record: KeyRecord): string {
  return record.publicJwk?.kid ?? record.id;
}
