import type { Installation } from "../assemble.js";
import { publishedRecords } from "../keyring/documents.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { awaitingUpload } from "../rotation/plan/successor.js";
import { kidNamed } from "./kid-prefix.js";
import { keyringMissing } from "./load-installation.js";

/** The keys of an issuer, in the order in which its JWKS has them; those that it does not publish come last. */
export interface KeyListing {
  readonly issuer: string | null;
  readonly records: readonly KeyRecord[];
  /** Those that sign only once a person has said that they were uploaded. */
  readonly awaitUpload: readonly KeyRecord[];
}

/**
 * Reads the keys of an issuer from its keyring.
 *
 * @throws SignetError `keyring_missing`
 */
export async function listKeys(installation: Installation): Promise<KeyListing> {
  const found = await installation.stores.keyring.read();
  if (found === undefined) throw keyringMissing(installation);
  const { keyring } = found;
  const published = publishedRecords(keyring);
  const others = keyring.keys.filter((record) => !published.includes(record));
  return { issuer: keyring.issuer, records: [...published, ...others], awaitUpload: awaitingUpload(keyring) };
}

/**
 * The kid that was meant: in full, or as much of it as only one key of the issuer has.
 *
 * @throws SignetError `usage` where several kids begin so
 */
export async function kidOf({ stores }: Installation, given: string): Promise<string> {
  const found = await stores.keyring.read();
  return found === undefined ? given : kidNamed(found.keyring, given);
}

/** A record as it is shown to programs: its `kid` first. */
export function shownRecord({ publicJwk, ...record }: KeyRecord): object {
  return { kid: publicJwk?.kid ?? null, ...record, publicJwk: publicJwk ?? null };
}

/** When a key entered its state, as NumericDate. */
export function sinceOf(record: KeyRecord): number {
  const { creatingAt, pendingAt, activatedAt, retiredAt, revokedAt } = record;
  const times = { creating: creatingAt, pending: pendingAt, active: activatedAt, retired: retiredAt, revoked: revokedAt };
  return times[record.state] ?? creatingAt;
}
