import { isPlainObject } from "../encoding/object-schema.js";
import { nameInWords, SignetError } from "../errors.js";
import { type Claims, MAX_PAYLOAD_BYTES } from "./request.js";

/** Claims may nest so deep; deeper ones exhaust the stack of some verifiers. */
const DEEPEST_CLAIMS = 32;

/** What `writeClaims` needs: room for what lies between two looks at the limit, an escape or closing brackets. */
export const CLAIMS_BUFFER_BYTES = MAX_PAYLOAD_BYTES + 128;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Writes claims as JSON and checks on the way that every verifier reads them alike: no value that JSON drops or changes, no
 * integer that has lost digits, no ill-formed Unicode (RFC 7493), not too deep. What is checked is what is signed, because each
 * value is read once and nothing of the claims (a `toJSON`) is called; and one walk costs half of a check, a copy and
 * `JSON.stringify`.
 *
 * @param out receives the members, each behind a comma; `enclose` makes an object of them and of what else is written
 * @param isReplaced tells which members are checked and then left out
 * @returns the bytes written
 * @throws SignetError `invalid_claim`, naming the claim, or `request_too_large`
 */
export function writeClaims(out: Buffer, claims: Claims, isReplaced: (name: string) => boolean): number {
  assertObject(claims, "claims", 1);
  let at = 0;
  for (const name of Object.keys(claims)) {
    const end = writeMember(out, at, claims, name, "claims", 1);
    if (!isReplaced(name)) at = end;
  }
  return at;
}

/**
 * Reads claims once. A getter, or a proxy, could give one value to a check and another one to what is signed; below the claims
 * themselves only `aud` is looked at twice.
 *
 * @throws SignetError `invalid_claim`
 */
export function readOnce(claims: Claims): Claims {
  assertObject(claims, "claims", 1);
  const copy = { ...claims };
  const { aud } = copy;
  // What no payload has room for is not copied: a list may say any length of itself.
  if (Array.isArray(aud) && aud.length > MAX_PAYLOAD_BYTES) throw claimsTooLarge();
  if (Array.isArray(aud)) copy.aud = Array.from({ length: aud.length }, (_, index) => aud[index] as unknown);
  return copy;
}

/**
 * Makes an object (or a list, by other brackets) of what lies between two places: the first comma gives way to the bracket.
 *
 * @returns where it ends
 */
export function enclose(out: Buffer, start: number, end: number, open = 0x7b, close = 0x7d): number {
  const at = Math.max(end, start + 1);
  out[start] = open;
  out[at] = close;
  return at + 1;
}

/** The refusal of claims that take more than the largest payload. */
export function claimsTooLarge(): SignetError {
  return new SignetError("request_too_large", `the claims take more than ${MAX_PAYLOAD_BYTES} bytes`, { field: "claims" });
}

/** The refusal of one claim, or of a member of it. */
export function invalidClaim(field: string, what: string): SignetError {
  return new SignetError("invalid_claim", `${nameInWords(field, "a claim")} ${what}`, { field });
}

function writeObject(out: Buffer, start: number, value: Claims, path: string, depth: number): number {
  assertObject(value, path, depth);
  let at = start;
  for (const name of Object.keys(value)) at = writeMember(out, at, value, name, path, depth);
  return enclose(out, start, at);
}

function writeMember(out: Buffer, start: number, object: Claims, name: string, path: string, depth: number): number {
  out[start] = COMMA;
  const at = writeText(out, start + 1, name);
  if (at < 0) throw invalidClaim(path, "has a member whose name is not well-formed Unicode");
  out[at] = COLON;
  return writeValue(out, at + 1, object[name], path, name, depth);
}

function writeList(out: Buffer, start: number, list: readonly unknown[], path: string, depth: number): number {
  assertDepth(path, depth);
  let at = start;
  for (let index = 0; index < list.length; index++) {
    out[at] = COMMA;
    at = writeValue(out, at + 1, list[index], path, String(index), depth);
  }
  return enclose(out, start, at, 0x5b, 0x5d);
}

// Its parent's path and its own name stay apart, so that no text is put together for a value that is right.
function writeValue(out: Buffer, at: number, value: unknown, parent: string, name: string, depth: number): number {
  switch (typeof value) {
    case "string": {
      const end = writeText(out, at, value);
      if (end < 0) throw invalidClaim(`${parent}.${name}`, "is not well-formed Unicode (it has a lone surrogate)");
      return end;
    }
    case "number":
      assertNumber(value, parent, name);
      return writeAscii(out, at, String(value));
    case "boolean":
      return writeAscii(out, at, value ? "true" : "false");
    case "object":
      if (value === null) return writeAscii(out, at, "null");
      if (Array.isArray(value)) return writeList(out, at, value, `${parent}.${name}`, depth + 1);
      return writeObject(out, at, value as Claims, `${parent}.${name}`, depth + 1);
    default:
      throw invalidClaim(
        `${parent}.${name}`,
        `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which is not JSON`,
      );
  }
}

// Most texts are printable ASCII, which needs no escape and no encoder. A negative answer: ill-formed Unicode.
function writeText(out: Buffer, start: number, text: string): number {
  if (start + text.length > MAX_PAYLOAD_BYTES) throw claimsTooLarge();
  out[start] = QUOTE;
  let at = start + 1;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return writeOtherText(out, start, text);
    out[at++] = code;
  }
  out[at] = QUOTE;
  return at + 1;
}

function writeOtherText(out: Buffer, start: number, text: string): number {
  // What the buffer cuts off is beyond the limit, and the next look at the limit finds it.
  return text.isWellFormed() ? start + out.write(JSON.stringify(text), start) : -1;
}

function writeAscii(out: Buffer, at: number, text: string): number {
  if (at > MAX_PAYLOAD_BYTES) throw claimsTooLarge();
  return at + out.write(text, at, "latin1");
}

function assertNumber(value: number, parent: string, name: string): void {
  if (!Number.isFinite(value)) throw invalidClaim(`${parent}.${name}`, "is not a finite number");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw invalidClaim(`${parent}.${name}`, "is an integer beyond 2^53 - 1, which has lost digits; send it as a text");
  }
}

function assertObject(value: object, path: string, depth: number): void {
  assertDepth(path, depth);
  if (!isPlainObject(value)) throw invalidClaim(path, "must be a plain object: a class instance, a Map or a Date is not JSON");
}

function assertDepth(path: string, depth: number): void {
  if (depth > DEEPEST_CLAIMS) throw invalidClaim(path, `is nested deeper than ${DEEPEST_CLAIMS} levels`);
}
