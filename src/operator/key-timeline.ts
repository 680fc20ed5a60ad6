import { asArgument } from "../encoding/shell-argument.js";
import { dateInWords, fromNow } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { LEGEND_WORDS } from "../look/theme.js";
import type { KeyLife, KeyLives, Phase } from "../rotation/forecast/key-lives.js";

/** How a timeline is drawn. */
export interface TimelineStyle {
  /** How many columns the terminal has. */
  readonly columns: number;
  /** Whether it shows blocks and lines. */
  readonly hasUnicode: boolean;
  readonly hasColor: boolean;
}

type Mark = Phase | "now";
type Glyphs = Readonly<Record<Mark | "revoked" | "removed", string>>;

const UNICODE: Glyphs = {
  creating: "·",
  pending: "░",
  ready: "▒",
  active: "█",
  retired: "─",
  now: "│",
  revoked: "✗",
  removed: "╴",
};
const ASCII: Glyphs = {
  creating: ".",
  pending: ":",
  ready: "=",
  active: "#",
  retired: "-",
  now: "|",
  revoked: "x",
  removed: " ",
};
const COLORS: Readonly<Partial<Record<Phase | "revoked", number>>> = {
  pending: 36,
  ready: 36,
  active: 32,
  retired: 90,
  revoked: 31,
};

const MAX_NAME = 12;
const MIN_CHART = 24;
const MAX_PLANNED = 8;

/** Draws every key's life to one scale, with the present marked, and says what is planned. */
export function drawTimeline(lives: KeyLives, style: TimelineStyle): string[] {
  const glyphs = style.hasUnicode ? UNICODE : ASCII;
  const names = lives.lives.map(({ name }) => shortened(visible(name), style));
  const nameWidth = Math.max(0, ...names.map((name) => name.length)) + 2;
  const width = style.columns - nameWidth;
  const planned = plannedLines(lives, style);
  if (width < MIN_CHART) return [`the timeline needs ${MIN_CHART + nameWidth} columns`, ...planned];
  const column = columnOf(lives, width);
  const now = column(lives.now);
  const rows = lives.lives.map((life, index) => {
    const cells = cellsOf(life, lives, width, glyphs, style.hasColor);
    if (cells[now] === " ") cells[now] = glyphs.now;
    return `${(names[index] ?? "").padEnd(nameWidth)}${cells.join("")}`.trimEnd();
  });
  const head = labelled(width, [
    [0, dateInWords(lives.from).slice(0, 10)],
    [now, style.hasUnicode ? "▼now" : "|now"],
    [width, dateInWords(lives.until).slice(0, 10)],
  ]);
  const legend: [Phase | "revoked", string][] = [...(Object.entries(LEGEND_WORDS) as [Phase, string][])];
  if (lives.lives.some(({ end }) => end === "revoked")) legend.push(["revoked", "revoked"]);
  return [" ".repeat(nameWidth) + head, ...rows, "", ...legendLines(legend, glyphs, style), ...planned];
}

function columnOf({ from, until }: KeyLives, width: number): (time: number) => number {
  return (time: number) => Math.min(width - 1, Math.max(0, Math.floor(((time - from) / Math.max(1, until - from)) * width)));
}

// A cell shows the phase that fills most of it: what is shorter than half a cell is in the words below, not in the picture.
function cellsOf(life: KeyLife, { from, until }: KeyLives, width: number, glyphs: Glyphs, hasColor: boolean): string[] {
  const cell = (until - from) / width;
  const cells = Array.from({ length: width }, (_, index): string => {
    const [start, end] = [from + index * cell, from + (index + 1) * cell];
    const shares = life.spans.map((span) => ({ phase: span.phase, share: Math.min(end, span.to) - Math.max(start, span.from) }));
    const longest = shares.sort((a, b) => b.share - a.share)[0];
    return longest !== undefined && longest.share >= cell / 2 ? painted(glyphs[longest.phase], longest.phase, hasColor) : " ";
  });
  const last = life.spans.at(-1);
  if (last === undefined) return cells;
  const at = columnOf({ from, until } as KeyLives, width)(life.revokedAt ?? last.to);
  if (life.end === "revoked") cells[at] = painted(glyphs.revoked, "revoked", hasColor);
  // A life that is shorter than a cell is still to be seen.
  else if (cells.join("").trim() === "") cells[at] = painted(glyphs[last.phase], last.phase, hasColor);
  return cells;
}

function painted(text: string, phase: Phase | "revoked", hasColor: boolean): string {
  const color = COLORS[phase];
  return hasColor && color !== undefined ? `\u001b[${color}m${text}\u001b[39m` : text;
}

function shortened(name: string, { hasUnicode }: TimelineStyle): string {
  if (name.length <= MAX_NAME) return name;
  const dots = hasUnicode ? "…" : "..";
  return name.slice(0, MAX_NAME - dots.length) + dots;
}

/** Labels under their columns; one that would touch the one before it is left out. */
function labelled(width: number, labels: readonly (readonly [number, string])[]): string {
  const important = [...labels].sort((a, b) => Number(b[1].endsWith("now")) - Number(a[1].endsWith("now")));
  const line: string[] = Array.from({ length: width }, () => " ");
  for (const [at, text] of important) {
    const start = Math.min(Math.max(0, at === width ? width - text.length : at), width - text.length);
    const around = line.slice(Math.max(0, start - 1), start + text.length + 1);
    if (around.every((cell) => cell === " ")) line.splice(start, text.length, ...text);
  }
  return line.join("").trimEnd();
}

function legendLines(legend: readonly (readonly [Phase | "revoked", string])[], glyphs: Glyphs, style: TimelineStyle): string[] {
  const lines: { text: string; length: number }[] = [];
  for (const [phase, words] of legend) {
    const text = `${painted(glyphs[phase], phase, style.hasColor)} ${words}`;
    const length = words.length + 2;
    const line = lines.at(-1);
    if (line === undefined || line.length + 3 + length > style.columns) lines.push({ text, length });
    else lines[lines.length - 1] = { text: `${line.text}   ${text}`, length: line.length + 3 + length };
  }
  return lines.map(({ text }) => text);
}

function plannedLines({ planned, now, awaitUpload = [] }: KeyLives, style: TimelineStyle): string[] {
  const waiting = awaitUpload.map(awaitsUpload);
  if (planned.length === 0) return ["", ...(waiting.length > 0 ? waiting : ["nothing is planned: keys are rotated by hand"])];
  const lines = planned
    .slice(0, MAX_PLANNED)
    .map(
      ({ at, words }) => `  ${dateInWords(at).slice(0, 16)} UTC, ${fromNow(at, now)}: ${clipped(visible(words), style.columns)}`,
    );
  return ["", "planned, while ticks run:", ...lines, ...waiting];
}

/** What a key waits for that is to be uploaded, and what says that it was. */
export function awaitsUpload(kid: string): string {
  return `${visible(kid)} waits until it was uploaded: \`signet keys rotate --uploaded ${asArgument(visible(kid))}\` then lets it sign`;
}

// The reason after a colon is for `keys explain`.
function clipped(words: string, columns: number): string {
  return columns < 110 ? (words.split(":")[0] as string) : words;
}
