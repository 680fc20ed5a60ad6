import { estimated, type Measure } from "../../look/labels.js";
import { FONTS } from "../../look/theme.js";

const widths = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

/** Widths of labels in this browser's letters. */
export const measured: Measure = (words) => {
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null || context === undefined) return estimated(11)(words);
  const known = widths.get(words);
  if (known !== undefined) return known;
  context.font = `600 11px ${FONTS.text}`;
  const { width } = context.measureText(words);
  if (widths.size > 5_000) widths.clear();
  widths.set(words, width);
  return width;
};
