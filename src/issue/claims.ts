import { SignetError } from "../errors.js";
import type { Claims } from "./request.js";

/** Claims may nest so deep; deeper ones exhaust the stack of some verifiers. */
const DEEPEST_CLAIMS = 32;

/**
 * Checks that claims are JSON that every verifier reads alike: no value that JSON drops or changes, no integer that has lost
 * digits, no ill-formed Unicode (RFC 7493), not too deep; and that registered claims have their types (RFC 7519 section 4.1).
 *
 * @throws SignetError `invalid_claim`, naming the claim
 */
export function checkClaims(claims: Claims): void {
  checkObject(claims, "claims", 1);
  for (const name of ["iss", "sub", "jti"]) {
    const value = claims[name];
    if (value !== undefined && typeof value !== "string") throw invalid(`claims.${name}`, "must be a text");
  }
  for (const name of ["exp", "nbf", "iat"]) checkNumericDate(claims[name], `claims.${name}`);
  checkAudience(claims.aud);
}

function checkNumericDate(value: unknown, path: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw invalid(path, "must be a whole number of seconds since 1970");
  }
}

function checkAudience(value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  const isList = Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === "string");
  if (!isList) throw invalid("claims.aud", "must be a text or a list of texts");
}

function checkObject(value: Record<string, unknown>, path: string, depth: number): void {
  if (depth > DEEPEST_CLAIMS) throw invalid(path, `is nested deeper than ${DEEPEST_CLAIMS} levels`);
  if (!isPlain(value)) throw invalid(path, "must be a plain object: a class instance, a Map or a Date is not JSON");
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed()) throw invalid(path, "has a member whose name is not well-formed Unicode");
    checkValue(value[name], path, name, depth);
  }
}

// Its parent's path and its own name stay apart, so that no text is put together for a value that is right.
function checkValue(value: unknown, parent: string, name: string, depth: number): void {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw invalid(`${parent}.${name}`, "is not well-formed Unicode (it has a lone surrogate)");
      return;
    case "number":
      if (!Number.isFinite(value)) throw invalid(`${parent}.${name}`, "is not a finite number");
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw invalid(`${parent}.${name}`, "is an integer beyond 2^53 - 1, which has lost digits; send it as a text");
      }
      return;
    case "boolean":
      return;
    case "object":
      if (value === null) return;
      if (Array.isArray(value)) checkList(value, `${parent}.${name}`, depth + 1);
      else checkObject(value as Record<string, unknown>, `${parent}.${name}`, depth + 1);
      return;
    default:
      throw invalid(
        `${parent}.${name}`,
        `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which is not JSON`,
      );
  }
}

function checkList(list: readonly unknown[], path: string, depth: number): void {
  if (depth > DEEPEST_CLAIMS) throw invalid(path, `is nested deeper than ${DEEPEST_CLAIMS} levels`);
  for (let index = 0; index < list.length; index++) checkValue(list[index], path, String(index), depth);
}

// An object of another realm has a prototype of its own that nothing stands above, as ours has.
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function invalid(field: string, what: string): SignetError {
  // A member's name is the caller's text: it is cut so that no message grows with it.
  const name = field.length > 128 ? `${field.slice(0, 128)}...` : field;
  return new SignetError("invalid_claim", `${name} ${what}`, { field: name });
}
