import { asArgument } from "../../encoding/shell-argument.js";
import { isSignetError, SignetError } from "../../errors.js";
import { type ActiveDocument, parseActiveDocument } from "../../keyring/active-document.js";
import { type Keyring, recordByKid } from "../../keyring/keyring.js";
import { keyringText, parseKeyring } from "../../keyring/parse.js";
import { verifyAudit } from "../../rotation/session/audit.js";
import { RESTORED_NAME } from "../../storage/file/restored.js";
import { clockBehind } from "./clock.js";
import { type Compared, comparisonOf } from "./comparison.js";
import { type Files, keyIdOf } from "./contents.js";
import {
  doubtOfConfig,
  doubtOfPlace,
  doubtOfSigner,
  doubtOfSilence,
  doubtsOfKeys,
  isPassed,
  publishedIn,
  revokedByLog,
  unpublishedOf,
} from "./doubts.js";
import { type Ending, type History, historyByKeyring, historyByLog, logOf, overByLog } from "./log.js";
import { type Mark, markText } from "./mark.js";
import { assertWhole, inTheWay, lacking, missedOf } from "./missed.js";
import type { FilesThere } from "./place.js";
import type { ProvenBackup } from "./prove.js";
import { isRevoked, withRevoked } from "./revoked-since.js";

/** What is there where a backup shall be restored. */
export interface Here extends FilesThere {
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
  // A keyring says itself who signs.
  const top = mark !== undefined || files.has("keyring.json") ? undefined : topDocument(files, directory);
  if (top !== undefined) return besideDocument(backup, here, top, word);
  if (word.revoked.length > 0) {
    const how = files.has("keyring.json") ? "revoke it by `signet keys revoke KID`" : "give it with `signet restore --confirm`";
    throw new SignetError("usage", `--revoked is for a keyring that is put back, and none is here: ${how}; nothing was written`);
  }
  return files.has("keyring.json") ? besideKeyring(backup, here) : copy(backup, here, word);
}

// Nothing here signs, and what is written does not either: the mark comes last, and stands in place of a keyring.
async function copy(backup: ProvenBackup, here: Here, word: Word): Promise<Writing> {
  const { files, mark, directory } = here;
  const history = await historyByLog(files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  if (history === "torn") throw tornLog(backup, files, directory);
  const over = overByLog(files, backup);
  await assertWhole(backup, here, missedOf(backup, over));
  for (const [path, text] of files) {
    // What the backup does not have is in no way: a key of which no record knows signs nothing.
    const other = keyIdOf(path) === undefined ? undefined : backup.files.get(path);
    if (other === undefined || other === text) continue;
    throw refused(
      `there is no keyring in ${directory}, and its ${path} is not the backup's: it may be newer. Where you want the backup all the same, move it away: ` +
        moving(directory, "before"),
    );
  }
  const { digest, madeAt } = backup;
  const keyring = withoutHolder(backup.keyring);
  const waiting = markText({ backup: digest, madeAt, keyring });
  const writes = lacking(backup, files, missedOf(backup, over));
  return {
    kind: "copy",
    writes: mark === undefined ? followedBy(writes, RESTORED_NAME, waiting) : writes,
    doubts: [],
    notes: notesOnClock(keyring, word.at),
  };
}

// The keyring that is there stays: it says which private keys are missed.
async function besideKeyring(backup: ProvenBackup, here: Here): Promise<Writing | { readonly kind: "nothing" }> {
  const { files, directory } = here;
  const keyring = keyringIn(files.get("keyring.json") as string, directory);
  const history = historyByKeyring(keyring, files, backup);
  if (history === "behind" || history === "forked") throw olderOrOther(history, directory);
  const isMissed = missedOf(backup, overByLog(files, backup), keyring);
  await assertWhole(backup, here, isMissed);
  const writes = lacking(backup, files, isMissed);
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
 * lost as well, is damaged, or ends where the backup does although the issuer went on, the JWKS here tells which keys were taken out since.
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
  const published = publishedIn(files);
  const unknown = history === "ahead" || (history === "same" && !isPassed(backup.keyring, published, top)) ? undefined : history;
  const over = overByLog(files, backup);
  // What a damaged log says of keys that are over is heard here alone, and by an operator's word: a repair believes none of it.
  const told = history === "torn" ? toldOf(backup.keyring, over, word) : new Map<string, Ending>();
  const byLog = revokedByLog({ top, told });
  const unpublished =
    unknown === undefined ? [] : unpublishedOf(backup.keyring, published, top).filter((kid) => !byLog.includes(kid));
  const { at } = word;
  const worded = withRevoked(withoutHolder(backup.keyring), word.revoked, { at });
  const keyring = withRevoked(withRevoked(worded, byLog, { at, by: "log" }), unpublished, { at, by: "jwks" });
  const ended = [...over.keys()].filter((kid) => history !== "torn" || kid !== top.kid);
  const isMissed = missedOf(backup, new Set([...ended, ...word.revoked, ...unpublished]));
  await assertWhole(backup, here, isMissed);
  const writes = lacking(backup, files, isMissed);
  const silence = doubtOfSigner(top, files);
  const doubts = [
    ...doubtOfPlace(backup.keyring, here),
    ...silence,
    ...(unknown === undefined ? [] : doubtsOfKeys(keyring, { history: unknown, top, published, unpublished, told }, directory)),
    ...doubtOfConfig(writes),
  ];
  const isSignerOver = isRevoked(recordByKid(keyring, top.kid) ?? {});
  const signs = silence.length === 0 ? ", and signs here until another key takes over" : ", and another key has to take over";
  const notes = isSignerOver ? [`${top.kid} is recorded as revoked${signs}: \`signet keys repair --yes\``] : [];
  return { kind: "mend", writes: logLast(followedBy(writes, "keyring.json", keyringText(keyring))), doubts, notes };
}

// Of keys that are good for all that the backup and the operator say.
function toldOf(
  keyring: Keyring,
  over: ReadonlyMap<string, Ending>,
  { revoked }: Pick<Word, "revoked">,
): ReadonlyMap<string, Ending> {
  const isGood = (kid: string): boolean => {
    const record = recordByKid(keyring, kid);
    return record !== undefined && !isRevoked(record) && !revoked.includes(kid);
  };
  return new Map([...over].filter(([kid]) => isGood(kid)));
}

function notesOnClock(keyring: Keyring, at: number): string[] {
  const behind = clockBehind(keyring, at);
  if (behind === undefined) return [];
  return [
    `${behind}: set the clock where it is wrong. Where it is right, the confirmation takes your word on that, and \`signet keys repair --yes\` sets the times back`,
  ];
}

async function holesOf(writes: Files, keyring: Keyring): Promise<string[]> {
  const { fault } = await verifyAudit({ audit: logOf(writes) }, keyring);
  if (fault === null) return [];
  return [
    `the audit log that is put back is not whole: line ${fault.number}: ${fault.words}. Where there is no later one, \`signet audit begin\` begins a new chain`,
  ];
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
    throw inTheWay(
      directory,
      "keyring.json",
      "is damaged, and the backup's is brought up to date by the audit log and the active document that are there",
    );
  }
}

// Which one signs is not known where one of them does not say it. What a newer one has ended, an older one would let sign again.
function topDocument(files: Files, directory: string): ActiveDocument | undefined {
  const found = [...files].flatMap(([path, text]) => {
    const number = /^active\/(\d+)\.json$/.exec(path)?.[1];
    return number === undefined ? [] : [{ path, number: Number(number), document: documentIn(text, path) }];
  });
  found.sort((a, b) => b.number - a.number);
  const top = found.find(({ document }) => document !== undefined);
  const damaged = found.find(({ document }) => document === undefined);
  if (damaged === undefined) return top?.document;
  if (top !== undefined && top.number > damaged.number) {
    throw inTheWay(directory, damaged.path, "is damaged, and there is no keyring; a newer document says who signs");
  }
  throw inTheWay(
    directory,
    "active",
    `has no document that says who signs now, since ${damaged.path} is damaged, and there is no keyring; without the folder, what is restored is a copy ` +
      "that waits for your word",
  );
}

function documentIn(text: string, path: string): ActiveDocument | undefined {
  try {
    return parseActiveDocument(text, path);
  } catch (error) {
    if (!isSignetError(error, "active_document_damaged")) throw error;
    return undefined;
  }
}

// No run of a manager believes what stands behind the damaged line, and a copy has no document that would tell.
function tornLog(backup: ProvenBackup, files: Files, directory: string): SignetError {
  const told = [...toldOf(backup.keyring, overByLog(files, backup), { revoked: [] })];
  const [removed, revoked] = [true, false].map((wanted) =>
    told.flatMap(([kid, ending]) => ((ending === "removed") === wanted ? [kid] : [])),
  ) as [string[], string[]];
  const words = [
    ...(revoked.length === 0
      ? []
      : [
          `It says that these are over: \`signet restore --confirm ${revoked.map((kid) => `--revoked ${asArgument(kid)}`).join(" ")}\``,
        ]),
    ...(removed.length === 0
      ? []
      : [
          `It says that these were removed: ${removed.join(", ")}. Where one was revoked before that, name it by --revoked at the confirmation`,
        ]),
  ];
  return inTheWay(
    directory,
    "audit.jsonl",
    ["is damaged where it goes on after the backup, so that not all that was done since is known", ...words].join(". "),
  );
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
