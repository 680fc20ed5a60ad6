/** Words beside a point of a line. */
export interface Label {
  readonly x: number;
  readonly words: string;
  /** Which of two that touch stays: the greater. */
  readonly weight: number;
  /** How it is drawn. */
  readonly look: string;
}

/** A label that found its place: its left edge, and its width. */
export interface PlacedLabel extends Label {
  readonly left: number;
  readonly width: number;
}

/** Where labels may stand. */
interface Room {
  readonly from: number;
  readonly to: number;
  /** Between two of them. */
  readonly gap: number;
}

/** Measures words in pixels. */
export type Measure = (words: string) => number;

/** Widths of letters by what the system's faces have in common, in shares of the size: a little more than most need. */
export function estimated(size: number): Measure {
  return (words) => {
    let width = 0;
    for (const letter of words) width += /[ilj.,:;|'!()[\]ft ]/.test(letter) ? 0.34 : /[mwMW@%…]/.test(letter) ? 0.9 : 0.6;
    return width * size;
  };
}

/**
 * Gives each label its place beside its point: to the right of it, or to its left where there is no room; those that would touch one that
 * weighs more are left out.
 */
export function placed(labels: readonly Label[], room: Room, measure: Measure, align: "side" | "middle" = "side"): PlacedLabel[] {
  const found: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => b.weight - a.weight)) {
    const width = measure(label.words);
    const wanted = align === "middle" ? [label.x - width / 2] : [label.x, label.x - width];
    const within = wanted.map((left) => Math.min(room.to - width, Math.max(room.from, left)));
    const left = within.find((at) => at >= room.from && isFree(found, at, at + width, room.gap));
    if (left !== undefined) found.push({ ...label, left, width });
  }
  return found.sort((a, b) => a.left - b.left);
}

function isFree(found: readonly PlacedLabel[], from: number, to: number, gap: number): boolean {
  return found.every(({ left, width }) => to + gap <= left || left + width + gap <= from);
}
