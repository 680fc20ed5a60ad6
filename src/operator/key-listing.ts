import type { Installation } from "../assemble.js";
import { asArgument } from "../encoding/shell-argument.js";
import { dateInWords } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { presentSeconds } from "../issue/issuer.js";
import { publishedRecords } from "../keyring/documents.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { type Keyring, type PolicyInForce, recordByKid } from "../keyring/keyring.js";
import { isPermanent, retentionSeconds } from "../rotation/plan/policy.js";
import { awaitingUpload } from "../rotation/plan/successor.js";
import { kidNamed } from "./kid-prefix.js";
import { existingKeyring } from "./load-installation.js";

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
  const keyring = await existingKeyring(installation);
  return { issuer: keyring.issuer, records: inShownOrder(keyring), awaitUpload: awaitingUpload(keyring) };
}

/** The records of a keyring in the order in which its JWKS has them; those that it does not publish come last. */
export function inShownOrder(keyring: Keyring): readonly KeyRecord[] {
  const published = publishedRecords(keyring);
  return [...published, ...keyring.keys.filter((record) => !published.includes(record))];
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

/** A key's state in words: one that was revoked may sign until another key takes over. */
export function stateInWords({ state, revokedAt }: KeyRecord): string {
  return revokedAt === undefined || state === "revoked" ? state : `${state}, revoked`;
}

/** When a key entered its state, as NumericDate. */
export function sinceOf(record: KeyRecord): number {
  const { creatingAt, pendingAt, activatedAt, retiredAt, revokedAt } = record;
  const times = { creating: creatingAt, pending: pendingAt, active: activatedAt, retired: retiredAt, revoked: revokedAt };
  return times[record.state] ?? creatingAt;
}

/** What to type for a retired key that no time takes from the list; `undefined` for one that leaves by itself. */
export function staysListed(record: KeyRecord): string | undefined {
  const { publicJwk, origin, state } = record;
  if (publicJwk === undefined || state !== "retired" || !isPermanent(record)) return undefined;
  const kid = visible(publicJwk.kid);
  const why = origin === "created" ? "it signed tokens without expiry" : "it may have signed elsewhere";
  return `${kid} stays, since ${why}: \`signet keys expire ${asArgument(publicJwk.kid)} --tokens-expire-by TIME\` says when its last token ends`;
}

/**
 * What to do at the other side with a key in whose place another one signs.
 *
 * @param record `undefined` where it has left the keyring: it was revoked
 * @param now as NumericDate
 */
export function partingWords(name: string, record: KeyRecord | undefined, policy: PolicyInForce, now: number): string {
  const kid = visible(name);
  if (record === undefined || record.revokedAt !== undefined)
    return `${kid} was revoked: delete it at the other side now, if it is still there`;
  if (!isPermanent(record))
    return `take ${kid} away at the other side when it has left \`signet keys list\`: its tokens are over then`;
  const { origin, retiredAt = now, signedWithoutExpiry } = record;
  const over = dateInWords(retiredAt + retentionSeconds(record, policy));
  const elsewhere = origin === "created" ? "" : " (of those that it signed here)";
  const when =
    signedWithoutExpiry === true
      ? "when no verifier needs its tokens any more"
      : `after ${over}, when its last token is over${elsewhere}`;
  return `delete ${kid} at the other side ${when}; then \`signet keys revoke ${asArgument(name)}\` takes it from \`signet keys list\``;
}

/** The same of a key as it is now. @throws SignetError `keyring_missing` */
export async function presentPartingWords(installation: Installation, from: string): Promise<string> {
  const keyring = await existingKeyring(installation);
  return partingWords(from, recordByKid(keyring, from), keyring.policy, presentSeconds());
}
