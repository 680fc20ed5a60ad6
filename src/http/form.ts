import { decodeUtf8 } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/** More than any request for a token has. */
const MAX_PARAMETERS = 20;

/** What may be said more than once, and has to say something, since a token without a target is good for more: the targets of a token (RFC 8707 section 2, RFC 8693 section 2.1). */
const REPEATABLE: readonly string[] = ["audience", "resource"];

/** The parameters of a form. */
export interface Form {
  has(name: string): boolean;
  /** @throws SignetError `invalid_request` where it was given more than once */
  get(name: string): string | undefined;
  /** All values of what may be given more than once. */
  all(name: "audience" | "resource"): readonly string[];
}

/**
 * Parses a form (application/x-www-form-urlencoded) and refuses what others would drop or guess at: an empty name, an empty
 * target, a parameter given twice that may not be, percent encoding that is broken or hides invalid UTF-8. Any other parameter without a
 * value is left out (RFC 6749 section 3.2): Go's clients send `scope=` where none is asked for. One pass over the text.
 *
 * @throws SignetError `invalid_request`
 */
export function parseForm(body: Uint8Array): Form {
  const text = decodeUtf8(body);
  if (text === undefined) throw malformed("is not valid UTF-8");
  const parameters = new Map<string, readonly string[]>();
  const pairs = text === "" ? [] : text.split("&", MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) throw malformed(`has more than ${MAX_PARAMETERS} parameters`);
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    const name = decodeFormText(at < 0 ? pair : pair.slice(0, at));
    const value = decodeFormText(at < 0 ? "" : pair.slice(at + 1));
    if (name === undefined || value === undefined) throw malformed("has percent encoding that is broken, or not of UTF-8");
    if (name === "") throw malformed("has a parameter without a name: leave it out");
    const isTarget = REPEATABLE.includes(name);
    if (isTarget && value === "") throw malformed(`has ${name} without a value: say whom the token is for, or leave it out`);
    const before = parameters.get(name);
    if (before !== undefined && !isTarget) throw twice();
    parameters.set(name, value === "" ? [] : before === undefined ? [value] : [...before, value]);
  }
  return {
    has: (name) => (parameters.get(name)?.length ?? 0) > 0,
    get(name) {
      const values = parameters.get(name);
      if (values !== undefined && values.length > 1) throw twice();
      return values?.[0];
    },
    all: (name) => parameters.get(name) ?? [],
  };
}

/** Decodes a name or a value of a form; `undefined` where its percent encoding is broken or hides invalid UTF-8. */
export function decodeFormText(text: string): string | undefined {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

function twice(): SignetError {
  return malformed("has a parameter twice");
}

function malformed(what: string): SignetError {
  return new SignetError("invalid_request", `the form ${what}`);
}
