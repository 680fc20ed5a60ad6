import { visible } from "../errors.js";
import { shortestPrefixes } from "../operator/kid-prefix.js";

/** How a table is shown. */
export interface TableOptions {
  /** How wide it may be where that is possible. Default: as wide as it is. */
  readonly columns?: number;
  /** The columns whose cells are kids or ids: where there is no room, each is as short as a command still knows it by. */
  readonly names?: readonly number[];
  /** What a cell looks like, once it is as wide as it has to be. */
  readonly paint?: (cell: string, row: number, column: number) => string;
}

const GAP = 2;
const MIN_WRAPPED = 12;

/**
 * Lines of a table: columns as wide as their widest cell, two spaces between them, no space at the end. One that is too wide shortens
 * names, then breaks cells between words.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { columns = Number.POSITIVE_INFINITY, names = [], paint = (cell: string) => cell } = options;
  // As wide as they are shown.
  let all = [head, ...rows].map((row) => row.map(visible));
  if (widthOf(widthsOf(all)) > columns) all = withShortNames(all, names);
  const widths = fitted(widthsOf(all), all, columns);
  return all.flatMap((row, index) => {
    const cells = row.map((cell, column) => wrapped(cell, widths[column] ?? 0));
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => lineOf(cells, line, widths, (cell, at) => paint(cell, index - 1, at)));
  });
}

function lineOf(
  cells: readonly (readonly string[])[],
  line: number,
  widths: readonly number[],
  paint: (cell: string, column: number) => string,
): string {
  const last = cells.findLastIndex((lines) => (lines[line] ?? "") !== "");
  const shown = cells.slice(0, last + 1).map((lines, column) => {
    const cell = lines[line] ?? "";
    const room = column === last ? "" : " ".repeat(Math.max(0, (widths[column] ?? 0) - cell.length));
    return `${cell === "" ? "" : paint(cell, column)}${room}`;
  });
  return shown.join(" ".repeat(GAP));
}

function widthsOf(all: readonly (readonly string[])[]): number[] {
  return (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP * Math.max(0, widths.length - 1));
}

function withShortNames([head = [], ...rows]: readonly (readonly string[])[], names: readonly number[]): string[][] {
  const words = rows.flatMap((row) => names.flatMap((column) => (row[column] ?? "").split(" ")));
  const short = shortestPrefixes(words.filter((word) => word !== ""));
  const shortened = (cell: string) => cell.replace(/[^ ]+/g, (word) => short.get(word) ?? word);
  return [[...head], ...rows.map((row) => row.map((cell, column) => (names.includes(column) ? shortened(cell) : cell)))];
}

// Those that have several words give way, the widest first.
function fitted(widths: readonly number[], all: readonly (readonly string[])[], columns: number): readonly number[] {
  const fitting = [...widths];
  const longest = widths.map((_, column) => {
    const words = all.flatMap((row) => (row[column] ?? "").split(" "));
    return Math.max(MIN_WRAPPED, ...words.map((word) => word.length));
  });
  for (let over = widthOf(fitting) - columns; over > 0; over = widthOf(fitting) - columns) {
    const room = fitting.map((width, column) => width - (longest[column] ?? width));
    const widest = room.indexOf(Math.max(...room));
    const give = Math.min(over, room[widest] ?? 0);
    if (give <= 0) break;
    fitting[widest] = (fitting[widest] ?? 0) - give;
  }
  return fitting;
}

function wrapped(cell: string, width: number): readonly string[] {
  if (cell.length <= width) return [cell];
  const lines: string[] = [];
  let last = "";
  for (const word of cell.split(" ")) {
    if (last !== "" && last.length + 1 + word.length > width) {
      lines.push(last);
      last = word;
    } else last = last === "" ? word : `${last} ${word}`;
  }
  return [...lines, last];
}
