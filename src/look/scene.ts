import { type Bar, barsOf, rounded, threadsOf } from "./bars.js";
import { shortDay, ticksOf } from "./calendar.js";
import { captionsOf } from "./captions.js";
import { estimated, type Measure, placed } from "./labels.js";
import { type Course, folded, type Lane, type Lanes, spanAt } from "./lanes.js";

/** What is drawn. `look` names the rules by which it is (`looks.ts`). */
export type Shape =
  | { readonly kind: "path"; readonly d: string; readonly look: string }
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly words: string; readonly look: string }
  | {
      readonly kind: "rect";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly round: number;
      readonly look: string;
    };

/** A key's lane. */
export interface LaneScene {
  readonly lane: Lane;
  readonly y: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
  /** What a change would make of it. */
  readonly ghost: readonly Shape[];
  /** What is written on it: it lies above all lines. */
  readonly words: readonly Shape[];
}

/** A timeline, ready to be drawn. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly back: readonly Shape[];
  readonly lanes: readonly LaneScene[];
  readonly ghostThreads: readonly Shape[];
  readonly front: readonly Shape[];
  /** The line behind which others stand, where there is one. */
  readonly fold: Fold | null;
}

/** The line behind which others stand. */
interface Fold {
  readonly y: number;
  readonly height: number;
  readonly count: number;
  readonly shapes: readonly Shape[];
  readonly words: readonly Shape[];
}

/** How it is to be drawn. */
interface SceneOptions {
  readonly width: number;
  /** Words of 11, names of 13 pixels; estimated where nothing measures. */
  readonly measure?: Measure;
  readonly isUnfolded?: boolean;
  /** The lane that says more of itself. */
  readonly selected?: string | undefined;
}

/** Where the lanes' names have a column of their own. */
const WIDE = 640;
const GUTTER = 176;
const EDGE = 12;
const AXIS = 34;
const FOLD = 30;
const BOTTOM = 10;
/** So many lanes stand closer together. */
const DENSE = 20;
const TICK_PIXELS = 92;
const NAME_SIZE = 13;
const LABEL_SIZE = 11;

interface Frame {
  readonly width: number;
  readonly isWide: boolean;
  readonly left: number;
  readonly right: number;
  readonly from: number;
  readonly now: number;
  readonly x: (time: number) => number;
  readonly measure: Measure;
}

/** Draws every key's life to one scale: what has been is solid, what is planned is an outline, what a change would do is dashed. */
export function sceneOf(lanes: Lanes, options: SceneOptions): Scene {
  const frame = frameOf(lanes, options);
  const { shown, folded: away } = options.isUnfolded === true ? { shown: lanes.lanes, folded: [] } : folded(lanes);
  const foldHeight = away.length > 0 ? FOLD : 0;
  let y = AXIS + foldHeight;
  const rows = shown.map((lane) => {
    const isTold = lane.ghost !== undefined || lane.name === options.selected || isPresent(lane, lanes.now);
    const height = rowHeight(frame.isWide, isTold, shown.length);
    const row = { lane, y, height, isTold, middle: y + height - (isTold ? 17 : frame.isWide ? height / 2 : 13) };
    y += height;
    return row;
  });
  const bottom = y;
  const middles = new Map(rows.map(({ lane, middle }) => [lane.name, middle]));
  const threads = threadsOf(shown, frame, middles);
  return {
    width: options.width,
    height: bottom + BOTTOM,
    back: [...axisOf(lanes, frame, bottom), ...threads.present],
    lanes: rows.map((row) => laneOf(row, frame)),
    ghostThreads: threads.ghost,
    front: nowOf(frame, bottom),
    fold: away.length === 0 ? null : foldOf(away, frame),
  };
}

function frameOf({ now, from, until }: Lanes, { width, measure }: SceneOptions): Frame {
  const isWide = width >= WIDE;
  const left = isWide ? GUTTER : EDGE;
  const right = width - EDGE;
  const x = (time: number) => {
    const share = (time - from) / Math.max(1, until - from);
    return rounded(left + (right - left) * Math.min(1, Math.max(0, share)));
  };
  return { width, isWide, left, right, from, now, x, measure: measure ?? estimated(LABEL_SIZE) };
}

function rowHeight(isWide: boolean, isTold: boolean, rows: number): number {
  if (isTold) return isWide ? 54 : 68;
  if (!isWide) return 42;
  return rows > DENSE ? 24 : 32;
}

/** Whether a key is of use for what is signed now or next. */
function isPresent(lane: Lane, now: number): boolean {
  const present = spanAt(lane, now);
  return present !== undefined && present.phase !== "retired";
}

function axisOf({ from, until }: Lanes, frame: Frame, bottom: number): Shape[] {
  const ticks = ticksOf(from, until, (frame.right - frame.left) / TICK_PIXELS);
  const nowAt = frame.x(frame.now);
  const labels = ticks.map(({ at, words, isMajor }) => ({
    x: frame.x(at),
    words,
    weight: isMajor ? 1 : 0,
    look: isMajor ? "tick major" : "tick",
  }));
  const room = { from: frame.left, to: frame.right, gap: 10 };
  const found = placed([...labels, { x: nowAt, words: "now  ", weight: 9, look: "now" }], room, frame.measure, "middle");
  return [
    ...ticks.map(({ at, isMajor }): Shape => {
      const look = isMajor ? "grid major" : "grid";
      return { kind: "path", d: `M${frame.x(at)} ${AXIS - 8}V${bottom}`, look };
    }),
    ...found
      .filter(({ look }) => look !== "now")
      .map(({ left, words, look }): Shape => ({ kind: "text", x: rounded(left), y: 17, words, look })),
  ];
}

function nowOf(frame: Frame, bottom: number): Shape[] {
  const at = frame.x(frame.now);
  const width = 36;
  const left = rounded(Math.min(frame.right - width, Math.max(frame.left, at - width / 2)));
  return [
    { kind: "path", d: `M${at} 22V${bottom}`, look: "now-line" },
    { kind: "rect", x: left, y: 4, width, height: 18, round: 9, look: "now-pill" },
    { kind: "text", x: left + width / 2, y: 17, words: "now", look: "now-words" },
  ];
}

interface Row {
  readonly lane: Lane;
  readonly y: number;
  readonly height: number;
  readonly isTold: boolean;
  readonly middle: number;
}

function laneOf({ lane, y, height, isTold, middle }: Row, frame: Frame): LaneScene {
  const yields = lane.ghost === undefined ? "" : " yields";
  const bars = barsOf(seen(lane, frame), frame, middle);
  const shapes: Shape[] = [
    { kind: "rect", x: 1, y: y + 1, width: frame.width - 2, height: height - 2, round: 8, look: "lane-back" },
    { kind: "path", d: `M${frame.left} ${middle}H${frame.right}`, look: "lane-line" },
    ...bars.map((bar) => shapeOf(bar, bar.time === "future" ? `future${yields}` : bar.time)),
  ];
  const then = lane.ghost === undefined ? [] : barsOf(seen(lane.ghost, frame), frame, middle);
  const ghost = then
    .filter(({ what, time }) => time !== "past" || (what === "revoked" && lane.end !== "revoked"))
    .map((bar) => shapeOf(bar, "ghost"));
  const captions = !isTold
    ? []
    : captionsOf(seen({ ...lane, ...lane.ghost }, frame), frame).map(
        ({ left, words, look }): Shape => ({ kind: "text", x: rounded(left), y: middle - 16, words, look }),
      );
  return { lane, y, height, shapes, ghost, words: [...namesOf(lane, { y, height, isTold, middle }, frame), ...captions] };
}

/** As much of a life as is not over before the time that is shown. */
function seen(course: Course, { from }: Frame): Course {
  return { ...course, spans: course.spans.filter(({ to }) => to > from) };
}

function shapeOf({ d, what }: Bar, how: string): Shape {
  return { kind: "path", d, look: `${what} ${how}` };
}

function namesOf(lane: Lane, row: Omit<Row, "lane">, frame: Frame): Shape[] {
  const signs = spanAt(lane, frame.now)?.phase === "active";
  const look = signs ? "name signs" : lane.isPlanned ? "name planned" : "name";
  const most = Math.floor((frame.isWide ? GUTTER - 2 * EDGE : frame.width * 0.6) / (NAME_SIZE * 0.615));
  const words = shortened(lane.name, most);
  const alg = lane.alg;
  if (!frame.isWide) {
    const name: Shape = { kind: "text", x: EDGE, y: row.y + 15, words, look };
    const beside = EDGE + words.length * NAME_SIZE * 0.615 + 8;
    return alg === "" ? [name] : [name, { kind: "text", x: rounded(beside), y: row.y + 15, words: alg, look: "alg" }];
  }
  const y = row.isTold ? row.middle - 10 : row.middle + 4;
  const name: Shape = { kind: "text", x: EDGE, y, words, look };
  return row.isTold && alg !== "" ? [name, { kind: "text", x: EDGE, y: y + 16, words: alg, look: "alg" }] : [name];
}

function shortened(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

function foldOf(away: readonly Lane[], frame: Frame): Fold {
  const middle = AXIS + FOLD / 2 - 2;
  const words: Shape[] = [{ kind: "text", x: EDGE, y: middle + 4, words: `${away.length} earlier keys`, look: "fold-words" }];
  const fold = { y: AXIS, height: FOLD, count: away.length };
  if (!frame.isWide) return { ...fold, shapes: [], words };
  const spans = away.flatMap((lane) => lane.spans.filter(({ phase }) => phase === "active"));
  const parts = spans.map(({ from, to }) => `M${frame.x(from)} ${middle}H${Math.max(frame.x(to), frame.x(from) + 1)}`);
  const last = Math.max(...away.flatMap((lane) => lane.spans.at(-1)?.to ?? 0));
  const room = { from: frame.left, to: frame.right, gap: 0 };
  const told = { x: frame.x(last) + 8, words: `the last left ${shortDay(last, frame.now)}`, weight: 0, look: "caption" };
  for (const { left, look, ...label } of last < frame.now ? placed([told], room, frame.measure) : []) {
    words.push({ kind: "text", x: rounded(left), y: middle + 4, words: label.words, look });
  }
  const shapes: Shape[] = [
    { kind: "path", d: `M${frame.left} ${middle}H${frame.right}`, look: "lane-line" },
    { kind: "path", d: parts.join(""), look: "folded" },
  ];
  return { ...fold, shapes, words };
}
