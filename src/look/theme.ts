/** The colours of what is drawn, by what each is for. The accent is for one thing alone: the key that signs. */
export interface Theme {
  /** Behind everything. */
  readonly paper: string;
  /** Behind what stands together. */
  readonly surface: string;
  /** Where something is written or pressed. */
  readonly well: string;
  readonly line: string;
  /** The edge of what is pressed or written in. */
  readonly edge: string;
  readonly ink: string;
  readonly soft: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly accentWash: string;
  /** A key that is published: verifiers are learning it. */
  readonly pending: string;
  /** A key that every verifier has. */
  readonly ready: string;
  /** A key whose tokens still verify. */
  readonly retired: string;
  readonly danger: string;
  readonly onDanger: string;
  readonly dangerWash: string;
  readonly warn: string;
  readonly warnWash: string;
}

export type Color = keyof Theme;

export const LIGHT: Theme = {
  paper: "#f5f7f6",
  surface: "#ffffff",
  well: "#eef2f0",
  line: "#dde3e0",
  edge: "#7f8b87",
  ink: "#131a18",
  soft: "#52605b",
  accent: "#0a7866",
  onAccent: "#ffffff",
  accentWash: "#dcf1eb",
  pending: "#7f8b87",
  ready: "#5d6b66",
  retired: "#7d8985",
  danger: "#b3261e",
  onDanger: "#ffffff",
  dangerWash: "#fcebe9",
  warn: "#855300",
  warnWash: "#fdf2d9",
};

export const DARK: Theme = {
  paper: "#0d1211",
  surface: "#141b19",
  well: "#1d2624",
  line: "#2a3532",
  edge: "#74827d",
  ink: "#e8eeec",
  soft: "#a0aeaa",
  accent: "#41cdb2",
  onAccent: "#04221c",
  accentWash: "#12332c",
  pending: "#7c8a85",
  ready: "#a3b1ac",
  retired: "#74827d",
  danger: "#ff8c7f",
  onDanger: "#2c0704",
  dangerWash: "#391a17",
  warn: "#ecbd63",
  warnWash: "#332710",
};

/** How much two colours have to differ (WCAG 2.2 AA): 4.5 for words, 3 for what has a meaning without words. */
interface Pair {
  readonly over: Color;
  readonly under: Color;
  readonly least: 4.5 | 3;
}

const BACKGROUNDS: readonly Color[] = ["paper", "surface", "well"];
const WORDS: readonly Color[] = ["ink", "soft", "accent", "danger", "warn"];
const SHAPES: readonly Color[] = ["edge", "accent", "pending", "ready", "retired", "danger"];

/** Every pair that is used. */
export const PAIRS: readonly Pair[] = [
  ...BACKGROUNDS.flatMap((under) => WORDS.map((over): Pair => ({ over, under, least: 4.5 }))),
  ...BACKGROUNDS.flatMap((under) => SHAPES.map((over): Pair => ({ over, under, least: 3 }))),
  { over: "onAccent", under: "accent", least: 4.5 },
  { over: "onDanger", under: "danger", least: 4.5 },
  { over: "surface", under: "ink", least: 4.5 },
  { over: "ink", under: "accentWash", least: 4.5 },
  { over: "accent", under: "accentWash", least: 4.5 },
  { over: "ink", under: "dangerWash", least: 4.5 },
  { over: "danger", under: "dangerWash", least: 4.5 },
  { over: "ink", under: "warnWash", least: 4.5 },
  { over: "warn", under: "warnWash", least: 4.5 },
];

/** The ratio of two colours' luminance, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrastOf(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** What letters are drawn in: those of the system. */
export const FONTS = {
  text: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  code: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
};

/** Sizes of letters in pixels. */
const TYPE = { small: 12, base: 15, large: 19 };

/** Distances in pixels. */
const SPACE = { hair: 4, small: 8, base: 16, large: 24, huge: 48 };

/** The phases of a key's life as they are called everywhere: by the states of the keyring, and by what a pending key waits for. */
export const PHASE_WORDS = {
  creating: "creating",
  pending: "pending",
  ready: "every verifier has it",
  active: "active",
  retired: "retired",
};

/** What each phase that is drawn means. */
export const LEGEND_WORDS = {
  pending: "pending: published, signs nothing yet",
  ready: "pending, and every verifier has it",
  active: "active: signs",
  retired: "retired: its tokens still verify",
};

/** The custom properties of a page: by preference light or dark. */
export function themeCss(): string {
  const colors = (theme: Theme) =>
    Object.entries(theme)
      .map(([name, color]) => `${propertyOf(name)}:${color};`)
      .join("");
  const pixels = (kind: string, sizes: Readonly<Record<string, number>>) =>
    Object.entries(sizes)
      .map(([name, size]) => `--${kind}-${name}:${size / 16}rem;`)
      .join("");
  const fonts = `--font-text:${FONTS.text};--font-code:${FONTS.code};`;
  const light = `:root{color-scheme:light dark;${fonts}${pixels("type", TYPE)}${pixels("space", SPACE)}${colors(LIGHT)}}`;
  return `${light}\n@media (prefers-color-scheme:dark){:root{${colors(DARK)}}}\n`;
}

/** The custom property that a page has for a colour. */
export function propertyOf(color: string): string {
  return `--${color.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
