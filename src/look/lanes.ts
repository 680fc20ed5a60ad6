import type { KeyLife, KeyLives } from "../rotation/forecast/key-lives.js";

/** A key's life as it is drawn: how it stands and, beside it, how a change would leave it. */
export interface Lane extends KeyLife {
  /** How it would be; absent where the change leaves it as it is. */
  readonly ghost?: Course;
}

/** The course of a key's life. */
export type Course = Pick<KeyLife, "spans" | "knownAt" | "end" | "revokedAt">;

/** The lanes of a picture, and the time that it shows. */
export interface Lanes {
  readonly now: number;
  readonly from: number;
  readonly until: number;
  readonly lanes: readonly Lane[];
}

/** So much is not seen, and two plans of one moment may differ by it. */
const SAME_SECONDS = 2;

/**
 * Puts what would be beside what is, a lane for each key of either.
 *
 * @param now the present, where that is later than the lives were read
 */
export function lanesOf(lives: KeyLives, preview?: KeyLives, now = lives.now): Lanes {
  if (preview === undefined) return { now, from: lives.from, until: lives.until, lanes: lives.lives };
  const from = Math.min(lives.from, preview.from);
  const until = Math.max(lives.until, preview.until);
  const then = new Map(preview.lives.map((life) => [life.name, life]));
  const lanes = lives.lives.map((life): Lane => {
    const ghost = then.get(life.name) ?? { spans: [], end: "removed" as const };
    then.delete(life.name);
    return isSame(life, ghost, lives, preview) ? life : { ...life, ghost: courseOf(ghost) };
  });
  const made = [...then.values()].map((life): Lane => {
    const { name, alg, isPlanned } = life;
    return { name, alg, isPlanned, spans: [], end: null, ghost: courseOf(life) };
  });
  return { now, from, until, lanes: [...lanes, ...made] };
}

function courseOf({ spans, end, knownAt, revokedAt }: Course): Course {
  return { spans, end, ...(knownAt !== undefined && { knownAt }), ...(revokedAt !== undefined && { revokedAt }) };
}

/** When a key is removed or revoked; `undefined` where no end is planned. One that is revoked may sign on. */
export function endOf({ end, spans, revokedAt }: Course): number | undefined {
  return end === null ? undefined : (revokedAt ?? spans.at(-1)?.to);
}

/** The part of a life in which a time is; `undefined` where it is before the life, or after it. */
export function spanAt({ spans }: Pick<Course, "spans">, time: number): Course["spans"][number] | undefined {
  return spans.find(({ from, to }) => from <= time && to > time);
}

/** From when every verifier has a key, where that is within its life. */
export function knownWithin({ spans, knownAt }: Course): number | undefined {
  const [first, last] = [spans[0], spans.at(-1)];
  if (knownAt === undefined || first === undefined || last === undefined) return undefined;
  return knownAt >= first.from && knownAt <= last.to ? knownAt : undefined;
}

function isSame(life: KeyLife, ghost: Course, lives: KeyLives, preview: KeyLives): boolean {
  // What is due at once is planned for the instant of each reading.
  const tolerance = SAME_SECONDS + Math.abs(preview.now - lives.now);
  // What lasts to the end of what is looked at lasts, whichever of the two looks farther.
  const isNear = (one: number, other: number) =>
    Math.abs(one - other) <= tolerance || (one >= lives.until && other >= preview.until);
  return (
    life.end === ghost.end &&
    life.spans.length === ghost.spans.length &&
    life.spans.every((span, index) => {
      const other = ghost.spans[index];
      return other !== undefined && other.phase === span.phase && isNear(span.from, other.from) && isNear(span.to, other.to);
    })
  );
}

/** Which lanes are drawn, and how many stand behind one line. */
interface Folded {
  readonly shown: readonly Lane[];
  readonly folded: readonly Lane[];
}

/** Keys that have signed and are no more of use to anything that is signed now: so many are shown, the others stand behind one line. */
const SHOWN_PAST = 2;
const MIN_FOLDED = 3;

/** Folds the keys whose lives are behind, or that only let old tokens verify, but for the last two. Lanes that a change moves stay. */
export function folded({ lanes, now }: Pick<Lanes, "lanes" | "now">): Folded {
  const past = lanes.filter((lane) => lane.ghost === undefined && isPast(lane, now));
  const away = past.slice(0, Math.max(0, past.length - SHOWN_PAST));
  if (away.length < MIN_FOLDED) return { shown: lanes, folded: [] };
  const hidden = new Set(away);
  return { shown: lanes.filter((lane) => !hidden.has(lane)), folded: away };
}

function isPast(lane: Lane, now: number): boolean {
  const present = spanAt(lane, now);
  const last = lane.spans.at(-1);
  return last !== undefined && (present === undefined ? last.to <= now : present.phase === "retired");
}
