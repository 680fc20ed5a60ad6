import { dayInWords } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { activeRecord, type Keyring } from "../keyring/keyring.js";
import type { KeyLife, KeyLives } from "../rotation/forecast/key-lives.js";
import { awaitingUpload, nextKeys } from "../rotation/plan/successor.js";
import { nameOf, recordById } from "../rotation/plan/view.js";
import { shortestPrefixes } from "./kid-prefix.js";

/** Longer names are cut to what tells them apart. */
const MAX_NAME = 12;

/**
 * How an issuer's keys stand, in one sentence: "k3 signs; k4 takes over on 12 March; every verifier has had it since yesterday."
 *
 * @param lives those of the same reading
 */
export function keysInSentence(keyring: Keyring, { lives, now }: KeyLives): string {
  const shown = namesIn(keyring);
  const active = activeRecord(keyring);
  if (active === undefined) {
    const isBegun = keyring.activation !== null || keyring.keys.length > 0;
    return isBegun ? "No key signs yet: the first one is being made." : "No key signs: there is none.";
  }
  const signs = `${shown(nameOf(active))} signs`;
  if (active.revokedAt !== undefined) return `${signs}, though it was revoked: it goes on until another key takes over.`;
  const { activation } = keyring;
  if (activation !== null && activation.id !== active.id) {
    const next = recordById(keyring, activation.id);
    return `${signs}; ${next === undefined ? "another key" : shown(nameOf(next))} is taking over.`;
  }
  if (keyring.policy.byUpload === true) return `${signs}; ${uploadInWords(keyring, shown)}.`;
  const next = lives.find(({ spans }) => spans.some(({ phase, from }) => phase === "active" && from > now));
  if (next !== undefined) return `${signs}; ${takeOverInWords(next, now, shown)}.`;
  const [standby] = nextKeys(keyring);
  const life = standby && lives.find(({ name }) => name === nameOf(standby));
  return life === undefined
    ? `${signs} until it is rotated by hand.`
    : `${signs} until it is rotated by hand; ${shown(life.name)} stands by${knownInWords(life, now)}.`;
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
  return `${who} takes over ${dayInWords(at, now)}${knownInWords(next, now)}`;
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
