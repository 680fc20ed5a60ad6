import { privateKeyFromJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { assertHalvesMatch } from "../../algorithms/keys.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { facts } from "../../custody/file/facts.js";
import { decodeKeyFile, type PassphraseSource } from "../../custody/file/key-file.js";
import { isSignetError, SignetError } from "../../errors.js";
import { parseActiveDocument } from "../../keyring/active-document.js";
import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring } from "../../keyring/keyring.js";
import { nameOf } from "../../rotation/plan/view.js";
import { parsePublished } from "../../storage/published.js";
import { type Files, keyIdOf, keyPathOf } from "./contents.js";

/** Files of an installation of which each was read as a manager reads it. */
export interface ProvenFiles {
  /** Without those that are not what they have to be. */
  readonly files: Files;
  /** How many private keys were opened, and have signed as the keyring says. */
  readonly opened: number;
  /** How many are encrypted, and were not opened since no passphrase is at hand. */
  readonly unopened: number;
  /** What was left out, and why, each in a sentence. */
  readonly notes: readonly string[];
}

/**
 * Proves what files hold: each private key is opened, signs, and is checked against the public key that the keyring has for it; documents are
 * read. What is damaged is left out, so that it is the fault of nothing else, but for the key that signs: without it there is no issuer.
 *
 * @param passphrase answers that of the key files; asked only where one is encrypted. Without an answer they stay unopened
 * @param where names their place in messages, before their paths
 * @throws SignetError what is wrong with the key that signs
 */
export async function provenFiles(
  keyring: Keyring,
  files: Files,
  passphrase: PassphraseSource,
  where = "",
): Promise<ProvenFiles> {
  const kept = new Map<string, string>();
  const notes: string[] = [];
  const records = new Map(keyring.keys.map((record) => [record.id, record]));
  let [opened, unopened] = [0, 0];
  for (const [path, text] of files) {
    const place = `${where}${path}`;
    const record = records.get(keyIdOf(path) ?? "");
    try {
      if (keyIdOf(path) === undefined) assertDocument(path, text, place);
      else if (await isProvenKey(record, place, text, passphrase)) opened += 1;
      else unopened += 1;
      kept.set(path, text);
    } catch (error) {
      if (!isSignetError(error) || record?.state === "active") throw error;
      const what = record === undefined ? place : `the private part of ${nameOf(record)} (${record.state})`;
      notes.push(`left out: ${what}: ${error.message}`);
    }
  }
  return { files: kept, opened, unopened, notes };
}

/**
 * Whether a key was opened; false where it is encrypted, and there is no passphrase.
 *
 * @throws SignetError what is wrong with it
 */
export async function isProvenKey(
  record: KeyRecord | undefined,
  path: string,
  text: string,
  passphrase: PassphraseSource,
): Promise<boolean> {
  if (record === undefined) throw new SignetError("backup_damaged", `${path} is of a key that the keyring does not have`);
  const jwk = await decodeKeyFile(text, path, passphrase).catch((error) =>
    isSignetError(error, "passphrase_required") ? undefined : Promise.reject(error),
  );
  if (jwk === undefined) return false;
  const algorithm = algorithmNamed(jwk.alg ?? "");
  const privateKey = privateKeyFromJwk(jwk, algorithm);
  // A key that is still being made has no public part on record: it is proven against its own.
  const { publicJwk } = record;
  assertHalvesMatch(algorithm, privateKey, publicJwk && publicKeyFromJwk(publicJwk));
  if (publicJwk !== undefined && jwk.kid !== publicJwk.kid) {
    throw new SignetError("key_mismatch", `${path} is another key than the keyring says`);
  }
  return true;
}

function assertDocument(path: string, text: string, place: string): void {
  const sequence = /^active\/(\d+)\.json$/.exec(path)?.[1];
  if (sequence !== undefined && parseActiveDocument(text, place).sequence !== Number(sequence)) {
    throw new SignetError("active_document_damaged", `${place} is the document of another sequence`);
  }
  if (path === "public/jwks.json" && parsePublished({ jwks: text, discovery: undefined }).jwks.keys.length === 0) {
    throw new SignetError("backup_damaged", `${place} lists no key`);
  }
}

/** Whether a key's private part is in a file of this installation's. */
export function isOwn({ custody, origin, state }: KeyRecord): boolean {
  return custody === facts.name && origin !== "foreign" && state !== "revoked";
}

/**
 * The keys whose files should be there and are not: one that signs, or may be the next to do so.
 *
 * @param files the files that are there, by their paths
 */
export function lostKeys({ keys }: Keyring, files: Pick<ReadonlySet<string>, "has">): readonly KeyRecord[] {
  return keys.filter(
    (record) =>
      isOwn(record) &&
      record.materialLostAt === undefined &&
      (record.state === "active" || record.state === "pending") &&
      !files.has(keyPathOf(record.id)),
  );
}
