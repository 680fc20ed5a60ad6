import { DARK, FONTS, LIGHT, type Theme } from "../../../src/look/theme.js";
import type { Outcome } from "./population.js";
import type { KeyMoment } from "./signet.js";
import { DAY, type Timeline } from "./timeline.js";

const WIDTH = 960;
const LEFT = 190;
const RIGHT = 20;
const ROW = 64;
const BAR = 9;
const COLORS = { pending: "ready", active: "accent", retired: "retired", revoked: "danger" } as const;
const STATES = Object.keys(COLORS);

/** Light or dark by preference, as all pictures of keys are. */
function style(): string {
  const rules = (theme: Theme) =>
    [
      `.sheet{fill:${theme.surface}}.axis{stroke:${theme.edge}}text{fill:${theme.ink}}.refused{fill:${theme.danger}}`,
      ...Object.entries(COLORS).map(([state, color]) => `.${state}{fill:${theme[color]}}`),
    ].join("");
  return `<style>text{font:12px ${FONTS.text}}${rules(LIGHT)}@media (prefers-color-scheme:dark){${rules(DARK)}}</style>`;
}

/** Draws the year: refused tokens a day under each policy, and below it the lives of Signet's keys. */
export function plot(runs: readonly (readonly [Timeline, Outcome])[], moments: readonly KeyMoment[], seconds: number): string {
  const x = (time: number): number => Math.round((LEFT + ((WIDTH - LEFT - RIGHT) * time) / seconds) * 10) / 10;
  const most = Math.max(1, ...runs.flatMap(([, outcome]) => outcome.refusedByDay));
  const rows = runs.map((run, index) => row(run, 40 + index * ROW, x, most));
  const top = 40 + runs.length * ROW + 34;
  const bars = keyBars(moments, seconds);
  const kids = [...new Set(bars.map(({ kid }) => kid))];
  const lives = bars.map(({ kid, state, from, to }) => {
    const y = top + 16 + kids.indexOf(kid) * BAR;
    const width = Math.max(0.8, x(to) - x(from)).toFixed(1);
    return `<rect x="${x(from)}" y="${y}" width="${width}" height="${BAR - 2}" class="${state}"/>`;
  });
  const legend = STATES.map(
    (state, index) =>
      `<rect x="${LEFT + index * 90}" y="${top - 8}" width="10" height="10" class="${state}"/>${label(LEFT + 14 + index * 90, top + 1, state)}`,
  );
  const height = top + 16 + kids.length * BAR + 24;
  const months = Array.from({ length: 12 }, (_, month) =>
    label(x((month * seconds) / 12), height - 8, `day ${Math.round((month * seconds) / 12 / DAY)}`),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    "<title>A year of rotations: tokens refused under each policy, and the lives of Signet's keys</title>",
    style(),
    `<rect class="sheet" width="${WIDTH}" height="${height}"/>`,
    label(12, 22, "Tokens refused a day (revoked keys' own left out), square-root scale"),
    ...rows,
    label(12, top + 1, "Signet's keys"),
    ...legend,
    ...lives,
    ...months,
    "</svg>",
    "",
  ].join("\n");
}

function row(
  [timeline, { refused, refusedByDay }]: readonly [Timeline, Outcome],
  y: number,
  x: (time: number) => number,
  most: number,
): string {
  const base = y + ROW - 14;
  const bars = refusedByDay.flatMap((count, day) => {
    if (count === 0) return [];
    const height = Math.max(1, Math.sqrt(count / most) * (ROW - 22)).toFixed(1);
    return [`<rect x="${x(day * DAY)}" y="${(base - Number(height)).toFixed(1)}" width="2" height="${height}" class="refused"/>`];
  });
  const axis = `<line class="axis" x1="${LEFT}" y1="${base}" x2="${WIDTH - RIGHT}" y2="${base}"/>`;
  const words = refused === 0 ? "none refused" : `${refused.toLocaleString("en")} refused`;
  return [label(12, base - 16, timeline.name), label(12, base, words), axis, ...bars].join("\n");
}

function keyBars(moments: readonly KeyMoment[], seconds: number): { kid: string; state: string; from: number; to: number }[] {
  return moments.flatMap(({ kid, state, time }, index) => {
    if (!STATES.includes(state)) return [];
    const next = moments.slice(index + 1).find((moment) => moment.kid === kid);
    return [{ kid, state, from: time, to: next?.time ?? seconds }];
  });
}

function label(x: number, y: number, text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}">${escaped}</text>`;
}
