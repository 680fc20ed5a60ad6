import { SignetError } from "../../errors.js";
import { TERM_SECONDS, type Term, type TermFiles } from "./once-terms.js";

/** So much later a use is forgotten: a clock that is put forward by minutes forgets nothing that is still in force. */
const MARGIN_SECONDS = 600;
/** How long a count that was read is believed, in milliseconds; and one that leaves no room. */
const READ_EVERY_MS = 10_000;
const READ_WHEN_FULL_MS = 1_000;
/** So many uses a process makes, at most, between two readings. */
const MAX_USES_BETWEEN = 1_000;

/** Of all the room each share keeps one part in so many, whatever others have taken: their callers may be hostile. */
const PARTS = 100;

/** A place that was taken for a use that is being recorded. */
interface Place {
  keep(): void;
  giveBack(): void;
}

/** What is over: the files whose uses can be forgotten, and all there are. */
export interface Over {
  readonly files: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
}

/** The room for uses, of all shares and of each. */
export interface OnceRoom {
  /** @throws SignetError `replay_store_full` */
  take(share: string): Promise<Place>;
  over(): Over;
}

/** When the uses of a term end, the term in which one ends: never one that is over. */
export function termEnd(until: number, nowMs: number): number {
  return Math.ceil(Math.max(until, nowMs / 1_000) / TERM_SECONDS) * TERM_SECONDS;
}

interface Reading {
  readonly atMs: number;
  readonly terms: readonly Term[];
  readonly byShare: ReadonlyMap<string, number>;
  readonly all: number;
  readonly over: Over;
}

const NOTHING_READ: Reading = {
  atMs: Number.NEGATIVE_INFINITY,
  terms: [],
  byShare: new Map(),
  all: 0,
  over: { files: new Set(), known: new Set() },
};

/**
 * Counts what is there: what was read of the disk, and what this process has added since. Where `maxUses` are there, a share still finds a hundredth
 * of that, so that there are never more than `maxUses` and a hundredth of it for each share; shares are the config's callers, and no stranger makes one.
 * Other processes of the machine may have added up to a thousand uses each meanwhile (or a hundredth of the room, where that is less): by so much
 * the bounds may be passed, and never by more.
 */
export function createOnceRoom(
  files: TermFiles,
  {
    maxUses,
    maxUsesOfShare,
    now,
    believedNow,
  }: {
    readonly maxUses: number;
    readonly maxUsesOfShare: number;
    readonly now: () => number;
    /** The present for what is forgotten (`once-clock.ts`). */
    readonly believedNow: () => number;
  },
): OnceRoom {
  const maxBetween = Math.min(MAX_USES_BETWEEN, Math.floor(maxUses / 100));
  const underWay = createTally();
  let [reading, added]: [Reading, Tally] = [NOTHING_READ, createTally()];
  let [beingRead, addedMeanwhile]: [Promise<void> | undefined, Tally | undefined] = [undefined, undefined];

  /** The counts in force stay until the new ones are there. */
  async function read(): Promise<void> {
    // What is under way may have been read as well. Counted twice until the next reading: never too low.
    const since = createTally(underWay);
    addedMeanwhile = since;
    try {
      reading = await readTerms(files, now(), believedNow());
      added = since;
    } finally {
      [beingRead, addedMeanwhile] = [undefined, undefined];
    }
  }

  const readAgain = (): Promise<void> => (beingRead ??= read());
  // A clock that was put back makes what was read a reading of the future: it is read again.
  const isYoung = (ms: number): boolean => now() - reading.atMs < ms && now() >= reading.atMs;
  const has = (share: string, uses: number): boolean => (reading.byShare.get(share) ?? 0) + added.of(share) >= uses;
  const isShareFull = (share: string): boolean => has(share, maxUsesOfShare);
  const isFull = (share: string): boolean =>
    isShareFull(share) || (reading.all + added.all() >= maxUses && has(share, Math.ceil(maxUses / PARTS)));

  return Object.freeze({
    async take(share: string) {
      if (!isYoung(READ_EVERY_MS) || added.all() - underWay.all() > maxBetween) await readAgain();
      if (isFull(share) && !isYoung(READ_WHEN_FULL_MS)) await readAgain();
      if (isFull(share)) throw full(reading, isShareFull(share) ? share : undefined, now());
      for (const tally of [underWay, added, addedMeanwhile]) tally?.add(share, 1);
      return {
        keep: () => underWay.add(share, -1),
        giveBack() {
          for (const tally of [underWay, added, addedMeanwhile]) tally?.add(share, -1);
        },
      };
    },
    over: () => reading.over,
  });
}

/** How many of each share, and of all. */
interface Tally {
  of(share: string): number;
  all(): number;
  add(share: string, difference: number): void;
  entries(): Iterable<readonly [string, number]>;
}

function createTally(from?: Tally): Tally {
  const counts = new Map<string, number>(from?.entries());
  let all = from?.all() ?? 0;
  return {
    of: (share) => counts.get(share) ?? 0,
    all: () => all,
    add(share, difference) {
      all += difference;
      const sum = (counts.get(share) ?? 0) + difference;
      if (sum === 0) counts.delete(share);
      else counts.set(share, sum);
    },
    entries: () => counts,
  };
}

async function readTerms(files: TermFiles, atMs: number, believedMs: number): Promise<Reading> {
  const terms = await files.read();
  const isOver = ({ end }: Term): boolean => end + MARGIN_SECONDS <= believedMs / 1_000;
  const byShare = new Map<string, number>();
  let all = 0;
  for (const term of terms) {
    byShare.set(term.share, (byShare.get(term.share) ?? 0) + term.uses);
    all += term.uses;
    // No use is ever added to a term that is over: it is empty for good.
    if (term.uses === 0 && isOver(term)) await files.remove(term);
  }
  const over = {
    files: new Set(terms.filter((term) => isOver(term) && term.uses > 0).map(({ identity }) => identity)),
    known: new Set(terms.map(({ identity }) => identity)),
  };
  return { atMs, terms, byShare, all, over };
}

function full({ terms }: Reading, share: string | undefined, nowMs: number): SignetError {
  const ends = terms.filter((term) => term.uses > 0 && (share === undefined || term.share === share)).map(({ end }) => end);
  const freeInSeconds = Math.ceil(Math.min(...ends) + MARGIN_SECONDS - nowMs / 1_000);
  const whose = share === undefined ? "proofs" : "this caller's proofs";
  return new SignetError(
    "replay_store_full",
    `there is no room to remember more of ${whose} that may be used once, so none is taken; try again later`,
    // What is over goes while others ask.
    { retryAfterSeconds: Number.isFinite(freeInSeconds) ? Math.max(5, freeInSeconds) : 5 },
  );
}
