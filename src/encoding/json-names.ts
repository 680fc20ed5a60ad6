/*
 * Names of members, read from a JSON text itself.
 *
 * V8 12.8 and later (Node 24 and 26) takes a name that holds an escape for another one: once `{"a":1,"\\":1}` was parsed,
 * `{"a":1,"\u0062":2}` has the members `a` and `\`; after `{"a":1,"\\n":1}`, `{"a":1,"\nx":2}` has `\n` of two characters
 * (nodejs/node#63785). The sender of one text so decides what the next one says. Names without an escape are read right, and
 * so are all values: only where a name holds an escape is the text read a second time, here. To go once every Node that we support
 * reads names right.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A JSON text as it was read. */
export interface JsonReading {
  readonly value: unknown;
  /** An object names a member twice; the last one is the value's. */
  readonly isAmbiguous: boolean;
}

/**
 * Reads a JSON text, names as they are written, and tells whether an object names a member twice, without looking for it: then the
 * value has fewer members than the text has names. It costs a third of the search, and every token that is verified pays for it.
 *
 * @throws SyntaxError of JSON.parse, which may quote the text
 */
export function readJson(text: string): JsonReading {
  const value = parseJson(text);
  return { value, isAmbiguous: countNames(text) !== countMembers(value) };
}

/**
 * What JSON.parse should be: for texts where a member that is given twice is no attack, such as what this process has written.
 *
 * @throws SyntaxError of JSON.parse, which may quote the text
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return hasEscapedName(text) ? readByHand(text) : value;
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
        const name = stringAt(text, index, end);
        if (names.has(name)) return name;
        names.add(name);
        expectsName = false;
      }
      index = end;
    } else if (code === COMMA) expectsName = names !== null;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      open.push(names);
      names = code === OPEN_OBJECT ? new Set() : null;
      expectsName = names !== null;
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      names = open.pop() ?? null;
      expectsName = false;
    }
  }
  return undefined;
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

// Most texts have no backslash at all, which costs one fast look. The next backslash only ever moves on: one pass in all.
function hasEscapedName(text: string): boolean {
  let backslash = text.indexOf("\\");
  let start = 0;
  let end = 0;
  for (let index = 0; backslash >= 0 && index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      start = index;
      index = end = endOfString(text, index + 1);
    } else if (code === COLON) {
      if (backslash < start) backslash = text.indexOf("\\", start);
      if (backslash > start && backslash < end) return true;
    }
  }
  return false;
}

type Container = Record<string, unknown> | unknown[];

/** Reads what JSON.parse has accepted: a text that is nothing but right needs no checks. */
function readByHand(text: string): unknown {
  const open: Container[] = [];
  let root: unknown;
  let name: string | undefined;
  let expectsName = false;
  const put = (value: unknown) => {
    const container = open.at(-1);
    if (container === undefined) root = value;
    else if (Array.isArray(container)) container.push(value);
    else setMember(container, name as string, value);
  };
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === COLON) continue;
    if (code === COMMA) expectsName = !Array.isArray(open.at(-1));
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) open.pop();
    else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      const container: Container = code === OPEN_OBJECT ? {} : [];
      put(container);
      open.push(container);
      expectsName = code === OPEN_OBJECT;
    } else if (code === QUOTE) {
      const end = endOfString(text, index + 1);
      const string = stringAt(text, index, end);
      if (expectsName) name = string;
      else put(string);
      expectsName = false;
      index = end;
    } else {
      const end = endOfScalar(text, index);
      put(JSON.parse(text.slice(index, end)));
      index = end - 1;
    }
  }
  return root;
}

// As JSON.parse does it: `__proto__` is a member like any other.
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function endOfString(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index++;
  }
  return text.length;
}

// A number, `true`, `false` or `null`.
function endOfScalar(text: string, from: number): number {
  let index = from;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= 0x20 || code === COMMA || code === CLOSE_OBJECT || code === CLOSE_LIST) break;
  }
  return index;
}

/** The string between two quotes, its escapes resolved. Standing alone it is a value, which V8 reads right. */
function stringAt(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  return raw.includes("\\") ? (JSON.parse(text.slice(start, end + 1)) as string) : raw;
}
