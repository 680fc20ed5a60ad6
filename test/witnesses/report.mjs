/** The matrix as people read it. */

/** @param {import("./cells.mjs").Cell} cell */
const symbol = ({ failures, reason }) => (failures.length > 0 ? "FAIL" : reason === undefined ? "ok" : "-");

/**
 * @param {string} title
 * @param {string[]} columns
 * @param {{ label: string, cells: import("./cells.mjs").Cell[][] }[]} rows a cell of the page shows one or two of the matrix
 */
export function table(title, columns, rows) {
  const body = rows.map(({ label, cells }) => [label, ...cells.map((parts) => parts.map(symbol).join("/"))]);
  const lines = [["", ...columns], ...body];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return [
    title,
    ...lines.map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    ),
  ].join("\n");
}

/** The reasons behind each "-", one line for all the columns that share it. */
export function reasons(pages) {
  const shared = new Map();
  for (const { rows, columns } of pages) {
    for (const { cells } of rows) {
      for (const [i, { reason }] of cells.flatMap((parts, at) => parts.map((cell) => /** @type {const} */ ([at, cell])))) {
        if (reason !== undefined) shared.set(reason, (shared.get(reason) ?? new Set()).add(columns[i]));
      }
    }
  }
  return [...shared].map(([reason, where]) => `- ${reason} (${[...where].join(", ")})`).join("\n");
}
