import { MAX_ECHO, SignetError } from "../errors.js";
import { findDuplicateMember, type JsonReading, readJson } from "./json-names.js";

/** In longer texts, in characters, no error says where they break: finding it reads them again and again, at the sender's will. */
const MAX_PLACED = 65_536;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 bytes; `undefined` where they are not valid UTF-8 (which lenient decoders turn into U+FFFD). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Parses JSON (RFC 8259) and refuses what different parsers read differently: members given twice and invalid UTF-8.
 *
 * @param input the text, or its bytes
 * @param what names the input in errors: "the request", "signet.json"
 * @throws SignetError `invalid_json` or `duplicate_member`
 */
export function parseStrictJson(input: Uint8Array | string, what: string): unknown {
  const text = typeof input === "string" ? input : decodeUtf8(input);
  if (text === undefined) throw new SignetError("invalid_json", `${what} is not valid UTF-8`);
  let reading: JsonReading;
  try {
    reading = readJson(text);
  } catch (error) {
    throw new SignetError("invalid_json", `${what} is not valid JSON${whereItBroke(text, error)}`);
  }
  const duplicate = reading.isAmbiguous ? findDuplicateMember(text) : undefined;
  if (duplicate !== undefined) {
    const member = duplicate.length > MAX_ECHO ? "a member" : `the member "${duplicate}"`;
    throw new SignetError("duplicate_member", `${what} names ${member} twice; keep one`, {
      field: duplicate,
    });
  }
  return reading.value;
}

// JSON.parse quotes the input in its messages, which would carry claims into logs: only the position is kept.
function whereItBroke(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message === "Unexpected end of JSON input") return "; it ends too early";
  if (text.length > MAX_PLACED) return "";
  const named = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message)?.[1];
  const before = text.slice(0, named === undefined ? positionOfBadToken(text) : Number(named));
  return ` (line ${before.split("\n").length}, column ${before.length - before.lastIndexOf("\n")})`;
}

// For an unexpected token Node 20 quotes the text and keeps the position to itself: it stands where the shortest prefix ends
// that fails in the same way.
function positionOfBadToken(text: string): number {
  let sound = 0;
  let broken = text.length;
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1;
    if (hasBadToken(text.slice(0, middle))) broken = middle;
    else sound = middle;
  }
  return sound;
}

function hasBadToken(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.startsWith("Unexpected token");
  }
}
