import { visible } from "../encoding/visible.js";

/** Lines of a table: columns as wide as their widest cell, two spaces between them, no space at the end. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  // As wide as they are shown.
  const all = [head, ...rows].map((row) => row.map(visible));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
