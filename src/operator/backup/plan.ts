import { facts } from "../../custody/file/facts.js";
import { decodeKeyFile } from "../../custody/file/key-file.js";
import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import { type ActiveDocument, parseActiveDocument } from "../../keyring/active-document.js";
import type { Keyring } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import { verifyAudit } from "../../rotation/session/audit.js";
import { RESTORED_NAME } from "../../storage/file/restored.js";
import { type Compared, comparisonOf } from "./comparison.js";
import { type Files, keyIdOf } from "./contents.js";
import { doubtOfConfig, doubtOfPlace, doubtOfSigner, doubtOfSilence, doubtsOfKeys, isPassed, unpublishedOf } from "./doubts.js";
import { type History, historyByKeyring, historyByLog, logOf, overByLog } from "./log.js";
import { type Mark, markText } from "./mark.js";
import type { ProvenBackup } from "./prove.js";
import { isOwn } from "./prove-files.js";
import { withRevoked } from "./revoked-since.js";

/** What is there where a backup shall be restored. */
export interface Here {
  readonly files: Files;
  /** What an earlier restore left, that was not confirmed. */
  readonly mark: Mark | undefined;
  /** The directory, for messages. */
  readonly directory: string;
  /** What names the place (`placeDigest`). */
  readonly place: string;
}

/** What the operator says. */
export interface Word {
  /** The kids of keys that were revoked since the backup was made. */
  readonly revoked: readonly string[];
  /** When it is said, as NumericDate. */
  readonly at: number;
}

/**
 * What a restore does. `copy`: what is there signs nothing, and a new copy comes about, which signs once it is confirmed. `mend`: what is there is the
 * issuer, and what it lacks is put back.
 */
export type Plan = { readonly compared: readonly Compared[] } & (
  | Writing
  | { readonly kind: "nothing" }
  | { readonly kind: "refused"; readonly why: SignetError }
);

/** What will be written. Nothing that is there is ever written over. */
export interface Writing {
  readonly kind: "copy" | "mend";
  /** The files in their order, by their paths below the directory. What makes them an issuer, or a copy, comes last. */
  readonly writes: Files;
  /** What cannot be known here, each in a sentence: a mend is written by an operator's word on them alone. */
  readonly doubts: readonly string[];
  /** What an operator has to look at afterwards, each in a sentence. */
  readonly notes: readonly string[];
}

/** Judges what is newer where, and says what is to be written. Nothing is read or written here. */
export async function planOf(backup: ProvenBackup, here: Here, word: Word): Promise<Plan> {
  const compared = comparisonOf(backup, here);
  try {
    return { ...(await judged(backup, here, word)), compared };
  } catch (why) {
    if (!isSignetError(why)) throw why;
    return { kind: "refused", why, compared };
  }
}

async function judged(backup: ProvenBackup, here: Here, word: Word): Promise<Writing | { readonly kind: "nothing" }> {
  const { files, mark, directory } = here;
  if (mark !== undefined && files.has("keyring.json")) {
    throw refused(
      `a confirmation of a restored copy in ${directory} was interrupted: \`signet restore --confirm\` goes on with it`,
    );
  }
  if (mark !== undefined && mark.backup !== backup.digest) {
    throw refused(
      `another backup was restored in ${directory}, and waits for your word: \`signet restore --confirm\`, or move ${directory} away`,
    );
  }
  const top = mark === undefined ? topDocument(files) : undefined;
  if (!files.has("keyring.json") && top !== undefined) return besideDocument(backup, here, top, word);
  if (word.revoked.length > 0) {
    const how = files.has("keyring.json") ? "revoke it by `signet keys revoke KID`" : "give it with `signet restore --confirm`";
    throw new SignetError("usage", `--revoked is for a keyring that is put back, and none is here: ${how}; nothing was written`);
  }
  return files.has("keyring.json") ? besideKeyring(backup, here) : copy(backup, here);
}

// Nothing here signs, and what is written does not either: the mark comes last, and stands in place of a keyring.
async function copy(backup: ProvenBackup, { files, mark, directory }: Here): Promise<Writing> {
  const history = await historyByLog(files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  for (const [path, text] of files) {
    // What the backup does not have is in no way: a key of which no record knows signs nothing.
    const other = keyIdOf(path) === undefined ? undefined : backup.files.get(path);
    if (other === undefined || other === text) continue;
    throw refused(
      `there is no keyring in ${directory}, and its ${path} is not the backup's: it may be newer. Where you want the backup all the same, move it away: ` +
        moving(directory, "before"),
    );
  }
  const { digest, madeAt, keyring } = backup;
  const waiting = markText({ backup: digest, madeAt, keyring: withoutHolder(keyring) });
  const writes = lacking(backup, files, overByLog(files, backup));
  return {
    kind: "copy",
    writes: mark === undefined ? followedBy(writes, RESTORED_NAME, waiting) : writes,
    doubts: [],
    notes: [],
  };
}

// The keyring that is there stays: it says which private keys are missed.
async function besideKeyring(backup: ProvenBackup, here: Here): Promise<Writing | { readonly kind: "nothing" }> {
  const { files, directory } = here;
  const keyring = keyringIn(files.get("keyring.json") as string, directory);
  const history = historyByKeyring(keyring, files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  await assertWhole(backup, keyring, here);
  const writes = lacking(backup, files, overByLog(files, backup), keyring);
  if (writes.size > 0) {
    const doubts = [...doubtOfPlace(keyring, here), ...doubtOfSilence(keyring, files, writes), ...doubtOfConfig(writes)];
    return { kind: "mend", writes, doubts, notes: writes.has("audit.jsonl") ? await holesOf(writes, keyring) : [] };
  }
  if (history === "same") return { kind: "nothing" };
  throw refused(
    `${directory} is newer than the backup, and lacks nothing that the backup has; nothing was written. To go back to the backup all the same ` +
      "brings revoked keys back and loses the keys made since; only then move it away: " +
      moving(directory, "newer"),
  );
}

/**
 * A document names who signs here: the keyring is put back to it, and brought up to date by log and document (`signet keys repair`). Where the log is
 * lost as well, or ends where the backup does although the issuer went on, the JWKS here tells which keys were taken out since.
 */
async function besideDocument(backup: ProvenBackup, here: Here, top: ActiveDocument, word: Word): Promise<Writing> {
  const { files, directory } = here;
  const history = await historyByLog(files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  const { confirmedSequence } = backup.keyring;
  if (top.sequence < confirmedSequence) {
    throw refused(
      `the active document in ${directory} is older (sequence ${top.sequence}) than the backup's keyring (${confirmedSequence}); nothing was written. ` +
        `Where it is an old copy, move it away: ${moving(directory, "older")}`,
    );
  }
  // A log that was put back by a restore which was killed, or by hand, tells no more than the backup.
  const isUnknown = history === "lost" || (history === "same" && isPassed(backup.keyring, files, top));
  const unpublished = isUnknown ? unpublishedOf(backup.keyring, files, top) : [];
  const over = [...word.revoked, ...unpublished];
  const keyring = withRevoked(withoutHolder(backup.keyring), over, word.at);
  const writes = lacking(backup, files, new Set([...overByLog(files, backup), ...over]));
  const doubts = [
    ...doubtOfPlace(backup.keyring, here),
    ...doubtOfSigner(top, files),
    ...(isUnknown ? doubtsOfKeys(keyring, top, unpublished, history === "lost") : []),
    ...doubtOfConfig(writes),
  ];
  return { kind: "mend", writes: logLast(followedBy(writes, "keyring.json", keyringText(keyring))), doubts, notes: [] };
}

// What is there is never written over: a key file that does not open has to leave before the backup's comes back.
async function assertWhole({ files: own }: ProvenBackup, { keys }: Keyring, { files, directory }: Here): Promise<void> {
  for (const record of keys.filter(isOwn)) {
    const name = `${facts.keyFolder}/${record.id}.key`;
    const text = files.get(name);
    if (text === undefined || !own.has(name) || (await opens(text, name))) continue;
    const path = `${directory}/${name}`;
    throw refused(
      `${path} is damaged, and the backup has it; nothing was written. Move it away, and restore again: ` +
        `mv ${asArgument(path)} ${asArgument(`${path}.damaged`)}`,
    );
  }
}

// An encrypted one is whole for all that can be seen without its passphrase.
async function opens(text: string, path: string): Promise<boolean> {
  try {
    await decodeKeyFile(text, path, async () => undefined);
    return true;
  } catch (error) {
    if (isSignetError(error, "passphrase_required")) return true;
    if (isSignetError(error)) return false;
    throw error;
  }
}

async function holesOf(writes: Files, keyring: Keyring): Promise<string[]> {
  const { fault } = await verifyAudit({ audit: logOf(writes) }, keyring);
  if (fault === null) return [];
  return [
    `the audit log that was put back is not whole: line ${fault.number}: ${fault.words}. Where there is no later one, \`signet audit begin\` begins a new chain`,
  ];
}

/**
 * What the backup has and the place lacks: config, key files and log. Documents and public files are a manager's to write.
 *
 * @param over kids whose private parts do not come back
 * @param present says which private parts are missed, where a keyring is there
 */
function lacking({ files: own, keyring }: ProvenBackup, here: Files, over: ReadonlySet<string>, present = keyring): Files {
  const isMissed = (id: string): boolean => {
    const [ours, theirs] = [keyring, present].map(({ keys }) => keys.find((each) => each.id === id));
    const isOver = theirs === undefined || theirs.state === "revoked" || theirs.revokedAt !== undefined;
    const kid = ours?.publicJwk?.kid;
    return !isOver && theirs.publicJwk?.kid === kid && !(kid !== undefined && over.has(kid));
  };
  const isWanted = (path: string): boolean => {
    const id = keyIdOf(path);
    return id === undefined ? path === "signet.json" || path === "audit.jsonl" : isMissed(id);
  };
  return new Map([...own].filter(([path]) => !here.has(path) && isWanted(path)));
}

function followedBy(writes: Files, path: string, text: string): Files {
  return new Map([...writes, [path, text]]);
}

// The keyring has the operator's word in it: a log without it would be believed by the next restore.
function logLast(writes: Files): Files {
  const isLog = ([path]: readonly [string, string]): boolean => path === "audit.jsonl";
  return new Map([...[...writes].filter((each) => !isLog(each)), ...[...writes].filter(isLog)]);
}

// Who held the lease is gone, or of another machine. What no record names is searched for by the next manager.
function withoutHolder(keyring: Keyring): Keyring {
  return { ...keyring, lease: null, sweptAt: null };
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
        `document that are there: mv ${asArgument(path)} ${asArgument(`${path}.damaged`)}`,
    );
  }
}

function topDocument(files: Files): ActiveDocument | undefined {
  const documents = [...files].flatMap(([path, text]) => (path.startsWith("active/") ? [parseActiveDocument(text, path)] : []));
  return documents.sort((a, b) => b.sequence - a.sequence)[0];
}

function olderOrOther(history: Extract<History, "behind" | "forked">, directory: string): SignetError {
  const what =
    history === "behind"
      ? `what is in ${directory} is older than the backup`
      : `the audit log in ${directory} does not continue the backup's: both were changed since they were one, lines of it are missing, or it is another issuer's`;
  return refused(`${what}; nothing was written. Where you want the backup, move it away: ${moving(directory, "before")}`);
}

function moving(directory: string, as: string): string {
  return `mv ${asArgument(directory)} ${asArgument(`${directory}.${as}`)}`;
}

function refused(words: string): SignetError {
  return new SignetError("restore_refused", words);
}
