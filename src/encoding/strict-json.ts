import { SignetError } from "../errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SignetError("invalid_json", `${what} is not valid JSON${whereItBroke(text, error)}`);
  }
  const duplicate = hasDuplicateMember(text, value) ? findDuplicateMember(text) : undefined;
  if (duplicate !== undefined) {
    throw new SignetError("duplicate_member", `${what} names the member "${duplicate}" twice; keep one`, {
      field: duplicate,
    });
  }
  return value;
}

/**
 * Tells whether an object in a JSON text names a member twice, without looking for it: then the value has fewer members than the
 * text has names. It costs a third of the search, and every token that is verified pays for it.
 *
 * @param text JSON
 * @param value what JSON.parse made of it
 */
export function hasDuplicateMember(text: string, value: unknown): boolean {
  return countNames(text) !== countMembers(value);
}

// Outside strings a colon stands after a name and nowhere else.
function countNames(text: string): number {
  let names = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index + 1);
    else if (code === COLON) names++;
  }
  return names;
}

// By hand and not by recursion: a text of a few kilobytes can nest deeper than the stack.
function countMembers(value: unknown): number {
  let members = 0;
  const open = [value];
  while (open.length > 0) {
    const container = open.pop();
    if (typeof container !== "object" || container === null) continue;
    const values = Array.isArray(container) ? container : Object.values(container);
    if (values !== container) members += values.length;
    for (const each of values) if (typeof each === "object" && each !== null) open.push(each);
  }
  return members;
}

/**
 * Finds the first member that one object names twice, escapes resolved (`"a"` and `"\u0061"` are the same name).
 *
 * @param text JSON that JSON.parse has accepted; anything else gives an arbitrary answer
 */
export function findDuplicateMember(text: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  let names: Set<string> | null = null;
  let expectsName = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      const end = endOfString(text, index + 1);
      if (expectsName && names !== null) {
        const name = memberName(text, index, end);
        if (names.has(name)) return name;
        names.add(name);
        expectsName = false;
      }
      index = end;
    } else if (code === COMMA) expectsName = names !== null;
    else if (code === COLON) expectsName = false;
    else if (code === 0x7b /* { */ || code === 0x5b /* [ */) {
      open.push(names);
      names = code === 0x7b ? new Set() : null;
      expectsName = names !== null;
    } else if (code === 0x7d /* } */ || code === 0x5d /* ] */) {
      names = open.pop() ?? null;
      expectsName = false;
    }
  }
  return undefined;
}

function endOfString(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index++;
  }
  return text.length;
}

function memberName(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes("\\") ? (JSON.parse(text.slice(start, end + 1)) as string) : raw;
}

// JSON.parse quotes the input in its messages, which would carry claims into logs: only the position is kept.
function whereItBroke(text: string, error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  if (message === "Unexpected end of JSON input") return "; it ends too early";
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
