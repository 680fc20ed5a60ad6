import { MAX_ECHO, SignetError } from "../errors.js";
import type { JsonReading } from "./json-by-hand.js";
import { readJson } from "./json-names.js";
import { isText } from "./list-of.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 bytes; `undefined` where they are not valid UTF-8 (which lenient decoders turn into U+FFFD). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  return attempt(() => utf8.decode(bytes));
}

/** Reads JSON as `readJson`; `undefined` where it is none. */
export function readJsonOrNone(text: string, integersAsText?: readonly string[]): JsonReading | undefined {
  return attempt(() => readJson(text, integersAsText));
}

/**
 * Parses JSON (RFC 8259) and refuses what different parsers read differently: members given twice and invalid UTF-8. A byte order mark
 * before it, which Windows' editors write, is skipped (section 8.1).
 *
 * @param input the text, or its bytes
 * @param what names the input in errors: "the request", "signet.json"
 * @throws SignetError `invalid_json` or `duplicate_member`
 */
export function parseStrictJson(input: Uint8Array | string, what: string): unknown {
  const text = (isText(input) ? input : decodeUtf8(input))?.replace(/^\ufeff/, "");
  if (text === undefined) throw new SignetError("invalid_json", `${what} is not valid UTF-8`);
  const reading = readJsonOrNone(text);
  if (!reading) throw new SignetError("invalid_json", `${what} is not valid JSON${whereItBroke(text, faultOf(text))}`);
  const { value, duplicate } = reading;
  if (duplicate !== undefined) {
    const member = duplicate.length > MAX_ECHO ? "a member" : `the member "${duplicate}"`;
    throw new SignetError("duplicate_member", `${what} names ${member} twice; keep one`, {
      field: duplicate,
    });
  }
  return value;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

// JSON.parse quotes the input in its messages, which would carry claims into logs: only the position is kept.
function whereItBroke(text: string, fault: string): string {
  if (fault === "Unexpected end of JSON input") return "; it ends too early";
  // Finding it reads a text again and again, at the sender's will.
  if (text.length > 65_536) return "";
  const named = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(fault)?.[1];
  const lines = text.slice(0, Number(named ?? positionOfBadToken(text))).split("\n");
  return ` (line ${lines.length}, column ${(lines.at(-1) as string).length + 1})`;
}

// For an unexpected token Node 20 quotes the text and keeps the position to itself: it stands where the shortest prefix ends
// that fails in the same way.
function positionOfBadToken(text: string): number {
  let sound = 0;
  let broken = text.length;
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1;
    if (faultOf(text.slice(0, middle)).startsWith("Unexpected token")) broken = middle;
    else sound = middle;
  }
  return sound;
}

function faultOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
