import { isObject } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { shortened } from "../errors.js";
import type { ClaimPath } from "./contract.js";
import { wrongMember } from "./wrong-member.js";

/** What can be compared: a list, or an object, is none of these. */
export type Scalar = string | number | boolean;

/** One claim has to be one of these. */
export interface Choice {
  readonly kind: "choice";
  readonly values: ReadonlySet<Scalar>;
  readonly prefixes: readonly string[];
  /** Objects of which one will do. */
  readonly objects: readonly Members[];
  /** True turns it round: it has to be a value, and none of these. */
  readonly isExclusion: boolean;
}

/** The members of an object that have to be right; it may have others. */
export interface Members {
  readonly kind: "members";
  readonly members: readonly (readonly [name: string, matcher: Matcher])[];
}

export type Matcher = Choice | Members;

const EXPECTED =
  'expected a text, a number, true or false, {"prefix": "repo:acme/"}, or a list of such; of prefix and not it takes one';
const MAX_DEPTH = 8;
const MAX_CHOICES = 1_000;
const MAX_MEMBERS = 100;
export const MAX_PREFIX_LENGTH = 1_024;

/**
 * Reads what claims must say. Nothing is a regular expression: those are what trust rules are misread by.
 *
 * @param field the member's path, for errors
 * @throws SignetError `config_invalid`
 */
export function readMembers(value: unknown, field: string, depth = 0): Members {
  if (!isObject(value)) throw wrongMember(field, "must be an object of claims");
  if (depth > MAX_DEPTH) throw wrongMember(field, `nests deeper than ${MAX_DEPTH} objects`);
  const names = Object.keys(value);
  if (names.length === 0) throw wrongMember(field, "is empty; expected a claim at least");
  if (names.length > MAX_MEMBERS) throw wrongMember(field, `has more than ${MAX_MEMBERS} members`);
  const members = names.map((name) => {
    const at = `${field}.${shortened(name)}`;
    return [name, readMatcher(ownMember(value, name), at, depth + 1)] as const;
  });
  return { kind: "members", members };
}

function readMatcher(value: unknown, field: string, depth: number): Matcher {
  if (isObject(value) && !hasMatcherWord(value)) return readMembers(value, field, depth);
  if (!isExclusion(value)) return readChoice(Array.isArray(value) ? value : [value], field, depth, false);
  const { not } = value;
  return readChoice(Array.isArray(not) ? not : [not], `${field}.not`, depth, true);
}

function readChoice(alternatives: readonly unknown[], field: string, depth: number, isExclusion: boolean): Choice {
  if (alternatives.length === 0) throw wrongMember(field, "is an empty list, which nothing matches; expected a value at least");
  if (alternatives.length > MAX_CHOICES) throw wrongMember(field, `has more than ${MAX_CHOICES} values`);
  const values = new Set<Scalar>();
  const prefixes: string[] = [];
  const objects: Members[] = [];
  for (const each of Array.from(alternatives)) {
    if (isScalar(each)) values.add(checkedValue(each, field));
    else if (isPrefix(each)) prefixes.push(checkedPrefix(each.prefix, field));
    else if (isObject(each) && !hasMatcherWord(each) && !isExclusion) objects.push(readMembers(each, field, depth));
    else throw wrongMember(field, EXPECTED);
  }
  return { kind: "choice", values, prefixes, objects, isExclusion };
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value));
}

/** Tells what a claim has to begin with, as rules write it. */
export function isPrefix(value: unknown): value is { readonly prefix: unknown } {
  return isObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, "prefix");
}

/** Tells what a claim must not be, as rules write it. */
export function isExclusion(value: unknown): value is { readonly not: unknown } {
  return isObject(value) && Object.keys(value).length === 1 && Object.hasOwn(value, "not");
}

function hasMatcherWord(value: object): boolean {
  return Object.hasOwn(value, "prefix") || Object.hasOwn(value, "not");
}

function checkedValue(value: Scalar, field: string): Scalar {
  if (value === "") throw wrongMember(field, "is an empty text; expected what the claim says");
  if (typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw wrongMember(field, "is an integer beyond 2^53, which has lost digits; write it as a text if the claim is one");
  }
  // Who writes one means a pattern, and would wait for tokens that never match.
  if (typeof value === "string" && value.includes("*")) {
    throw wrongMember(field, 'has a *, and there are no patterns; expected the whole value, or {"prefix": "repo:acme/"}');
  }
  return value;
}

// repo:acme without its slash is the beginning of repo:acme-evil/app as well.
function checkedPrefix(prefix: unknown, field: string): string {
  const ends = typeof prefix === "string" && prefix.length > 1 && /[/:]$/.test(prefix) && !/^[/:]+$/.test(prefix);
  if (!ends) throw wrongMember(`${field}.prefix`, 'must end in / or :, such as "repo:acme/"');
  if (prefix.includes("*"))
    throw wrongMember(`${field}.prefix`, "has a *, and there are no patterns; expected the beginning as it is");
  if (prefix.length > MAX_PREFIX_LENGTH) throw wrongMember(`${field}.prefix`, `is longer than ${MAX_PREFIX_LENGTH} characters`);
  return prefix;
}

/** Finds the first claim that does not say what it must. @returns its path; `undefined` where all is right */
export function findMismatch(claims: Readonly<Record<string, unknown>>, { members }: Members): ClaimPath | undefined {
  for (const [name, matcher] of members) {
    const value = ownMember(claims, name);
    if (matcher.kind === "choice") {
      if (!isChosen(value, matcher)) return [name];
      continue;
    }
    const inner = isObject(value) ? findMismatch(value, matcher) : [];
    if (inner !== undefined) return [name, ...inner];
  }
  return undefined;
}

// By value and type: "1" is not 1, and a list that holds a value is not the value.
function isChosen(value: unknown, { values, prefixes, objects, isExclusion }: Choice): boolean {
  if (isObject(value)) return !isExclusion && objects.some((each) => findMismatch(value, each) === undefined);
  if (!isScalar(value)) return false;
  const isOne = values.has(value) || (typeof value === "string" && prefixes.some((prefix) => value.startsWith(prefix)));
  return isOne !== isExclusion;
}

/** A claim that a rule fixes, wholly or in its beginning. */
export interface Fixed {
  readonly path: ClaimPath;
  readonly values: ReadonlySet<Scalar>;
  readonly prefixes: readonly string[];
}

/** The claims that a rule fixes; what it only excludes fixes nothing, and neither does a choice of objects. */
export function fixedBy({ members }: Members, above: ClaimPath = []): readonly Fixed[] {
  return members.flatMap(([name, matcher]): readonly Fixed[] => {
    const path = [...above, name];
    if (matcher.kind === "members") return fixedBy(matcher, path);
    return matcher.isExclusion || matcher.objects.length > 0 ? [] : [{ path, ...matcher }];
  });
}

/** The value of a claim by its path, own members alone. */
export function claimAt(claims: Readonly<Record<string, unknown>>, path: ClaimPath): unknown {
  return path.reduce<unknown>((value, name) => (isObject(value) ? ownMember(value, name) : undefined), claims);
}
