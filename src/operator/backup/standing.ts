import { isSignetError, SignetError } from "../../errors.js";
import { parseActiveDocument } from "../../keyring/active-document.js";
import type { AuditHead, Keyring } from "../../keyring/keyring.js";
import { parseKeyring } from "../../keyring/parse.js";
import { hashOf } from "../../rotation/plan/audit-entry.js";
import { type Files, wholeLines } from "./contents.js";
import type { Mark } from "./mark.js";
import type { ProvenBackup } from "./prove.js";

/** What is there where a backup shall be restored. */
interface Here {
  readonly files: Files;
  /** What an earlier restore left, that was not confirmed. */
  readonly mark: Mark | undefined;
  /** The directory, for messages. */
  readonly directory: string;
}

/** One line of what is where. */
interface Compared {
  readonly part: string;
  readonly backup: string;
  readonly here: string;
}

/**
 * What a restore does. `copy`: a new copy comes about, which signs once it is confirmed. `mend`: what is lost is put back beside what is
 * there, and no new copy comes about. `nothing`: everything is there.
 */
export type Standing =
  | { readonly kind: "copy" | "mend"; readonly missing: readonly string[]; readonly compared: readonly Compared[] }
  | { readonly kind: "nothing"; readonly compared: readonly Compared[] }
  | { readonly kind: "refused"; readonly why: SignetError; readonly compared: readonly Compared[] };

/** How the place's history stands to the backup's. */
type History = "same" | "ahead" | "behind" | "forked";

/**
 * Judges what is newer where. Nothing that is there is ever written over: an operator who wants the backup all the same moves it away.
 */
export function standingOf(backup: ProvenBackup, here: Here): Standing {
  const compared = comparison(backup, here);
  try {
    return { ...judged(backup, here), compared };
  } catch (why) {
    if (!isSignetError(why)) throw why;
    return { kind: "refused", why, compared };
  }
}

type Verdict = { readonly kind: "copy" | "mend"; readonly missing: readonly string[] } | { readonly kind: "nothing" };

function judged(backup: ProvenBackup, here: Here): Verdict {
  const { files, mark, directory } = here;
  if (files.has("keyring.json")) return besideKeyring(backup, here);
  if (mark !== undefined && mark.backup !== backup.digest) {
    throw refused(
      `another backup was restored in ${directory}, and waits for your word: \`signet restore --confirm\`, or move ${directory} away`,
    );
  }
  const top = topSequence(files);
  if (top !== undefined) return withoutKeyring(backup, here, top);
  for (const [path, text] of files) {
    // What the backup does not have is in no way: a key of which no record knows signs nothing.
    const other = backup.files.get(path);
    if (other === undefined || other === text || path === "signet.json" || path.startsWith("public/")) continue;
    throw refused(
      `there is no keyring in ${directory}, and its ${path} is not the backup's: it may be newer. Where you want the backup all the same, move it away: ` +
        moving(directory, "before"),
    );
  }
  return { kind: "copy", missing: missingOf(backup.files, files, (path) => !path.startsWith("active/")) };
}

// The keyring that is there stays: it says which private keys are missed.
function besideKeyring(backup: ProvenBackup, { files, directory }: Here): Verdict {
  const keyring = keyringIn(files.get("keyring.json") as string, directory);
  const history = historyOf(keyring.audit, files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  const missing = missingOf(backup.files, files, (path) => isMissed(path, backup, keyring));
  if (missing.length > 0) return { kind: "mend", missing };
  if (history === "same") return { kind: "nothing" };
  throw refused(
    `${directory} is newer than the backup, and lacks nothing that the backup has; nothing was written. To go back to the backup all the same ` +
      "brings revoked keys back and loses the keys made since; only then move it away: " +
      moving(directory, "newer"),
  );
}

// A damaged one says that it is to be restored: here is how.
function keyringIn(text: string, directory: string): Keyring {
  const path = `${directory}/keyring.json`;
  try {
    return parseKeyring(text, path);
  } catch (error) {
    if (!isSignetError(error, "keyring_damaged")) throw error;
    throw refused(
      `${path} is damaged; nothing was written. Move it away, and restore again: the backup's is brought up to date by the audit log and the active ` +
        `document that are there: mv '${path}' '${path}.damaged'`,
    );
  }
}

function moving(directory: string, as: string): string {
  return `mv '${directory}' '${directory}.${as}'`;
}

// Key files of records that both have; the log as a whole.
function isMissed(path: string, backup: ProvenBackup, keyring: Keyring): boolean {
  if (path === "audit.jsonl" || path === "signet.json") return true;
  const kidIn = ({ keys }: Keyring): string | undefined =>
    keys.find(({ id, state }) => `keys/${id}.key` === path && state !== "revoked")?.publicJwk?.kid;
  const kid = kidIn(keyring);
  return kid !== undefined && kid === kidIn(backup.keyring);
}

// Documents sign here: the keyring is put back to them, and the next manager brings it up to date.
function withoutKeyring(backup: ProvenBackup, { files, directory }: Here, top: number): Verdict {
  const lines = wholeLines(files.get("audit.jsonl"));
  const history = lines.length === 0 ? "ahead" : historyOf(headOf(lines), files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  if (top < backup.keyring.confirmedSequence) {
    throw refused(
      `the active document in ${directory} is older (sequence ${top}) than the backup's keyring (${backup.keyring.confirmedSequence}); nothing was written. ` +
        `Where it is an old copy, move it away: ${moving(directory, "older")}`,
    );
  }
  // The keyring comes last: until then nothing manages these keys.
  return { kind: "mend", missing: [...missingOf(backup.files, files, (path) => !path.startsWith("active/")), "keyring.json"] };
}

function olderOrOther(history: "behind" | "forked", directory: string): SignetError {
  const what =
    history === "behind"
      ? `what is in ${directory} is older than the backup`
      : `the audit log in ${directory} is not the one that the backup's keyring continues: both were changed since they were one, or it is another issuer's`;
  return refused(`${what}; nothing was written. Where you want the backup, move it away: ${moving(directory, "before")}`);
}

function historyOf(here: Pick<AuditHead, "count" | "head">, files: Files, backup: ProvenBackup): History {
  const { count, head } = backup.keyring.audit;
  if (here.count === count) return here.head === head ? "same" : "forked";
  const [longer, at, wanted] = here.count > count ? [files, count, head] : [backup.files, here.count, here.head];
  const line = lineOf(longer, at);
  // A log that was lost proves nothing: then the counts decide.
  if (line !== undefined && hashOf(line) !== wanted) return "forked";
  return here.count > count ? "ahead" : "behind";
}

function headOf(lines: readonly string[]): Pick<AuditHead, "count" | "head"> {
  const last = lines.at(-1) as string;
  return { count: numberOf(last) ?? lines.length, head: hashOf(last) };
}

function lineOf(files: Files, number: number): string | undefined {
  return wholeLines(files.get("audit.jsonl")).find((line) => numberOf(line) === number);
}

function numberOf(line: string): number | undefined {
  const digits = /^\{"number":(\d{1,15}),/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function missingOf(backup: Files, here: Files, isWanted: (path: string) => boolean): string[] {
  return [...backup.keys()].filter((path) => !here.has(path) && path !== "keyring.json" && isWanted(path));
}

function topSequence(files: Files): number | undefined {
  const sequences = [...files].flatMap(([path, text]) => (path.startsWith("active/") ? [sequenceIn(path, text)] : []));
  return sequences.length === 0 ? undefined : Math.max(...sequences);
}

function sequenceIn(path: string, text: string): number {
  return parseActiveDocument(text, path).sequence;
}

function comparison(backup: ProvenBackup, here: Here): Compared[] {
  const side = (files: Files, keyring: Keyring | undefined): readonly string[] => {
    const count = (prefix: string): number => [...files.keys()].filter((path) => path.startsWith(prefix)).length;
    const lines = wholeLines(files.get("audit.jsonl")).length;
    return [
      keyring === undefined ? "none" : `generation ${keyring.leases}, entry ${keyring.audit.count}`,
      keyring === undefined ? "none" : `${keyring.lastSequence}`,
      counted(count("active/"), "document"),
      lines === 0 ? "none" : `${lines} entries`,
      counted(count("keys/"), "key file"),
      files.has("signet.json")
        ? files.get("signet.json") === backup.files.get("signet.json")
          ? "the same"
          : "another; it stays"
        : "none",
    ];
  };
  const parts = ["keyring", "sequence", "active", "audit log", "private keys", "signet.json"];
  const [ours, theirs] = [side(backup.files, backup.keyring), side(here.files, readable(here))];
  return parts.map((part, index) => ({
    part,
    backup: part === "signet.json" ? "there" : (ours[index] ?? ""),
    here: theirs[index] ?? "",
  }));
}

function counted(count: number, what: string): string {
  if (count === 0) return "none";
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

// A damaged one is told by the verdict.
function readable({ files, mark, directory }: Here): Keyring | undefined {
  const text = files.get("keyring.json");
  if (text === undefined) return mark?.keyring;
  try {
    return parseKeyring(text, directory);
  } catch {
    return undefined;
  }
}

function refused(words: string): SignetError {
  return new SignetError("restore_refused", words);
}
