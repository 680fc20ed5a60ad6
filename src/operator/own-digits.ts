import { randomUUID } from "node:crypto";
import { endOfString, isLarge } from "../encoding/json-by-hand.js";
import { parseJson } from "../encoding/json-names.js";
import { decodePart, parseObject } from "../verify/token.js";

/** Stands before the digits of a large number, within a text. The writer of a token cannot know it. */
const MARK = `${randomUUID()}:`;
const MARKED = new RegExp(`"${MARK}([^"]+)"`, "g");

/**
 * Decodes a part of a token as a JSON object, for `jsonWithOwnDigits`: a number of JavaScript's would be another one beyond 2^53.
 *
 * @returns the object, in which such numbers are texts of ours
 * @throws SignetError `token_malformed`
 */
export function partWithOwnDigits(part: string, name: "header" | "payload"): Record<string, unknown> {
  parseObject(part, name);
  return parseJson(marked(Buffer.from(decodePart(part, name)).toString())) as Record<string, unknown>;
}

function marked(text: string): string {
  let whole = "";
  let from = 0;
  const pieces = /"|-?\d[\d.eE+-]*/g;
  for (let found = pieces.exec(text); found !== null; found = pieces.exec(text)) {
    const [piece] = found;
    if (piece === '"') pieces.lastIndex = endOfString(text, pieces.lastIndex) + 1;
    else if (isLarge(Number(piece))) {
      whole += `${text.slice(from, found.index)}"${MARK}${piece}"`;
      from = pieces.lastIndex;
    }
  }
  return whole + text.slice(from);
}

/** JSON for people, in which large numbers have the digits that they came with. @param indent blanks a level; 0 for one line */
export function jsonWithOwnDigits(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(MARKED, "$1");
}
