import { privateKeyFromJwk, publicKeyFromJwk } from "../../algorithms/jwk.js";
import { assertHalvesMatch } from "../../algorithms/keys.js";
import { algorithmNamed } from "../../algorithms/table.js";
import { decodeKeyFile, type PassphraseSource } from "../../custody/file/key-file.js";
import { type ErrorCode, isSignetError } from "../../errors.js";
import { parseActiveDocument } from "../../keyring/active-document.js";
import type { Keyring } from "../../keyring/keyring.js";
import { parseKeyring } from "../../keyring/parse.js";
import { type AuditVerdict, verifyAudit } from "../../rotation/session/audit.js";
import type { AuditStore } from "../../storage/contract.js";
import { parsePublished } from "../../storage/published.js";
import { type Backup, damaged, type Files, keyIdOf, wholeLines } from "./contents.js";
import { lostKeys } from "./gather.js";

/** These say best themselves how to go on. */
const TOLD: readonly ErrorCode[] = ["backup_damaged", "keyring_version", "passphrase_required", "passphrase_wrong"];

/** A backup of which everything was read, and each key has signed. */
export interface ProvenBackup extends Backup {
  readonly keyring: Keyring;
  /** What its audit log says of itself, against its keyring. */
  readonly audit: AuditVerdict;
  /** How many private keys were opened, and have signed. */
  readonly provenKeys: number;
  /** What an operator has to look at, each in a sentence. */
  readonly notes: readonly string[];
}

/**
 * Believes nothing of a backup: its keyring, documents and log are read as a manager reads them, and each key is opened, signs, and is
 * checked against the public key that the keyring has for it.
 *
 * @param passphrase answers that of the key files; asked only where one is encrypted
 * @throws SignetError `backup_damaged`, `keyring_version`, `passphrase_required`, `passphrase_wrong`
 */
export async function proveBackup(backup: Backup, passphrase: PassphraseSource): Promise<ProvenBackup> {
  const { files, issuer } = backup;
  const keyring = within("keyring.json", () => parseKeyring(files.get("keyring.json") ?? "", "the backup's keyring.json"));
  if (keyring.issuer !== issuer) throw damaged("its keyring is another issuer's");
  proveDocuments(files);
  const audit = await verifyAudit({ audit: logOf(files) }, keyring);
  let provenKeys = 0;
  for (const [path, text] of files) {
    const id = keyIdOf(path);
    if (id === undefined) continue;
    await proveKeyFile(keyring, id, text, passphrase);
    provenKeys += 1;
  }
  const lost = lostKeys(keyring, files);
  const signer = lost.find(({ state }) => state === "active");
  if (signer !== undefined) throw damaged("it lacks the private part of the key that signs");
  return { ...backup, keyring, audit, provenKeys, notes: notesOn(audit, lost.length) };
}

/** The audit log of some files, as a store that is read. */
function logOf(files: Files): AuditStore {
  return {
    append: () => Promise.reject(damaged("it is only read")),
    async *read(after = 0) {
      yield* wholeLines(files.get("audit.jsonl")).slice(after);
    },
  };
}

function notesOn({ fault }: AuditVerdict, lost: number): string[] {
  return [
    ...(fault === null ? [] : [`its audit log was not whole when it was made: line ${fault.number}: ${fault.words}`]),
    ...(lost === 0 ? [] : [`it lacks the private parts of ${lost} standbys, which the next tick replaces`]),
  ];
}

function proveDocuments(files: Files): void {
  for (const [path, text] of files) {
    const sequence = /^active\/(\d+)\.json$/.exec(path)?.[1];
    if (sequence === undefined) continue;
    const document = within(path, () => parseActiveDocument(text, path));
    if (document.sequence !== Number(sequence)) throw damaged(`${path} is the document of another sequence`);
  }
  const jwks = files.get("public/jwks.json");
  if (jwks !== undefined && parsePublished({ jwks, discovery: undefined }).jwks.keys.length === 0) {
    throw damaged("public/jwks.json lists no key");
  }
}

async function proveKeyFile(keyring: Keyring, id: string, text: string, passphrase: PassphraseSource): Promise<void> {
  const record = keyring.keys.find((each) => each.id === id);
  if (record === undefined) throw damaged("it has the private part of a key that its keyring does not have");
  const path = `the backup's keys/${id}.key`;
  const jwk = await decodeKeyFile(text, path, passphrase).catch((error) => Promise.reject(asDamaged(path, error)));
  within(path, () => {
    const algorithm = algorithmNamed(jwk.alg ?? "");
    const privateKey = privateKeyFromJwk(jwk, algorithm);
    // A key that is still being made has no public part on record: it is proven against its own.
    const { publicJwk } = record;
    assertHalvesMatch(algorithm, privateKey, publicJwk && publicKeyFromJwk(publicJwk));
    if (publicJwk !== undefined && jwk.kid !== publicJwk.kid) throw damaged(`${path} is another key than the keyring says`);
  });
}

function within<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asDamaged(path, error);
  }
}

function asDamaged(path: string, error: unknown): unknown {
  if (!isSignetError(error)) return error;
  const { code, message } = error;
  return TOLD.includes(code) ? error : damaged(`${path}: ${message}`, error);
}
