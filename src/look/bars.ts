import type { Phase } from "../rotation/forecast/key-lives.js";
import { type Course, endOf, knownWithin, type Lane } from "./lanes.js";
import type { Shape } from "./scene.js";

/** A part of a key's life as a path: what it is, and whether it has been. */
export interface Bar {
  readonly what: Phase | "known" | "revoked";
  readonly time: "past" | "future";
  readonly d: string;
}

/** Heights in pixels: the key that signs is the thickest. */
const HEIGHTS: Readonly<Record<Phase, number>> = { creating: 4, pending: 10, ready: 10, active: 20, retired: 6 };
const MARK = 4.5;
const MIN_WIDTH = 1.5;
const SAME_SECONDS = 3_600;

interface Scale {
  readonly now: number;
  readonly x: (time: number) => number;
}

/** The bars of a life, cut in two at the present; a ring where every verifier has the key, a cross where it was revoked. */
export function barsOf(course: Course, { now, x }: Scale, middle: number): Bar[] {
  const { spans } = course;
  const bars = spans.flatMap(({ phase, from, to }, index): Bar[] => {
    const isFirst = index === 0;
    const isLast = index === spans.length - 1;
    const round = { left: isFirst || phase === "active", right: isLast || phase === "active" };
    const height = HEIGHTS[phase];
    const part = (time: Bar["time"], begin: number, stop: number): Bar[] => {
      if (stop <= begin) return [];
      const ends = { left: round.left && begin === from, right: round.right && stop === to };
      const width = { left: x(begin), right: Math.max(x(stop), x(begin) + MIN_WIDTH) };
      return [{ what: phase, time, d: barPath(width.left, width.right, middle, height, ends) }];
    };
    return [...part("past", from, Math.min(to, Math.max(from, now))), ...part("future", Math.max(from, Math.min(to, now)), to)];
  });
  const knownAt = knownWithin(course);
  if (knownAt !== undefined) bars.push({ what: "known", time: timeOf(knownAt, now), d: ring(x(knownAt), middle) });
  const revokedAt = endOf(course);
  if (course.end === "revoked" && revokedAt !== undefined)
    bars.push({ what: "revoked", time: timeOf(revokedAt, now), d: cross(x(revokedAt), middle) });
  return bars;
}

function timeOf(at: number, now: number): Bar["time"] {
  return at <= now ? "past" : "future";
}

function barPath(left: number, right: number, middle: number, height: number, round: { left: boolean; right: boolean }): string {
  const radius = Math.min(5, height / 2, (right - left) / 2);
  const [a, b] = [round.left ? radius : 0, round.right ? radius : 0];
  const top = middle - height / 2;
  const corner = (size: number, dx: number, dy: number) => (size === 0 ? "" : `q${bend(size, dx, dy)}`);
  return [
    `M${rounded(left + a)} ${rounded(top)}H${rounded(right - b)}`,
    corner(b, 1, 1),
    `V${rounded(top + height - b)}`,
    corner(b, -1, 1),
    `H${rounded(left + a)}`,
    corner(a, -1, -1),
    `V${rounded(top + a)}`,
    corner(a, 1, -1),
    "Z",
  ].join("");
}

// A quarter of a circle, nearly: the control point is the corner itself.
function bend(size: number, dx: number, dy: number): string {
  const [x, y] = [rounded(size * dx), rounded(size * dy)];
  return dx === dy ? `${x} 0 ${x} ${y}` : `0 ${y} ${x} ${y}`;
}

function ring(x: number, y: number): string {
  const r = MARK;
  return `M${rounded(x - r)} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
}

function cross(x: number, y: number): string {
  const r = 6;
  return `M${rounded(x - r)} ${y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`;
}

/** The thread that leads from each key that signs to the one that signs after it: it never breaks. */
export function threadsOf(
  lanes: readonly Lane[],
  { from: begin, now, x }: Scale & { readonly from: number },
  middles: ReadonlyMap<string, number>,
): { present: Shape[]; ghost: Shape[] } {
  const drawn = (spansOf: (lane: Lane) => Lane["spans"], isGhost: boolean): Shape[] => {
    const signing = lanes.flatMap((lane) => {
      const span = spansOf(lane).find(({ phase }) => phase === "active");
      return span === undefined ? [] : [{ lane, span }];
    });
    return signing.flatMap(({ lane, span }): Shape[] => {
      const next = signing.find((other) => other.lane !== lane && Math.abs(other.span.from - span.to) <= SAME_SECONDS);
      const [from, to] = [middles.get(lane.name), next && middles.get(next.lane.name)];
      if (next === undefined || from === undefined || to === undefined) return [];
      if (next.span.from < (isGhost ? now : begin)) return [];
      const how = isGhost ? "ghost" : timeOf(next.span.from, now);
      return [{ kind: "path", d: `M${x(next.span.from)} ${from}V${to}`, look: `thread ${how}` }];
    });
  };
  const hasGhost = lanes.some(({ ghost }) => ghost !== undefined);
  const present = drawn(({ spans }) => spans, false);
  if (!hasGhost) return { present, ghost: [] };
  const yielding = present.map((shape) => (shape.look.endsWith("future") ? { ...shape, look: `${shape.look} yields` } : shape));
  return { present: yielding, ghost: drawn(({ spans, ghost }) => ghost?.spans ?? spans, true) };
}

/** A tenth of a pixel is as fine as anything is drawn. */
export function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
