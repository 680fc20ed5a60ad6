import type { PassphraseSource } from "../../custody/file/key-file.js";
import { type ErrorCode, isSignetError, SignetError } from "../../errors.js";
import type { Keyring } from "../../keyring/keyring.js";
import { parseKeyring } from "../../keyring/parse.js";
import { type AuditVerdict, verifyAudit } from "../../rotation/session/audit.js";
import { type Backup, damaged } from "./contents.js";
import { logOf } from "./log.js";
import { lostKeys, provenFiles } from "./prove-files.js";

/** These say best themselves how to go on. */
const TOLD: readonly ErrorCode[] = ["keyring_version", "passphrase_required", "passphrase_wrong", "algorithm_unavailable"];

/** A backup of which everything was read, and each key has signed; without what is damaged in it and not needed. */
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
 * Believes nothing of a backup: its keyring, documents and log are read as a manager reads them, and each key is proven.
 *
 * @param passphrase answers that of the key files; asked only where one is encrypted
 * @throws SignetError `backup_damaged`, `keyring_version`, `passphrase_required`, `passphrase_wrong`, `algorithm_unavailable`
 */
export async function proveBackup(backup: Backup, passphrase: PassphraseSource): Promise<ProvenBackup> {
  const { issuer } = backup;
  try {
    const keyring = parseKeyring(backup.files.get("keyring.json") ?? "", "the backup's keyring.json");
    if (keyring.issuer !== issuer) throw damaged("its keyring is another issuer's");
    const { files, opened, unopened, notes } = await provenFiles(keyring, backup.files, passphrase, "the backup's ");
    if (unopened > 0) {
      throw new SignetError(
        "passphrase_required",
        "the backup's key files are encrypted: set SIGNET_PASSPHRASE or SIGNET_PASSPHRASE_FILE to their passphrase; nothing was written",
      );
    }
    const lost = lostKeys(keyring, files);
    if (lost.some(({ state }) => state === "active")) throw damaged("it lacks the private part of the key that signs");
    const audit = await verifyAudit({ audit: logOf(files) }, keyring);
    return { ...backup, files, keyring, audit, provenKeys: opened, notes: [...notes, ...notesOn(audit, lost.length)] };
  } catch (error) {
    if (!isSignetError(error) || error.code === "backup_damaged" || TOLD.includes(error.code)) throw error;
    throw damaged(error.message, error);
  }
}

function notesOn({ fault }: AuditVerdict, lost: number): string[] {
  return [
    ...(fault === null ? [] : [`its audit log was not whole when it was made: line ${fault.number}: ${fault.words}`]),
    ...(lost === 0 ? [] : [`it lacks the private parts of ${lost} standbys, which the next tick replaces`]),
  ];
}
