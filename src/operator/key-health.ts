import { durationInWords } from "../encoding/durations.js";
import { dateInWords, fromNow } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { activeRecord } from "../keyring/keyring.js";
import { SWEEP_EVERY_SECONDS } from "../rotation/plan/policy.js";
import { publishedStandbys } from "../rotation/plan/successor.js";
import { nameOf } from "../rotation/plan/view.js";
import type { AuditVerdict } from "../rotation/session/audit.js";
import type { Survey } from "../rotation/survey.js";

/** One thing of an installation that is looked at. */
interface HealthItem {
  readonly name: "keys" | "public documents" | "active document" | "last change" | "last sweep" | "standbys" | "audit log";
  /** `null` where that is not known. */
  readonly isWell: boolean | null;
  /** When it was last so, as NumericDate; `null` where no time belongs to it. */
  readonly at: number | null;
  readonly words: string;
}

/** How an installation is. */
export interface Health {
  /** False where something is not well; `null` where nothing is known to be, and something was not looked at. */
  readonly isWell: boolean | null;
  readonly items: readonly HealthItem[];
}

/** The first keys have their standby within a tick. */
const YOUNG_SECONDS = 3_600;
/** A tick comes an hour late at most where it is planned hourly, and its sweep waits for it. */
const SWEEP_LATE_SECONDS = 2 * SWEEP_EVERY_SECONDS;

/** How an installation is, by what one reading of it shows. */
export function healthOf(survey: Survey): Health {
  const items = [keysItem, documentsItem, activeItem, changeItem, sweepItem, standbysItem, auditItem]
    .map((item) => item(survey))
    // What was read while managers wrote is of several moments: it shows no fault.
    .map((item) => (survey.isMoving && item.isWell === false ? { ...item, isWell: null, words: MOVING } : item));
  const isWell = items.some((item) => item.isWell === false) ? false : items.some((item) => item.isWell === null) ? null : true;
  return { isWell, items };
}

/** Why nothing is said of what was read while managers wrote. */
export const MOVING = "keys are being changed at this moment: look again when that is over";

function keysItem({ report, keyring }: Survey): HealthItem {
  // Between a revocation and the confirmation of who takes over, no record is active, and the next key signs already.
  const signs = activeRecord(keyring) !== undefined || keyring.activation?.readBackAt !== undefined;
  const late = report.waits.find(({ rule }) => rule === "overdue");
  const words = report.blockedBy ?? late?.words ?? (signs ? "keys are managed" : "no key signs yet");
  return { name: "keys", isWell: report.blockedBy === null && late === undefined && signs, at: null, words };
}

function documentsItem({ isPublished, isAtWork, unread: { published } }: Survey): HealthItem {
  const name = "public documents";
  if (published !== undefined) return { name, isWell: null, at: null, words: `they were not read: ${published.message}` };
  if (isPublished) return { name, isWell: true, at: null, words: "verifiers read what the keyring says" };
  if (isAtWork) return { name, isWell: null, at: null, words: "a manager is at work, and publishes what the keyring says" };
  return { name, isWell: false, at: null, words: "they are not the keyring's: the next tick publishes them" };
}

function activeItem({ document, unread, keyring }: Survey): HealthItem {
  const name = "active document";
  const at = activeRecord(keyring)?.activatedAt ?? null;
  if (unread.document !== undefined)
    return { name, isWell: null, at, words: `it was not read from here: ${unread.document.message}` };
  const words: Readonly<Record<Survey["document"], string>> = {
    none: "there is none yet",
    confirmed: "issuers sign with the key that the keyring names",
    under_way: "a key is being let sign, and is not confirmed yet",
    stale: "it is older than the one that was confirmed: the read is old, or it was lost",
    foreign: "it was written by no manager that the keyring knows",
  };
  return { name, isWell: document === "confirmed" || document === "under_way", at, words: words[document] };
}

function changeItem({ log, keyring, now }: Survey): HealthItem {
  const name = "last change";
  const last = log?.history.at(-1);
  if (last !== undefined)
    return { name, isWell: true, at: last.at, words: `the keys were last changed ${fromNow(last.at, now)}` };
  const { count } = keyring.audit;
  if (count === 0) return { name, isWell: true, at: null, words: "nothing was changed yet" };
  const words = log === undefined ? "the log was not read" : `the log has no entries, and the keyring knows of ${count}`;
  return { name, isWell: null, at: null, words: `not known: ${words}` };
}

function sweepItem({ keyring: { sweptAt }, now }: Survey): HealthItem {
  const name = "last sweep";
  if (sweptAt === null)
    return {
      name,
      isWell: false,
      at: null,
      words: "a manager ended before its work was done: the next tick searches for what it left",
    };
  const isLate = now - sweptAt > SWEEP_LATE_SECONDS;
  const since = `custodians were last searched ${fromNow(sweptAt, now)}`;
  const words = isLate
    ? `${since}, and ticks do that every ${durationInWords(SWEEP_EVERY_SECONDS)}: none has run since. \`signet keys tick\` runs one`
    : since;
  return { name, isWell: !isLate, at: sweptAt, words };
}

function standbysItem({ keyring, now }: Survey): HealthItem {
  const name = "standbys";
  const [unproven, ...others] = keyring.keys.filter(({ unprovenAt }) => unprovenAt !== undefined);
  if (unproven !== undefined) {
    const more = others.length === 0 ? "" : `, and ${others.length} more`;
    const since = unproven.unprovenAt === undefined ? "" : ` since ${dateInWords(unproven.unprovenAt)}`;
    return {
      name,
      isWell: false,
      at: unproven.unprovenAt ?? null,
      words: `${visible(nameOf(unproven))} could not be proven${since}${more}: \`signet keys repair\` says what can be done`,
    };
  }
  const count = publishedStandbys(keyring).length;
  if (count > 0)
    return { name, isWell: true, at: null, words: `${count} ${count === 1 ? "standby is" : "standbys are"} published` };
  if (keyring.policy.byUpload === true) return { name, isWell: true, at: null, words: "the next key is made by your word" };
  const active = activeRecord(keyring);
  const isYoung = keyring.confirmedSequence === 0 || now - (active?.activatedAt ?? 0) < YOUNG_SECONDS;
  if (isYoung) return { name, isWell: true, at: null, words: "no standby is published yet" };
  const words =
    "none is published: a revocation would break tokens. `signet keys tick` makes one, or says what keeps it from that";
  return { name, isWell: false, at: null, words };
}

function auditItem({ log, unread, now }: Survey): HealthItem {
  const name = "audit log";
  if (log === undefined) return { name, isWell: null, at: null, words: `it was not read: ${unread.log?.message ?? ""}` };
  const { verdict, checkedAt } = log;
  const checked = now === checkedAt ? "" : `; checked ${fromNow(checkedAt, now)}`;
  return { name, isWell: verdict.isIntact, at: checkedAt, words: `${auditInWords(verdict)}${checked}` };
}

/** The verdict on an audit log, in a sentence. */
export function auditInWords({ fault, count }: AuditVerdict): string {
  return fault === null
    ? `the audit log is whole: ${count} entries, as the keyring says`
    : `the audit log is not whole: line ${fault.number}: ${fault.words}`;
}
