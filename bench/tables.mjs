/** What the pages of figures are made of. */

/** @param {string[]} head @param {(string | number)[][]} rows @returns {string} a table, with figures to the right */
export function table(head, rows) {
  return [head, head.map((_, at) => (at === 0 ? "---" : "---:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @param {import("./measure.mjs").Spread} spread @returns {string} the median, with its quartiles */
export function range({ median, low, high }) {
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
