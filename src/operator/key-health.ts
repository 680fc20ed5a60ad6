import { durationInWords } from "../encoding/durations.js";
import { dateInWords, fromNow } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { activeRecord } from "../keyring/keyring.js";
import { SWEEP_EVERY_SECONDS } from "../rotation/plan/policy.js";
import { publishedStandbys } from "../rotation/plan/successor.js";
import { nameOf } from "../rotation/plan/view.js";
import type { Survey } from "../rotation/survey.js";

/** One thing of an installation that is looked at. */
interface HealthItem {
  readonly name: "keys" | "public documents" | "active document" | "last change" | "last sweep" | "standbys" | "audit log";
  readonly isWell: boolean;
  /** When it was last so, as NumericDate; `null` where no time belongs to it. */
  readonly at: number | null;
  readonly words: string;
}

/** How an installation is. */
export interface Health {
  readonly isWell: boolean;
  readonly items: readonly HealthItem[];
}

/** A tick comes an hour late at most where it is planned hourly, and its sweep waits for it. */
const SWEEP_LATE_SECONDS = 2 * SWEEP_EVERY_SECONDS;

/** How an installation is, by what one reading of it shows. */
export function healthOf(survey: Survey): Health {
  const items = [keysItem, documentsItem, activeItem, changeItem, sweepItem, standbysItem, auditItem].map((item) => item(survey));
  return { isWell: items.every(({ isWell }) => isWell), items };
}

function keysItem({ report, keyring }: Survey): HealthItem {
  const signs = activeRecord(keyring) !== undefined;
  const late = report.waits.find(({ rule }) => rule === "overdue");
  const words = report.blockedBy ?? late?.words ?? (signs ? "keys are managed" : "no key signs yet");
  return { name: "keys", isWell: report.blockedBy === null && late === undefined && signs, at: null, words };
}

function documentsItem({ isPublished }: Survey): HealthItem {
  const words = isPublished ? "verifiers read what the keyring says" : "they are not the keyring's: the next tick publishes them";
  return { name: "public documents", isWell: isPublished, at: null, words };
}

function activeItem({ document, unreadDocument, keyring }: Survey): HealthItem {
  const name = "active document";
  const at = activeRecord(keyring)?.activatedAt ?? null;
  if (unreadDocument !== null) return { name, isWell: true, at, words: `it was not read from here: ${unreadDocument}` };
  const words: Readonly<Record<Survey["document"], string>> = {
    none: "there is none yet",
    confirmed: "issuers sign with the key that the keyring names",
    under_way: "a key is being let sign, and is not confirmed yet",
    stale: "it is older than the one that was confirmed: the read is old, or it was lost",
    foreign: "it was written by no manager that the keyring knows",
  };
  return { name, isWell: document === "confirmed" || document === "under_way", at, words: words[document] };
}

function changeItem({ log: { history }, now }: Survey): HealthItem {
  const last = history.at(-1);
  const words = last === undefined ? "nothing was changed yet" : `the keys were last changed ${fromNow(last.at, now)}`;
  return { name: "last change", isWell: true, at: last?.at ?? null, words };
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

function standbysItem({ keyring }: Survey): HealthItem {
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
  const words = count === 0 ? "no standby is published yet" : `${count} ${count === 1 ? "standby is" : "standbys are"} published`;
  return { name, isWell: true, at: null, words };
}

function auditItem({ log: { verdict } }: Survey): HealthItem {
  return { name: "audit log", isWell: verdict.isIntact, at: null, words: auditInWords(verdict) };
}

/** The verdict on an audit log, in a sentence. */
export function auditInWords({ fault, count }: Survey["log"]["verdict"]): string {
  return fault === null
    ? `the audit log is whole: ${count} entries, as the keyring says`
    : `the audit log is not whole: line ${fault.number}: ${fault.words}`;
}
