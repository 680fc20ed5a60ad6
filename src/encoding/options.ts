import { SignetError } from "../errors.js";
import { hasMembers, isListOf, isNonEmptyText, isObject } from "./list-of.js";
import { didYouMean } from "./nearest.js";

/** What an option must be: in words that stand behind "must be", and as a test. It may be absent, unless it is required. */
export type OptionCheck = readonly [mustBe: string, isRight: (value: unknown) => boolean, isRequired?: true];

/** The options of a function; `null` where the function itself says what is wrong with the value. */
export type OptionChecks<Options> = { readonly [Name in keyof Options]-?: OptionCheck | null };

export const A_TEXT: OptionCheck = ["a text", isNonEmptyText];
export const TRUE_OR_FALSE: OptionCheck = ["true or false", (value) => typeof value === "boolean"];
export const A_FUNCTION: OptionCheck = ["a function", (value) => typeof value === "function"];
export const A_COUNT: OptionCheck = ["a whole number, at least 1", isCount];
export const AN_OBJECT: OptionCheck = ["an object", hasMembers];
export const NAMES: OptionCheck = ["a list of names", (value) => isListOf(value, isName)];

/** Tells whether something is a whole number, and no less than this. */
export function isWhole(value: unknown, least = 0): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** Tells whether something is a whole number, and at least 1. */
export function isCount(value: unknown): value is number {
  return isWhole(value, 1);
}

/**
 * Reads a caller's options, each once: those of the object itself, and those that it inherits. A misspelt one would be ignored, and
 * with it a check that the caller relies on: `scope` for `scopes` checks no scope. An option that is `undefined` counts as absent, but its
 * name has to be right.
 *
 * @param what the function that takes them, for errors
 * @returns a plain object with those that are there
 * @throws SignetError `config_invalid`, naming the option, and the nearest one that there is
 */
export function readOptions<Options extends object>(options: Options, what: string, checks: OptionChecks<Options>): Options {
  if (!isObject(options)) {
    throw new SignetError("config_invalid", `${what} takes an object of options`);
  }
  const known = Object.keys(checks);
  const names = Reflect.ownKeys(options) as string[];
  for (const name in options) names.push(name);
  const stray = names.find((name) => !known.includes(name));
  if (stray !== undefined) {
    const field = stray.toString().slice(0, 64);
    const nearest = didYouMean(field, known) || `; there are ${known.join(", ")}`;
    throw new SignetError("config_invalid", `${what} has no option ${JSON.stringify(field)}${nearest}`, { field });
  }
  const read: Record<string, unknown> = {};
  for (const [name, check] of Object.entries<OptionCheck | null>(checks)) {
    const value = options[name];
    if (check && (value === undefined ? check[2] : !check[1](value))) throw invalidOption(name, `must be ${check[0]}`);
    if (value !== undefined) read[name] = value;
  }
  return read as Options;
}

/** The error for an option. @param fault what stands behind its name */
export function invalidOption(field: string, fault: string): SignetError {
  return new SignetError("config_invalid", `${field} ${fault}`, { field });
}

function isName(value: unknown): value is string {
  return isNonEmptyText(value) && !/\s/.test(value);
}
