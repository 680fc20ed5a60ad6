import { dateInWords } from "../encoding/times-in-words.js";
import type { KeyLife, KeyLives, Phase } from "../rotation/forecast/key-lives.js";

const WIDTH = 1_040;
const LEFT = 190;
const RIGHT = 30;
const TOP = 96;
const ROW = 34;
const BAR = 18;
const LABELS = 6;

const LOOKS: Readonly<Record<Phase, { readonly color: string; readonly words: string }>> = {
  creating: { color: "#e2e8f0", words: "being made" },
  pending: { color: "#bfdbfe", words: "published" },
  ready: { color: "#60a5fa", words: "every verifier has it" },
  active: { color: "#16a34a", words: "signs" },
  retired: { color: "#cbd5e1", words: "its tokens still verify" },
};
const REVOKED = "#dc2626";

/** Draws every key's life to one scale as an SVG picture; what lies in the future is paler. */
export function timelineSvg(lives: KeyLives, issuer: string | null): string {
  const x = (time: number): number => {
    const share = (time - lives.from) / Math.max(1, lives.until - lives.from);
    return Math.round((LEFT + (WIDTH - LEFT - RIGHT) * Math.min(1, Math.max(0, share))) * 10) / 10;
  };
  const bottom = TOP + lives.lives.length * ROW;
  const height = bottom + 48;
  const times = Array.from({ length: LABELS }, (_, index) => lives.from + ((lives.until - lives.from) * index) / (LABELS - 1));
  const grid = times.map((time, index) => {
    const anchor = index === 0 ? "start" : index === LABELS - 1 ? "end" : "middle";
    const line = `<line x1="${x(time)}" y1="${TOP - 8}" x2="${x(time)}" y2="${bottom}" stroke="#e5e7eb"/>`;
    return line + text(x(time), bottom + 20, dateInWords(time).slice(0, 16), { anchor, size: 11, color: "#64748b" });
  });
  const nowAt = x(lives.now);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" role="img">`,
    `<title>The lives of the keys of ${escaped(issuer ?? "this issuer")}, on ${dateInWords(lives.now)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(20, 30, issuer === null ? "Keys" : `Keys of ${issuer}`, { size: 17, weight: 600 }),
    ...legend(lives),
    ...grid,
    ...lives.lives.map((life, index) => row(life, lives.now, TOP + index * ROW, x)),
    `<line x1="${nowAt}" y1="${TOP - 12}" x2="${nowAt}" y2="${bottom}" stroke="#0f172a" stroke-width="1.5"/>`,
    text(nowAt, TOP - 17, "now", { anchor: nowAt < LEFT + 20 ? "start" : "middle", size: 11, weight: 600 }),
    text(20, height - 8, "Paler: planned, while ticks run. Times are UTC.", { size: 11, color: "#64748b" }),
    "</svg>",
    "",
  ].join("\n");
}

function legend({ lives }: KeyLives): string[] {
  const seen = (Object.keys(LOOKS) as Phase[]).filter((phase) =>
    lives.some(({ spans }) => spans.some((span) => span.phase === phase)),
  );
  const entries = seen.map((phase) => LOOKS[phase]);
  if (lives.some(({ end }) => end === "revoked")) entries.push({ color: REVOKED, words: "revoked" });
  let at = 20;
  return entries.map(({ color, words }) => {
    const item = `<rect x="${at}" y="44" width="13" height="13" rx="2" fill="${color}"/>${text(at + 19, 55, words, { size: 12 })}`;
    at += 44 + words.length * 6.6;
    return item;
  });
}

function row(life: KeyLife, now: number, top: number, x: (time: number) => number): string {
  const y = top + (ROW - BAR) / 2;
  const parts = life.spans.flatMap(({ phase, from, to }) => [
    bar(LOOKS[phase].color, x(from), x(Math.min(to, Math.max(from, now))), y, 1),
    bar(LOOKS[phase].color, x(Math.max(from, Math.min(to, now))), x(to), y, 0.45),
  ]);
  const end = life.spans.at(-1)?.to;
  if (life.end === "revoked" && end !== undefined) parts.push(bar(REVOKED, x(end) - 1.5, x(end) + 1.5, y - 3, 1, BAR + 6));
  const name = life.name.length > 15 ? `${life.name.slice(0, 14)}…` : life.name;
  const color = life.isPlanned ? "#94a3b8" : "#0f172a";
  const alg = life.alg === "" ? [] : [text(LEFT - 12, y + 13, life.alg, { anchor: "end", size: 10, color: "#94a3b8" })];
  return [
    `<g><title>${escaped(story(life))}</title>`,
    text(20, y + 13, name, { size: 12, color }),
    ...alg,
    ...parts,
    "</g>",
  ].join("");
}

function bar(color: string, from: number, to: number, y: number, opacity: number, height = BAR): string {
  if (to <= from) return "";
  const faded = opacity === 1 ? "" : ` fill-opacity="${opacity}"`;
  return `<rect x="${from}" y="${y}" width="${(to - from).toFixed(1)}" height="${height}" fill="${color}"${faded}/>`;
}

// Browsers show it over the row.
function story({ name, spans, end }: KeyLife): string {
  const parts = spans.map(({ phase, from }) => `${LOOKS[phase].words} from ${dateInWords(from)}`);
  const last = spans.at(-1)?.to;
  if (end !== null && last !== undefined) parts.push(`${end} ${dateInWords(last)}`);
  return `${name}: ${parts.join("; ")}`;
}

interface TextLook {
  readonly size: number;
  readonly anchor?: string;
  readonly color?: string;
  readonly weight?: number;
}

function text(
  x: number,
  y: number,
  words: string,
  { size, anchor = "start", color = "#0f172a", weight = 400 }: TextLook,
): string {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${color}" font-weight="${weight}">${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
