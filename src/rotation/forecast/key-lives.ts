import type { KeyRecord } from "../../keyring/key-record.js";
import type { Keyring, PolicyInForce } from "../../keyring/keyring.js";
import type { AuditEntry } from "../plan/audit-entry.js";
import { awaitingUpload } from "../plan/successor.js";
import { nameOf } from "../plan/view.js";
import type { Moment } from "./forecast.js";

/** What a key is good for. `ready`: a standby that every verifier has. */
export type Phase = "creating" | "pending" | "ready" | "active" | "retired";

/** A phase of a key's life. Times are NumericDates. */
interface Span {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

/** A key from its making to its end, past and planned. */
export interface KeyLife {
  /** The kid, or "new key 1" for one that is planned. */
  readonly name: string;
  readonly alg: string;
  readonly spans: readonly Span[];
  /** From when every verifier has it; absent where that is not known: of keys that are uploaded, or another issuer's. */
  readonly knownAt?: number;
  /** How it ends; `null` where no end is planned within the time that is looked at. */
  readonly end: "removed" | "revoked" | null;
  /** When it was revoked, where it signs on after that: no other key takes over yet. */
  readonly revokedAt?: number;
  /** True for a key that is not made yet. */
  readonly isPlanned: boolean;
}

/** The lives of an issuer's keys around the present. */
export interface KeyLives {
  readonly now: number;
  readonly from: number;
  readonly until: number;
  /** The first that signed comes first. */
  readonly lives: readonly KeyLife[];
  /** What is planned, in words. */
  readonly planned: readonly { readonly at: number; readonly words: string }[];
  /** The kids of keys that sign only once a person has said that they were uploaded; absent where there are none. */
  readonly awaitUpload?: readonly string[];
}

/** How much more of the past than of the future is shown at most. */
const MAX_PAST = 2;
const MARGIN = 0.04;
const TOLD: readonly string[] = ["make", "activate", "remove", "discard"];

/** Puts together what the log says of keys that are gone, what the keyring says of those that are there, and what is planned. */
export function livesOf(keyring: Keyring, moments: readonly Moment[], entries: readonly AuditEntry[], now: number): KeyLives {
  const last = moments.filter(({ actions }) => actions.some(({ kind }) => kind !== "sweep")).at(-1)?.at ?? now;
  const { publishAheadSeconds } = keyring.policy;
  const until = Math.ceil(Math.max(last, now + publishAheadSeconds) + MARGIN * Math.max(last - now, publishAheadSeconds));
  const present = presentAndPlanned(keyring, moments, until);
  const earliest = now - MAX_PAST * (until - now);
  const past = pastLives(keyring, entries, earliest).filter(({ spans }) => (spans.at(-1)?.to ?? 0) > earliest);
  const lives = [...past, ...present].filter(({ spans }) => spans.length > 0).sort((a, b) => signsFrom(a) - signsFrom(b));
  const from = Math.max(earliest, Math.min(now, ...lives.flatMap(({ spans }) => spans[0]?.from ?? now)));
  const planned = moments.flatMap(({ at, actions }) =>
    actions.filter(({ kind }) => at > now && TOLD.includes(kind)).map(({ words }) => ({ at, words })),
  );
  const awaitUpload = awaitingUpload(keyring).map(nameOf);
  return Object.freeze({ now, from, until, lives, planned, ...(awaitUpload.length > 0 && { awaitUpload }) });
}

function presentAndPlanned(keyring: Keyring, moments: readonly Moment[], until: number): KeyLife[] {
  const latest = new Map<string, { record: KeyRecord; leftAt: number | null }>();
  const signsUntil = new Map<string, number>();
  for (const record of keyring.keys) latest.set(record.id, { record, leftAt: null });
  for (const { at, keyring: then } of moments) {
    for (const [id, known] of latest) {
      if (known.leftAt === null && !then.keys.some((key) => key.id === id)) latest.set(id, { ...known, leftAt: at });
    }
    for (const record of then.keys) latest.set(record.id, { record, leftAt: null });
  }
  // A revoked key signs until another one takes over.
  for (const { id } of keyring.keys.filter(({ state, revokedAt }) => state === "active" && revokedAt !== undefined)) {
    const over = moments.find(({ keyring: then }) => then.keys.find((key) => key.id === id)?.state !== "active");
    signsUntil.set(id, over?.at ?? until);
  }
  return [...latest.values()].map(({ record, leftAt }) => ({
    name: nameOf(record),
    alg: record.alg,
    spans: spansOf(record, keyring.policy, signsUntil.get(record.id) ?? record.revokedAt ?? leftAt ?? until),
    ...revokedBefore(record, signsUntil.get(record.id)),
    ...knownFrom(record.origin === "foreign" ? undefined : readyIn(keyring.policy, record.publishedAt)),
    end: record.revokedAt !== undefined ? "revoked" : leftAt === null ? null : "removed",
    isPlanned: !keyring.keys.some((key) => key.id === record.id),
  }));
}

function revokedBefore({ revokedAt }: KeyRecord, signsUntil: number | undefined): Pick<KeyLife, "revokedAt"> {
  return revokedAt === undefined || signsUntil === undefined || signsUntil <= revokedAt ? {} : { revokedAt };
}

function spansOf(record: KeyRecord, policy: PolicyInForce, end: number): Span[] {
  const { creatingAt, pendingAt, publishedAt, activatedAt, retiredAt, origin } = record;
  const readyAt = readyIn(policy, publishedAt);
  const isFirst = readyAt !== undefined && activatedAt !== undefined && activatedAt < readyAt;
  return cut(
    [
      ["creating", origin === "foreign" ? undefined : creatingAt],
      ["pending", pendingAt],
      ["ready", isFirst || origin === "foreign" ? undefined : readyAt],
      ["active", activatedAt],
      ["retired", retiredAt],
    ],
    end,
  );
}

// Verifiers to whom keys are uploaded have none by its publication.
function readyIn({ byUpload, publishAheadSeconds }: PolicyInForce, publishedAt: number | undefined): number | undefined {
  return publishedAt === undefined || byUpload === true ? undefined : publishedAt + publishAheadSeconds;
}

function knownFrom(knownAt: number | undefined): Pick<KeyLife, "knownAt"> {
  return knownAt === undefined ? {} : { knownAt };
}

// A phase ends where the next one begins.
function cut(starts: readonly (readonly [Phase, number | undefined])[], end: number): Span[] {
  const known = starts.filter((start): start is readonly [Phase, number] => start[1] !== undefined && start[1] <= end);
  const spans = known.flatMap(([phase, from], index) => {
    const to = Math.min(end, known[index + 1]?.[1] ?? end);
    return to > from ? [{ phase, from, to }] : [];
  });
  const last = known.at(-1);
  // Times are whole seconds: a key that was made and has ended within one has had a part of it.
  return spans.length > 0 || last === undefined ? spans : [{ phase: last[0], from: last[1], to: last[1] + 1 }];
}

const TIMED: readonly string[] = ["key.made", "key.published", "key.activated", "key.revoked"];

/** When each event first happened to each key, by one look at the log. */
function firstTimes(entries: readonly AuditEntry[]): (kid: string, event: AuditEntry["event"]) => number | undefined {
  const times = new Map<string, number>();
  for (const { event, keys = [], at } of entries) {
    if (!TIMED.includes(event)) continue;
    for (const kid of keys) if (!times.has(`${event} ${kid}`)) times.set(`${event} ${kid}`, at);
  }
  return (kid, event) => times.get(`${event} ${kid}`);
}

// A key that is gone is known from the log alone. Most are gone for long, and are not shown.
function pastLives(keyring: Keyring, entries: readonly AuditEntry[], earliest: number): KeyLife[] {
  const present = new Set(keyring.keys.map(nameOf));
  const timeOf = firstTimes(entries);
  const activations = entries.filter(({ event }) => event === "key.activated");
  return entries.flatMap((entry): KeyLife[] => {
    const [kid] = entry.keys ?? [];
    if (entry.event !== "key.removed" || entry.at <= earliest || kid === undefined || present.has(kid)) return [];
    const activatedAt = timeOf(kid, "key.activated");
    const retiredAt = activations.find(
      (other) => activatedAt !== undefined && other.at > activatedAt && !other.keys?.includes(kid),
    )?.at;
    const revokedAt = timeOf(kid, "key.revoked");
    const publishedAt = timeOf(kid, "key.published");
    const readyAt = readyIn(keyring.policy, publishedAt);
    const isFirst = readyAt !== undefined && activatedAt !== undefined && activatedAt < readyAt;
    const starts = [
      ["pending", timeOf(kid, "key.made")],
      ["ready", isFirst ? undefined : readyAt],
      ["active", activatedAt],
      ["retired", retiredAt],
    ] as const;
    const end = revokedAt === undefined ? "removed" : "revoked";
    return [{ name: kid, alg: "", spans: cut(starts, revokedAt ?? entry.at), ...knownFrom(readyAt), end, isPlanned: false }];
  });
}

// Those that never signed come last.
function signsFrom({ spans }: KeyLife): number {
  const from = spans.find(({ phase }) => phase === "active")?.from;
  return from ?? Number.MAX_SAFE_INTEGER / 2 + (spans[0]?.from ?? 0);
}
