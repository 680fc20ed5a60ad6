import { type Color, DARK, FONTS, LIGHT, propertyOf, type Theme } from "./theme.js";

/** How something is drawn: colours by their names, all else as CSS has it. */
interface Look {
  readonly fill?: Color | "none" | "hatch";
  readonly stroke?: Color;
  readonly more?: string;
}

/** The rules of the timeline, by the class of what is drawn. */
const LOOKS: Readonly<Record<string, Look>> = {
  text: { fill: "soft", more: `font:400 11px ${FONTS.text};font-variant-numeric:tabular-nums` },
  ".tick.major": { fill: "ink", more: "font-weight:600" },
  ".name": { fill: "ink", more: `font:500 13px ${FONTS.code}` },
  ".name.signs": { fill: "accent", more: "font-weight:700" },
  ".name.planned": { fill: "soft", more: `font:italic 400 13px ${FONTS.text}` },
  ".fold-words": { fill: "soft", more: "font-size:13px;text-decoration:underline" },
  ".caption": { stroke: "surface", more: "paint-order:stroke;stroke-width:4;stroke-linejoin:round" },
  ".caption.signs": { fill: "accent", more: "font-weight:600" },
  ".caption.bad": { fill: "danger", more: "font-weight:600" },
  ".title": { fill: "ink", more: "font-size:17px;font-weight:600" },
  ".legend": { more: "font-size:12px" },
  ".now-words": { fill: "surface", more: "font-weight:600;text-anchor:middle" },
  ".now-pill": { fill: "ink" },
  ".now-line": { fill: "none", stroke: "ink", more: "stroke-width:1.5" },
  ".lane-back": { fill: "none" },
  ".lane-line": { fill: "none", stroke: "line" },
  ".grid": { fill: "none", stroke: "line", more: "stroke-dasharray:1 3" },
  ".grid.major": { more: "stroke-dasharray:none" },
  ".folded": { fill: "none", stroke: "retired", more: "stroke-width:6" },
  ".creating": { fill: "surface", stroke: "pending", more: "stroke-dasharray:1 3" },
  ".pending": { fill: "hatch", stroke: "pending" },
  ".ready": { fill: "ready", stroke: "ready" },
  ".active": { fill: "accent", stroke: "accent" },
  ".retired": { fill: "retired", stroke: "retired" },
  ".known": { fill: "surface", stroke: "ready", more: "stroke-width:2.5" },
  ".revoked": { fill: "none", stroke: "danger", more: "stroke-width:2.5;stroke-linecap:round" },
  ".thread": { fill: "none", stroke: "accent", more: "stroke-width:2" },
  ".ready.future": { fill: "surface" },
  ".active.future": { fill: "accentWash" },
  ".retired.future": { fill: "surface" },
  ".thread.future": { more: "stroke-dasharray:2 3" },
  ".yields": { more: "opacity:.25" },
  ".ghost": { more: "stroke-width:1.5;stroke-dasharray:4 3" },
  ".active.ghost": { fill: "accentWash" },
  ".ready.ghost,.retired.ghost": { fill: "surface" },
  ".known.ghost,.revoked.ghost": { more: "stroke-width:2.5;stroke-dasharray:none" },
};

/** The rules as CSS below `within`, with each colour as `colorOf` says it. */
function rules(within: string, colorOf: (color: Color) => string, isAll: boolean): string {
  return Object.entries(LOOKS)
    .map(([selector, { fill, stroke, more }]) => {
      const parts = [
        ...(fill === undefined ? [] : [`fill:${fill === "none" ? "none" : fill === "hatch" ? "url(#hatch)" : colorOf(fill)}`]),
        ...(stroke === undefined ? [] : [`stroke:${colorOf(stroke)}`]),
        ...(isAll && more !== undefined ? [more] : []),
      ];
      const selectors = selector.split(",").map((each) => `${within} ${each}`);
      return parts.length === 0 ? "" : `${selectors.join(",")}{${parts.join(";")}}`;
    })
    .join("");
}

/** For a page that has the custom properties of `themeCss`. */
export function timelineCss(): string {
  const property = (color: Color) => `var(${propertyOf(color)})`;
  return `${rules(".timeline", property, true)}.timeline .hatching{stroke:var(--pending)}\n`;
}

/** For a picture that stands by itself: light or dark by preference, and light where that is not known. */
export function pictureCss(): string {
  const colored = (theme: Theme) => (color: Color) => theme[color];
  const rest = (theme: Theme) => `svg .hatching{stroke:${theme.pending}}svg .sheet{fill:${theme.surface}}`;
  const light = rules("svg", colored(LIGHT), true) + rest(LIGHT);
  return `${light}@media (prefers-color-scheme:dark){${rules("svg", colored(DARK), false)}${rest(DARK)}}`;
}
