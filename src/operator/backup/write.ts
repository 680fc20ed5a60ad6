import { lstat } from "node:fs/promises";
import { decodeUtf8 } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { PRIVATE_FILE, writeNewFile } from "../../files/durable.js";
import { readGivenFile } from "../given-file.js";
import { pathGiven, type Surroundings } from "../surroundings.js";
import { type BackupContents, backupText, damaged, digestOf, MAX_FILES } from "./contents.js";
import { MAX_BACKUP_BYTES, type Openers, opened, type Seal, sealed } from "./sealing.js";

/** @throws SignetError `usage` where a backup's name is taken: nothing is written over */
export async function assertFree(surroundings: Surroundings, path: string): Promise<void> {
  const present = await lstat(pathGiven(surroundings, path)).catch(() => undefined);
  if (present !== undefined) throw taken(path);
}

/**
 * Seals contents into a file of its owner's. It is read back, and opened where the passphrase is at hand, before this returns.
 *
 * @returns what names the contents
 * @throws SignetError `usage`, `store_failed`
 */
export async function writeBackup(
  surroundings: Surroundings,
  path: string,
  contents: BackupContents,
  seal: Seal,
): Promise<string> {
  if (contents.files.size > MAX_FILES) {
    throw tooLarge(`${MAX_FILES} files`);
  }
  const text = backupText(contents);
  const file = await sealed(text, seal);
  if (file.length > MAX_BACKUP_BYTES) {
    throw tooLarge(`${MAX_BACKUP_BYTES} bytes`);
  }
  const place = pathGiven(surroundings, path);
  if (!(await writeNewFile(place, file, PRIVATE_FILE))) throw taken(path);
  const written = await readBackupFile(surroundings, path);
  const isGood = written === file && (!("passphrase" in seal) || (await opened(written, ofPassphrase(seal.passphrase))) === text);
  if (!isGood) throw new SignetError("store_failed", `${path} was written and does not open: give another name, on another disk`);
  return digestOf(text);
}

/**
 * Reads a backup file, as it is.
 *
 * @throws SignetError `usage` where there is none, `backup_damaged` for what is no text
 */
export async function readBackupFile(surroundings: Surroundings, path: string): Promise<string> {
  const text = decodeUtf8(await readGivenFile(surroundings, path, undefined, MAX_BACKUP_BYTES));
  if (text === undefined) throw damaged("it is no text");
  return text;
}

function ofPassphrase(passphrase: string): Openers {
  return {
    passphrase: async () => passphrase,
    privateKey: () => Promise.reject(damaged("it asks for a private key, and was sealed under a passphrase")),
  };
}

function tooLarge(most: string): SignetError {
  return new SignetError(
    "usage",
    `the backup would have more than ${most}, which no restore reads: nothing was written. \`signet keys tick\` removes what is over; where it is too ` +
      "much all the same, stop what signs, and copy config and folder as they are (cp -a)",
  );
}

function taken(path: string): SignetError {
  return new SignetError(
    "usage",
    `${path} is there already, and no backup is written over: give another name, such as one with the date`,
  );
}
