/** A JSON text as it was read. */
export interface JsonReading {
  readonly value: unknown;
  /** The first name that one object has twice, escapes resolved (`"a"` and `"\u0061"` are the same name); the last one is the value's. */
  readonly duplicate: string | undefined;
  /** The first member of the outermost object that holds an integer beyond 2^53, which may have lost digits; an empty text elsewhere. */
  readonly inexact: string | undefined;
}

type Container = Record<string, unknown> | unknown[];

/**
 * Reads a JSON text, names as they are written (`json-names.ts` says why), and finds a member that one object names twice.
 *
 * @param text what JSON.parse has accepted: a text that is nothing but right needs no checks
 * @param integersAsText members of the outermost object whose integers are answered as texts, digit by digit
 */
export function readByHand(text: string, integersAsText: readonly string[] = []): JsonReading {
  const root: unknown[] = [];
  const open: Container[] = [];
  let container: Container = root;
  let name: string | undefined;
  let outermost = "";
  let duplicate: string | undefined;
  let inexact: string | undefined;
  // How strings begin, brackets, and numbers, `true`, `false`, `null`: all that counts of a text that JSON.parse has accepted. A pattern of
  // whole strings would need a stack as deep as one has escapes.
  const pieces = /["{}[\]]|[\w.+-]+/g;
  for (let found = pieces.exec(text); found; found = pieces.exec(text)) {
    if (found[0] === '"') pieces.lastIndex = endOfString(text, pieces.lastIndex) + 1;
    const piece = text.slice(found.index, pieces.lastIndex);
    if (piece === "}" || piece === "]") {
      container = open.pop() as Container;
      continue;
    }
    // Standing alone a string is a value, which V8 reads right.
    let value: unknown = piece === "{" ? {} : piece === "[" ? [] : JSON.parse(piece);
    // What is written with a fraction or an exponent is as exact as its writer's own number.
    if (/^-?\d+$/.test(piece)) {
      if (integersAsText.includes(outermost)) value = piece;
      else if (isLarge(value)) inexact ??= outermost;
    }
    if (Array.isArray(container)) container.push(value);
    else if (name === undefined) {
      name = value as string;
      if (open.length === 1) outermost = name;
      if (Object.hasOwn(container, name)) duplicate ??= name;
      continue;
    } else {
      // As JSON.parse does it: `__proto__` is a member like any other. To define them all would cost more than they are long.
      if (name !== "__proto__") container[name] = value;
      else Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true });
      name = undefined;
    }
    if (typeof value === "object" && value !== null) {
      open.push(container);
      container = value as Container;
    }
  }
  return { value: root[0], duplicate, inexact };
}

/** Tells a number beyond 2^53, where not every integer has a number of its own. */
export function isLarge(value: unknown): boolean {
  return typeof value === "number" && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER);
}

/** Where the quote stands that ends a string of a JSON text; the text's end where there is none. @param from behind its first quote */
export function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at;
    if (code === 0x5c) at++;
  }
  return text.length;
}
