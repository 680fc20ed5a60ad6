import type { Custodian } from "../../custody/contract.js";
import { ownMember } from "../../encoding/own-member.js";
import { asArgument } from "../../encoding/shell-argument.js";
import type { Custody, KeyRecord } from "../../keyring/key-record.js";
import { type EndedKey, type Keyring, recordByKid, type StrayKey } from "../../keyring/keyring.js";
import { SWEEP_EVERY_SECONDS } from "./policy.js";
import { without } from "./records.js";
import { recordById, type View } from "./view.js";
import { timeInWords } from "./wait-reasons.js";

/**
 * What the keyring says of something that a custodian lists. `named`: it is a record's key, or may still become one. `over`: its id
 * has ended, or is that of another key. `unknown`: the keyring says nothing, and nothing is destroyed on a guess.
 */
export type Standing = "named" | "over" | "unknown";

/** What a custodian has listed. */
export interface Listing {
  readonly custody: Custody;
  readonly names: readonly string[];
}

/** So many strays are remembered; the others come when these are gone. */
const MAX_STRAYS = 100;

/** A key in KMS can be saved for 30 days, and a manager that slept may still finish what it makes: what ended is known for longer. */
const ENDED_KEPT_SECONDS = 31 * 86_400;

/** Judges a name of a custodian's list. */
export function standingOf(keyring: Keyring, name: string): Standing {
  const { id, part } = partsOf(name);
  if (part !== "" && recordByKid(keyring, part) !== undefined) return "named";
  const record = recordById(keyring, id);
  // A name with a part is one of several of its id; the record's own would have had its kid, or is the plain id.
  if (record !== undefined) return part === "" || record.state === "creating" ? "named" : "over";
  return endedOf(keyring, id) === undefined ? "unknown" : "over";
}

/** A listed name's id, and what tells it from others of that id. */
export function partsOf(name: string): { readonly id: string; readonly part: string } {
  const dot = name.indexOf(".");
  return dot < 0 ? { id: name, part: "" } : { id: name.slice(0, dot), part: name.slice(dot + 1) };
}

/** Whether issuers or verifiers may rely on it, whatever the keyring says: its key is published, or an active document's. */
export function isInUse(view: View, name: string): boolean {
  const { id, part } = partsOf(name);
  const kids = new Set([...(view.published?.jwks.keys ?? []), ...view.documents].map(({ kid }) => kid));
  if (part !== "") return kids.has(part);
  const kid = endedOf(view.keyring, id)?.kid;
  return (kid !== undefined && kids.has(kid)) || view.documents.some(({ material }) => JSON.stringify(material).includes(id));
}

/** Why no manager destroys such a key. */
export const IN_USE = "it is published, or an active document names it";

/** Remembers what a sweep has seen. A custodian that could not be searched is known as it was. */
export function withListings(keyring: Keyring, listings: readonly Listing[], now: number): Keyring {
  if (keyring.version === 1) return keyring;
  const searched = new Set(listings.map(({ custody }) => custody));
  const before = keyring.strays ?? [];
  const found = listings.flatMap(({ custody, names }) =>
    names.flatMap((name) => {
      const standing = standingOf(keyring, name);
      return standing === "named" ? [] : [seenAgain(before, { custody, name, seenAt: now }, standing)];
    }),
  );
  const strays = [...found, ...before.filter(({ custody }) => !searched.has(custody))]
    .sort((a, b) => Number(b.endedSeenAt !== undefined) - Number(a.endedSeenAt !== undefined))
    .slice(0, MAX_STRAYS);
  const present = new Set(listings.flatMap(({ names }) => names.map((name) => partsOf(name).id)));
  const ended = (keyring.ended ?? []).flatMap((each) => {
    if (!searched.has(each.custody)) return [each];
    return present.has(each.id) ? [without(each, "absentAt")] : stillAbsent(each, now);
  });
  return { ...keyring, strays, ended };
}

function seenAgain(before: readonly StrayKey[], stray: StrayKey, standing: Standing): StrayKey {
  const known = before.find(({ custody, name }) => custody === stray.custody && name === stray.name);
  const seenAt = known?.seenAt ?? stray.seenAt;
  return { ...stray, seenAt, ...(standing === "over" && { endedSeenAt: known?.endedSeenAt ?? stray.seenAt }) };
}

// One list may be old: it is gone when two that are far apart have not had it.
function stillAbsent(ended: EndedKey, now: number): EndedKey[] {
  const { absentAt = now, endedAt } = ended;
  const isGone = now >= absentAt + SWEEP_EVERY_SECONDS && now >= endedAt + ENDED_KEPT_SECONDS;
  return isGone ? [] : [{ ...ended, absentAt }];
}

/** What two sweeps, far enough apart, have seen to be over. */
export function condemned({ strays = [] }: Keyring, now: number): readonly StrayKey[] {
  return strays.filter(({ endedSeenAt }) => endedSeenAt !== undefined && now >= endedSeenAt + SWEEP_EVERY_SECONDS);
}

/** A key leaves the keyring: what is known of it stays there until its private part is known to be gone. */
export function withEnded(keyring: Keyring, record: KeyRecord, now: number): Keyring {
  const keys = keyring.keys.filter(({ id }) => id !== record.id);
  if (keyring.version === 1 || record.origin === "foreign") return { ...keyring, keys };
  const { id, custody, keyArn, publicJwk } = record;
  const names = { ...(publicJwk && { kid: publicJwk.kid }), ...(keyArn !== undefined && { keyArn }) };
  return { ...keyring, keys, ended: [...(keyring.ended ?? []), { id, ...names, custody, endedAt: now }] };
}

function endedOf({ ended = [] }: Keyring, id: string): EndedKey | undefined {
  return ended.find((each) => each.id === id);
}

/** A private key that no record names, as it is told. */
export interface ReportedStray {
  readonly custody: Custody;
  /** As its custodian lists it; `signet keys destroy` takes it. */
  readonly name: string;
  /** What it costs a month in US dollars. */
  readonly monthlyUsd: number;
  readonly seenAt: number;
  /** From when on a sweep destroys it; `null` where only an operator can say that it is not needed. */
  readonly destroyedAfter: number | null;
  readonly words: string;
}

/** What the last sweep found that no record names. */
export function reportedStrays({ strays = [] }: Keyring, custodians: Custodians): readonly ReportedStray[] {
  return strays.map((stray) => reported(stray, custodians));
}

type Custodians = Readonly<Record<Custody, Custodian>>;

function reported(stray: StrayKey, custodians: Custodians): ReportedStray {
  const { custody, name, seenAt, endedSeenAt } = stray;
  const destroyedAfter = endedSeenAt === undefined ? null : endedSeenAt + SWEEP_EVERY_SECONDS;
  const what =
    destroyedAfter === null ? neededInWords(name) : `its key has ended; a sweep destroys it after ${timeInWords(destroyedAfter)}`;
  const monthlyUsd = monthlyUsdOf(custody, custodians);
  return { custody, name, monthlyUsd, seenAt, destroyedAfter, words: `${strayInWords(stray, custodians)}: ${what}` };
}

/** What an operator can do about a private key of which the keyring says nothing. */
export function neededInWords(name: string): string {
  return `if it is not needed, \`signet keys destroy ${asArgument(name)}\``;
}

/** A stray in words, with its price. */
export function strayInWords({ custody, name }: Pick<StrayKey, "custody" | "name">, custodians: Custodians): string {
  const price = monthlyUsdOf(custody, custodians);
  return `${custody} holds a private key that no record names (${name})${price === 0 ? "" : `, for $${price} a month`}`;
}

const monthlyUsdOf = (custody: Custody, custodians: Custodians): number => ownMember(custodians, custody)?.keyMonthUsd ?? 0;
