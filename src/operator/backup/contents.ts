import { createHash } from "node:crypto";
import { isListOf, isObject, isText } from "../../encoding/list-of.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError, shortened } from "../../errors.js";
import { isCallerName } from "../../settings/callers.js";

/** The version of backups that is written, and read. */
export const BACKUP_VERSION = 1;

/** The files of an installation, by their paths: `signet.json`, and those of its directory. */
export type Files = ReadonlyMap<string, string>;

/** What is in a backup. */
export interface BackupContents {
  /** NumericDate. */
  readonly madeAt: number;
  /** The version of Signet that made it. */
  readonly madeBy: string;
  /** The issuer's URL; `null` where claims bring their own. */
  readonly issuer: string | null;
  readonly files: Files;
  /** When callers were recognised last, by name: NumericDates. */
  readonly callers: ReadonlyMap<string, number>;
}

/** A backup that was read. */
export interface Backup extends BackupContents {
  /** Names these very contents: SHA-256 as base64url. Who made a backup under a public key is known by it alone. */
  readonly digest: string;
}

const MAX_VERSION = 100;
/** The most files of a backup. An issuer has some twenty; each private key costs time, by the will of who sealed it. */
export const MAX_FILES = 256;

/** The paths that a backup can have. None of them leads anywhere else. */
const PATH =
  /^(?:signet\.json|keyring\.json|audit\.jsonl|public\/(?:jwks|openid-configuration)\.json|active\/[1-9]\d{0,15}\.json|keys\/[A-Za-z0-9_-]{1,64}\.key)$/;

/** Whether a path is one of an installation's that a backup holds. */
export function isBackupPath(path: string): boolean {
  return PATH.test(path);
}

/** Where the private part of a key is, by its id. */
export function keyPathOf(id: string): string {
  return `keys/${id}.key`;
}

/** The id of the key in a file; `undefined` for a file that holds none. */
export function keyIdOf(path: string): string | undefined {
  return /^keys\/(.+)\.key$/.exec(path)?.[1];
}

/** The lines of an audit log that were written to their end. */
export function wholeLines(log: string | undefined): readonly string[] {
  return (log ?? "").split("\n").slice(0, -1).filter(Boolean);
}

/** How many private keys, active documents and entries of the audit log are in files. */
export function countsOf(files: Files) {
  const paths = [...files.keys()];
  return {
    keys: paths.filter((path) => keyIdOf(path) !== undefined).length,
    documents: paths.filter((path) => path.startsWith("active/")).length,
    entries: wholeLines(files.get("audit.jsonl")).length,
  };
}

/** Names a text: SHA-256 as base64url. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** The contents as text, which `parseBackup` reads: equal ones give the same. */
export function backupText({ madeAt, madeBy, issuer, files, callers }: BackupContents): string {
  const listed = [...files].map(([path, text]) => ({ path, sha256: digestOf(text), text }));
  return JSON.stringify({ version: BACKUP_VERSION, madeAt, madeBy, issuer, files: listed, callers: Object.fromEntries(callers) });
}

/**
 * Reads what was sealed. Unknown members, versions and paths are errors, and each file has to be the one that the list names.
 *
 * @throws SignetError `backup_damaged`, `backup_version`
 */
export function parseBackup(text: string): Backup {
  const value = parsed(text);
  if (value.version !== BACKUP_VERSION) throw unknownVersion();
  const { version, madeAt, madeBy, issuer, files, callers, ...others } = value;
  assertNoOthers(others);
  if (!isTime(madeAt) || !isText(madeBy) || madeBy.length > MAX_VERSION || !(issuer === null || isText(issuer)))
    throw damaged("its head is not one");
  if (!isListOf(files, isObject) || !isObject(callers)) throw damaged("it does not list its files");
  if (files.length > MAX_FILES) throw damaged(`it has more than ${MAX_FILES} files`);
  const found = new Map<string, string>();
  for (const { path, sha256, text: content, ...more } of files) {
    assertNoOthers(more);
    if (!isText(path) || !isBackupPath(path)) throw damaged(`it has a file that belongs to no installation${named(path)}`);
    if (!isText(content) || found.has(path)) throw damaged(`it has ${path} twice, or as no text`);
    if (digestOf(content) !== sha256) throw damaged(`${path} is not the file that its list names`);
    found.set(path, content);
  }
  for (const path of ["signet.json", "keyring.json"]) if (!found.has(path)) throw damaged(`it has no ${path}`);
  const uses = Object.entries(callers).map(([name, at]): [string, number] => {
    if (!isCallerName(name) || !isTime(at)) throw damaged("it has a caller that can be none");
    return [name, at];
  });
  return { madeAt, madeBy, issuer, files: found, callers: new Map(uses), digest: digestOf(text) };
}

/** @throws SignetError `backup_version` */
export function unknownVersion(): SignetError {
  return new SignetError(
    "backup_version",
    `the backup has a version that this signet does not know; it reads version ${BACKUP_VERSION}: restore it with the signet that made it`,
  );
}

/** A backup that is none. */
export function damaged(what: string, cause?: unknown): SignetError {
  return new SignetError("backup_damaged", `the backup cannot be used: ${what}; nothing was written. Take another copy of it`, {
    cause,
  });
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseStrictJson(text, "the backup");
  } catch (error) {
    throw damaged("what was sealed is not JSON", error);
  }
  if (!isObject(value)) throw damaged("what was sealed is not an object");
  return value;
}

function assertNoOthers(others: object): void {
  const [name] = Object.keys(others);
  if (name !== undefined) {
    throw new SignetError("backup_version", `the backup has a member ${shortened(name)} that this signet does not know`);
  }
}

function named(path: unknown): string {
  return isText(path) ? `: ${shortened(path)}` : "";
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
