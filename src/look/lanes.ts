import type { KeyLife, KeyLives } from "../rotation/forecast/key-lives.js";

/** A key's life as it is drawn: how it stands and, beside it, how a change would leave it. */
export interface Lane {
  readonly name: string;
  readonly alg: string;
  readonly spans: KeyLife["spans"];
  /** From when every verifier has it, where that is known. */
  readonly knownAt?: number;
  readonly end: KeyLife["end"];
  /** When it was revoked, where it signs on after that. */
  readonly revokedAt?: number;
  readonly isPlanned: boolean;
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

function isPast({ spans }: Lane, now: number): boolean {
  const present = spans.find(({ from, to }) => from <= now && to > now);
  const last = spans.at(-1);
  return last !== undefined && (present === undefined ? last.to <= now : present.phase === "retired");
}
