import { dayInWords } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import type { KeyRecord } from "../keyring/key-record.js";
import { activeRecord, type Keyring, recordByKid } from "../keyring/keyring.js";
import type { KeyLife, KeyLives } from "../rotation/forecast/key-lives.js";
import { dueAt } from "../rotation/plan/situation.js";
import { awaitingUpload, nextKeys } from "../rotation/plan/successor.js";
import { nameOf, recordById } from "../rotation/plan/view.js";
import type { Survey } from "../rotation/survey.js";
import { shortestPrefixes } from "./kid-prefix.js";

/** Longer names are cut to what tells them apart. */
const MAX_NAME = 12;

/** What the sentence is made of. */
export type Stand = Pick<Survey, "keyring" | "lives" | "document" | "named" | "isMoving"> & {
  readonly report: Pick<Survey["report"], "blockedBy">;
};

/** How an issuer's keys stand, in one sentence: "k3 signs; k4 takes over on 12 March; every verifier has had it since yesterday." */
export function keysInSentence(stand: Stand): string {
  const { keyring, lives, document, report, isMoving } = stand;
  const shown = namesIn(keyring);
  if (document === "foreign") return isMoving ? "Keys are being changed at this moment." : uncertainInWords(stand, shown);
  const { activation } = keyring;
  const active = activeRecord(keyring);
  if (active === undefined) return withoutActive(keyring, shown);
  if (document === "stale")
    return `${shown(nameOf(active))} should sign, which is not certain: the active document is older than the one that was confirmed.`;
  const signs = `${shown(nameOf(active))} signs`;
  if (report.blockedBy !== null && !isMoving) return `${signs}; nothing changes until you have looked at what is below.`;
  if (activation !== null && activation.id !== active.id) {
    const next = recordById(keyring, activation.id);
    const revoked = active.revokedAt === undefined ? "" : ", though it was revoked";
    return `${signs}${revoked}; ${next === undefined ? "another key" : shown(nameOf(next))} is taking over.`;
  }
  if (active.revokedAt !== undefined) return `${signs}, though it was revoked: it goes on until another key takes over.`;
  if (keyring.policy.byUpload === true) return `${signs}; ${uploadInWords(keyring, shown)}.`;
  return `${signs}${successionInWords(keyring, active, lives, shown)}`;
}

// The active document is the truth on who signs.
function uncertainInWords({ keyring, named }: Stand, shown: (name: string) => string): string {
  const isKnown = named !== null && recordByKid(keyring, named) !== undefined;
  const which = named === null ? "another key" : shown(named);
  return `Which key signs is not certain: the active document names ${which}, ${isKnown ? "and the keyring does not" : "which the keyring does not know"}.`;
}

// A revoked key is active no more as soon as its successor's document was read back.
function withoutActive(keyring: Keyring, shown: (name: string) => string): string {
  const { activation, confirmedSequence, keys } = keyring;
  if (confirmedSequence === 0)
    return activation !== null || keys.length > 0
      ? "No key signs yet: the first one is being made."
      : "No key signs: there is none.";
  const next = activation === null ? undefined : recordById(keyring, activation.id);
  if (next === undefined) return "No key signs: the one that did is gone, and another one has to take over.";
  const [before] = keys
    .filter((key) => key.state === "revoked" && key.activatedAt !== undefined)
    .sort((a, b) => (b.revokedAt ?? 0) - (a.revokedAt ?? 0));
  const from = before === undefined ? "" : ` from ${shown(nameOf(before))}, which was revoked`;
  return `${shown(nameOf(next))} is taking over${from}.`;
}

function successionInWords(
  keyring: Keyring,
  active: KeyRecord,
  { lives, now }: KeyLives,
  shown: (name: string) => string,
): string {
  const next = lives.find(
    ({ name, spans }) => name !== nameOf(active) && spans.some(({ phase, from }) => phase === "active" && from >= now),
  );
  if (next !== undefined) return `; ${takeOverInWords(next, now, shown)}.`;
  const due = dueAt(active, keyring.policy);
  if (due !== null) return `; it is to be succeeded ${dayInWords(due, now)}, and what keeps its successor away stands below.`;
  const [standby] = nextKeys(keyring);
  const life = standby && lives.find(({ name }) => name === nameOf(standby));
  return life === undefined
    ? " until it is rotated by hand."
    : ` until it is rotated by hand; ${shown(life.name)} stands by${knownInWords(life, now)}.`;
}

function uploadInWords(keyring: Keyring, shown: (name: string) => string): string {
  const [waiting] = awaitingUpload(keyring);
  return waiting === undefined
    ? "the next one is made by your word, and signs once you have uploaded it"
    : `${shown(nameOf(waiting))} waits until you say that it was uploaded`;
}

function takeOverInWords(next: KeyLife, now: number, shown: (name: string) => string): string {
  const at = next.spans.find(({ phase }) => phase === "active")?.from ?? now;
  const who = next.isPlanned ? "a key that is not made yet" : shown(next.name);
  // What is due at once is planned for the instant of the reading: a tick does it.
  return `${who} takes over ${at === now ? "at the next tick" : dayInWords(at, now)}${knownInWords(next, now)}`;
}

function knownInWords({ knownAt, isPlanned }: KeyLife, now: number): string {
  if (knownAt === undefined || isPlanned) return "";
  return knownAt <= now
    ? `; every verifier has had it since ${bareDay(knownAt, now)}`
    : `; every verifier has it from ${bareDay(knownAt, now)}`;
}

// "since on 12 March" is no English.
function bareDay(seconds: number, now: number): string {
  return dayInWords(seconds, now).replace(/^on /, "");
}

/** Short names of a keyring's keys: each as much of its kid as tells it from the others. */
function namesIn({ keys }: Keyring): (name: string) => string {
  const prefixes = shortestPrefixes(keys.map(nameOf));
  return (name) => {
    const prefix = prefixes.get(name) ?? name;
    return visible(name.length <= MAX_NAME || prefix.length >= name.length ? name : `${prefix}…`);
  };
}
