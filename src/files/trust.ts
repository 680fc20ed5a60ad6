import { lstatSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { asArgument } from "../encoding/shell-argument.js";
import { SignetError } from "../errors.js";
import { warnOfFile } from "./warnings.js";

/**
 * What a file is for, which decides who else may write or read it:
 * - `input` is named for one run: claims, public keys, a certificate.
 * - `document` is what Signet is configured by or keeps: config, keyring, active and public documents, audit log.
 * - `secret` is a passphrase or a shared secret.
 * - `key` is a private key that Signet keeps.
 * - `program` is run, and sees private keys.
 */
export type FileKind = "input" | "document" | "secret" | "key" | "program";

/** A file as it was found, with what decides who could exchange it. */
export interface FoundFile {
  readonly path: string;
  /** Of the opened file, not of its name: a name can be exchanged between a check and a read. */
  readonly file: Stats;
  /** Of the name itself where that is a symbolic link. */
  readonly link?: Stats | undefined;
  /** The folders of the name and, where that is a link, of what it leads to. */
  readonly folders: readonly { readonly path: string; readonly stats: Stats }[];
}

const WRITE = { group: 0o020, others: 0o002 } as const;
const STICKY = 0o1000;

/**
 * Refuses a file that another user could have written (a secret: read as well), and warns of one that some may write.
 *
 * @throws SignetError `store_insecure`, with the command that repairs it
 */
export function assertTrusted(kind: FileKind, found: FoundFile): void {
  // Windows has neither these bits nor these owners: node reports mode 0o666 for every file.
  if (process.platform === "win32") return;
  for (const { path, stats } of found.folders) assertFolder(kind, path, stats, found);
  const { path, file } = found;
  if (kind === "program") assertProgram(path, file);
  if ((file.mode & WRITE.others) !== 0) throw written(path, kind === "secret" || kind === "key" ? "600" : "o-w");
  if (kind === "key") assertOwnKey(path, file);
  if (kind === "secret") assertSecret(path, file);
  if (kind === "document" || kind === "secret") warnOfOthers(path, file);
}

/** Refuses a folder in which another user could exchange any file, even one of another owner. */
export function assertFolderTrusted(kind: FileKind, path: string, stats: Stats): void {
  if (process.platform !== "win32") assertFolder(kind, path, stats, {});
}

/** Whether a user other than this one and root owns something. */
function isForeign({ uid }: Stats): boolean {
  return uid !== 0 && uid !== process.geteuid?.();
}

/**
 * Whether a user other than this one and root can have put a name into its folder. In a folder that every user can write, and move names of,
 * only what belongs to the folder's owner counts as put there by that one.
 */
export function canBePlanted(name: Stats, folder: Stats): boolean {
  if (process.platform === "win32") return false;
  if (isForeign(name) || isForeign(folder)) return true;
  const isOpen = (folder.mode & WRITE.others) !== 0 && (folder.mode & STICKY) === 0;
  return isOpen && name.uid !== folder.uid;
}

/** The same of a file that was found, not named: in a folder that every user can write none is believed, nor what a link leads to that is another user's. */
export function mayPlant(path: string): boolean {
  if (process.platform === "win32") return false;
  const folder = statSync(dirname(path));
  if ((folder.mode & WRITE.others) !== 0) return true;
  return canBePlanted(lstatSync(path), folder) || isForeign(statSync(path));
}

function assertFolder(kind: FileKind, path: string, folder: Stats, { file, link }: Partial<FoundFile>): void {
  if (kind === "key") {
    if ((folder.mode & (WRITE.group | WRITE.others)) !== 0) throw written(path, "700");
    if (isForeign(folder)) throw foreign(path, folder);
    return;
  }
  if (kind === "program" && isForeign(folder)) throw foreign(path, folder);
  // In a sticky folder, such as /tmp or a mounted Kubernetes secret, only the owner of a name can exchange it.
  if ((folder.mode & STICKY) !== 0) {
    const planted = [file, link].find((each) => each !== undefined && isForeign(each));
    if ((folder.mode & WRITE.others) !== 0 && planted !== undefined) throw foreign(path, planted);
    return;
  }
  if (kind === "secret" && (folder.mode & WRITE.group) !== 0) throw written(path, "700");
  if ((folder.mode & WRITE.others) !== 0) throw written(path, "o-w");
}

function assertOwnKey(path: string, file: Stats): void {
  if ((file.mode & WRITE.group) !== 0) throw written(path, "600");
  if ((file.mode & 0o077) !== 0) throw readable(path);
  if (isForeign(file)) throw foreign(path, file);
}

function assertProgram(path: string, file: Stats): void {
  if ((file.mode & (WRITE.group | WRITE.others)) !== 0) throw written(path, "go-w");
  if (isForeign(file)) throw foreign(path, file);
}

function assertSecret(path: string, file: Stats): void {
  if ((file.mode & WRITE.group) !== 0) throw written(path, "600");
  if ((file.mode & 0o007) !== 0) throw readable(path);
  // Kubernetes gives a pod's user its secrets through the pod's group (fsGroup): they are root's, and there is no other way.
  const isThroughGroup = file.uid === 0 && process.geteuid?.() !== 0;
  if ((file.mode & 0o070) !== 0 && !isThroughGroup) throw readable(path);
}

function warnOfOthers(path: string, file: Stats): void {
  if ((file.mode & WRITE.group) !== 0) {
    warnOfFile(`${path} can be written by its group (${file.gid}); if that is not wanted, run: chmod g-w ${asArgument(path)}`);
  }
  if (isForeign(file)) {
    warnOfFile(
      `${path} belongs to user ${file.uid}, who can change it; if that is not wanted, run: chown ${self()} ${asArgument(path)}`,
    );
  }
}

function written(path: string, remedy: string): SignetError {
  return new SignetError("store_insecure", `${path} can be written by other users; run: chmod ${remedy} ${asArgument(path)}`);
}

function readable(path: string): SignetError {
  return new SignetError("store_insecure", `${path} can be read by other users; run: chmod 600 ${asArgument(path)}`);
}

function foreign(path: string, { uid }: Stats): SignetError {
  const words = `${path}: user ${uid} can exchange what is there; run as that user, or run: chown ${self()} ${asArgument(path)}`;
  return new SignetError("store_insecure", words);
}

function self(): string {
  return String(process.geteuid?.() ?? "");
}
