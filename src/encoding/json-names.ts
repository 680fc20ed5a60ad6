/*
 * Names of members, read from a JSON text itself.
 *
 * V8 12.8 and later (Node 24 and 26) takes a name that holds an escape for another one: once `{"a":1,"\\":1}` was parsed,
 * `{"a":1,"\u0062":2}` has the members `a` and `\`; after `{"a":1,"\\n":1}`, `{"a":1,"\nx":2}` has `\n` of two characters
 * (nodejs/node#63785). The sender of one text so decides what the next one says. Names without an escape are read right, and
 * so are all values: only where a name holds an escape is the text read a second time, here. To go once every Node that we support
 * reads names right.
 */

import { isLarge, type JsonReading, readByHand } from "./json-by-hand.js";

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Reads a JSON text, names as they are written, and tells whether an object names a member twice, without looking for it: then the
 * value has fewer members than the text has names. It costs a third of the search, and every token that is verified pays for it.
 *
 * @param integersAsText as `readByHand` takes it
 * @throws SyntaxError of JSON.parse, which may quote the text
 */
export function readJson(text: string, integersAsText?: readonly string[]): JsonReading {
  const value: unknown = JSON.parse(text);
  const isPlain = integersAsText === undefined && countNames(text) === countMembers(value);
  return isPlain ? { value, duplicate: undefined, inexact: undefined } : readByHand(text, integersAsText);
}

/**
 * What JSON.parse should be: for texts where a member that is given twice is no attack, such as what this process has written.
 *
 * @throws SyntaxError of JSON.parse, which may quote the text
 */
export function parseJson(text: string): unknown {
  return readJson(text).value;
}

/**
 * Tells whether a member's name, at any depth, holds a backslash. Every name that V8 misreads ends up with one, and only names with
 * one make it misread others: what another parser has read is believed only without them.
 */
export function holdsBackslashName(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const container = open.pop();
    if (typeof container !== "object" || container === null) continue;
    if (!Array.isArray(container) && Object.keys(container).some((name) => name.includes("\\"))) return true;
    for (const each of Object.values(container)) if (typeof each === "object" && each !== null) open.push(each);
  }
  return false;
}

// Outside strings a colon stands after a name and nowhere else. A name with an escape makes the answer no number. Bytes are read and not
// characters: of a text that was put together V8 reads each character a hundred times slower, once it has compiled this into what calls it.
function countNames(text: string): number {
  const bytes = Buffer.from(text);
  let names = 0;
  let isEscaped = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) {
      isEscaped = false;
      for (index++; bytes[index] !== QUOTE && index < bytes.length; index++) {
        if (bytes[index] !== BACKSLASH) continue;
        isEscaped = true;
        index++;
      }
    } else if (byte === COLON) {
      if (isEscaped) return Number.NaN;
      names++;
    }
  }
  return names;
}

// By hand and not by recursion: a text of a few kilobytes can nest deeper than the stack. A large number makes the answer none.
function countMembers(value: unknown): number {
  let members = 0;
  const open = [value];
  while (open.length > 0) {
    const container = open.pop();
    if (typeof container !== "object" || container === null) continue;
    const values = Array.isArray(container) ? container : Object.values(container);
    if (values !== container) members += values.length;
    for (const each of values) {
      if (typeof each === "object") open.push(each);
      else if (isLarge(each)) return Number.NaN;
    }
  }
  return members;
}
