import { dateInWords } from "../encoding/times-in-words.js";
import { visible } from "../errors.js";
import { storyOf } from "../look/captions.js";
import { estimated } from "../look/labels.js";
import { lanesOf } from "../look/lanes.js";
import { pictureCss } from "../look/looks.js";
import { type LaneScene, type Shape, sceneOf } from "../look/scene.js";
import { LEGEND_WORDS } from "../look/theme.js";
import type { KeyLives } from "../rotation/forecast/key-lives.js";

const WIDTH = 1_040;
const MARGIN = 20;
const HEAD = 48;
const FOOT = 56;

/** How each phase looks in the legend. */
const SWATCHES = [
  ["pending past", "M0 2H20V12H0Z", LEGEND_WORDS.pending],
  ["ready past", "M0 2H20V12H0Z", LEGEND_WORDS.ready],
  ["active past", "M0 0H20V14H0Z", LEGEND_WORDS.active],
  ["retired past", "M0 4H20V10H0Z", LEGEND_WORDS.retired],
  ["revoked past", "M5 2L15 12M15 2L5 12", "revoked"],
  ["active future", "M0 0H20V14H0Z", "planned"],
] as const;

/**
 * Draws every key's life to one scale as an SVG picture, as the console does: what has been is solid, what is planned is an outline. Light or
 * dark by the preference of who sees it.
 */
export function timelineSvg(lives: KeyLives, issuer: string | null): string {
  const lanes = lanesOf(lives);
  const named = lanes.lanes.map((lane) => ({ ...lane, name: visible(lane.name) }));
  const scene = sceneOf({ ...lanes, lanes: named }, { width: WIDTH - 2 * MARGIN, isUnfolded: true });
  const height = HEAD + scene.height + FOOT;
  const title = issuer === null ? "Keys" : `Keys of ${visible(issuer)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>The lives of the keys of ${escaped(issuer === null ? "this issuer" : visible(issuer))}, on ${dateInWords(lives.now)}</title>`,
    `<style>${pictureCss()}</style>`,
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">',
    '<path class="hatching" d="M0 0V5"/></pattern></defs>',
    `<rect class="sheet" width="${WIDTH}" height="${height}"/>`,
    text(MARGIN + 12, 34, title, "title"),
    `<g transform="translate(${MARGIN} ${HEAD})">`,
    ...scene.back.map(drawn),
    ...scene.lanes.map((row) => lane(row, lives.now)),
    ...scene.front.map(drawn),
    ...scene.lanes.flatMap(({ words }) => words.map(drawn)),
    "</g>",
    ...legend(lives, HEAD + scene.height + 14),
    "</svg>",
    "",
  ].join("\n");
}

// Browsers show a title over what it belongs to.
function lane({ lane: life, shapes }: LaneScene, now: number): string {
  return `<g><title>${escaped(storyOf(life, now))}</title>${shapes.map(drawn).join("")}</g>`;
}

function drawn(shape: Shape): string {
  if (shape.kind === "path") return `<path class="${shape.look}" d="${shape.d}"/>`;
  if (shape.kind === "text") return text(shape.x, shape.y, shape.words, shape.look);
  const { x, y, width, height, round, look } = shape;
  return `<rect class="${look}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}"/>`;
}

function text(x: number, y: number, words: string, look: string): string {
  return `<text class="${look}" x="${x}" y="${y}">${escaped(words)}</text>`;
}

function legend({ lives, now, until }: KeyLives, y: number): string[] {
  const isRevoked = lives.some(({ end }) => end === "revoked");
  const measure = estimated(12);
  let x = MARGIN + 12;
  const items = SWATCHES.flatMap(([look, d, words]) => {
    if (look === "revoked past" && !isRevoked) return [];
    if (look === "active future" && until <= now) return [];
    const item = `<g transform="translate(${x} ${y})"><path class="${look}" d="${d}"/></g>${text(x + 27, y + 11, words, "legend")}`;
    x = Math.round(x + 27 + measure(words) + 22);
    return [item];
  });
  return [...items, text(x, y + 11, "Times are UTC.", "legend")];
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
