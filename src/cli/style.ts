import { randomUUID } from "node:crypto";
import { visible } from "../errors.js";

const CODES = { bold: [1, 22], good: [32, 39], bad: [31, 39], warn: [33, 39] } as const;

/** What a text is shown as. */
export type Look = keyof typeof CODES;

/** A stream as it is written to. */
interface Place {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

// A command that is to be pasted stays in one piece.
const WORDS = /(?:`[^`]*`|[^\s`]|`)+/g;

/** How one process shows emphasis, where a terminal can and NO_COLOR does not forbid it. */
export function createStyle(env: NodeJS.ProcessEnv) {
  // Emphasis is ours where it has this mark, which no other text can contain.
  let mark: string | undefined;
  let marked: RegExp | undefined;

  function paint(text: string, look: Look): string {
    mark ??= `<${randomUUID()}>`;
    marked ??= new RegExp(`${mark}(\\d+m)`, "g");
    const [on, off] = CODES[look];
    return `${mark}${on}m${text}${mark}${off}m`;
  }

  /** A line for a stream: what is in it of others is made visible, and marks are what the stream can show of them. */
  function shown(line: string, { isTTY }: Place): string {
    const safe = visible(line);
    if (marked === undefined) return safe;
    const hasColour = isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
    return safe.replace(marked, (_, code: string) => (hasColour ? `\u001b[${code}` : ""));
  }

  /** How wide a text is without its marks. */
  function widthOf(text: string): number {
    return (marked === undefined ? text : text.replace(marked, "")).length;
  }

  /** A line as the lines of a terminal, broken between words. */
  function broken(line: string, columns: number): string[] {
    if (widthOf(line) <= columns) return [line];
    const [indent = ""] = /^ */.exec(line) ?? [];
    const lines: string[] = [];
    let last = "";
    for (const [word] of line.matchAll(WORDS)) {
      const longer = last === "" ? `${indent}${word}` : `${last} ${word}`;
      if (last !== "" && widthOf(longer) > columns) {
        lines.push(last);
        last = `${indent}${word}`;
      } else last = longer;
    }
    return last === "" ? lines : [...lines, last];
  }

  return Object.freeze({ paint, shown, broken });
}

/** How wide lines may be: as wide as the terminal, or as COLUMNS says where there is none. */
export function columnsOf({ isTTY, columns }: Place, env: NodeJS.ProcessEnv): number {
  const given = isTTY === true ? columns : Number(env.COLUMNS);
  return given !== undefined && given > 0 ? given : Number.POSITIVE_INFINITY;
}
