import type { Phase } from "../rotation/forecast/key-lives.js";
import { calendarDay, shortDay } from "./calendar.js";
import { type Label, type Measure, type PlacedLabel, placed } from "./labels.js";
import { type Course, endOf, knownWithin, type Lane } from "./lanes.js";
import { PHASE_WORDS } from "./theme.js";

interface Frame {
  readonly now: number;
  readonly left: number;
  readonly right: number;
  readonly x: (time: number) => number;
  readonly measure: Measure;
}

const BESIDE = 6;
const WEIGHTS: Readonly<Record<Phase, number>> = { active: 3, ready: 2, retired: 1, pending: 0, creating: 0 };

/** What is written over a lane: each turn of the key's life beside its place, as far as there is room. */
export function captionsOf(course: Course, { now, left, right, x, measure }: Frame): PlacedLabel[] {
  const { spans, end } = course;
  const labels = spans.map(
    ({ phase, from }): Label => ({
      // The thread between two keys stays whole.
      x: x(from) + (phase === "active" ? BESIDE : 0),
      words: `${turn(phase, from > now)} ${shortDay(from, now)}`,
      weight: WEIGHTS[phase],
      look: phase === "active" ? "caption signs" : "caption",
    }),
  );
  const knownAt = knownWithin(course);
  const isReady = spans.some(({ phase }) => phase === "ready");
  if (!isReady && knownAt !== undefined) {
    const words = `${turn("ready", knownAt > now)} ${shortDay(knownAt, now)}`;
    labels.push({ x: x(knownAt), words, weight: WEIGHTS.ready, look: "caption" });
  }
  const ended = endOf(course);
  if (ended !== undefined) {
    const [weight, look] = end === "revoked" ? ([4, "caption bad"] as const) : ([0, "caption"] as const);
    labels.push({ x: x(ended), words: `${end} ${shortDay(ended, now)}`, weight, look });
  }
  return placed(labels, { from: left, to: right, gap: BESIDE }, measure);
}

function turn(phase: Phase, isFuture: boolean): string {
  if (phase === "active") return isFuture ? "signs from" : "signs since";
  if (phase === "ready") return isFuture ? "every verifier has it from" : "every verifier has it since";
  return PHASE_WORDS[phase];
}

/** A key's whole life in a sentence. */
export function storyOf(lane: Lane, now: number): string {
  const { name, alg, ghost } = lane;
  const told = lifeInWords(lane, now);
  const then = ghost === undefined ? "" : `; after the change: ${lifeInWords(ghost, now)}`;
  return `${name}${alg === "" ? "" : ` (${alg})`}: ${told}${then}`;
}

function lifeInWords(course: Course, now: number): string {
  const { spans, end } = course;
  if (spans.length === 0) return "not there";
  const parts = spans.map(({ phase, from }) => `${PHASE_WORDS[phase]} from ${calendarDay(from, now)}`);
  const ended = endOf(course);
  if (ended !== undefined) parts.push(`${end} ${calendarDay(ended, now)}`);
  return parts.join("; ");
}
