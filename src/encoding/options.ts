import { SignetError } from "../errors.js";
import { didYouMean } from "./nearest.js";

/** What an option must be: in words that stand behind "must be", and as a test. */
export type OptionCheck = readonly [mustBe: string, isRight: (value: unknown) => boolean];

/** The options of a function; `null` where the function itself says what is wrong with the value. */
export type OptionChecks<Options> = { readonly [Name in keyof Options]-?: OptionCheck | null };

export const A_TEXT: OptionCheck = ["a text", (value) => typeof value === "string" && value !== ""];
export const TRUE_OR_FALSE: OptionCheck = ["true or false", (value) => typeof value === "boolean"];
export const A_FUNCTION: OptionCheck = ["a function", (value) => typeof value === "function"];
export const A_COUNT: OptionCheck = [
  "a whole number, at least 1",
  (value) => Number.isSafeInteger(value) && (value as number) > 0,
];
export const AN_OBJECT: OptionCheck = ["an object", (value) => typeof value === "object" && value !== null];

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
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new SignetError("config_invalid", `${what} takes an object of options`);
  }
  const known = new Map(Object.entries<OptionCheck | null>(checks));
  for (const key of new Set([...Reflect.ownKeys(options), ...inheritedNames(options)])) {
    const name = key.toString();
    if (known.has(name) && typeof key !== "symbol") continue;
    const field = name.slice(0, 64);
    const nearest = didYouMean(field, known.keys()) || `; there are ${[...known.keys()].join(", ")}`;
    throw new SignetError("config_invalid", `${what} has no option ${JSON.stringify(field)}${nearest}`, { field });
  }
  const read: [string, unknown][] = [];
  for (const [name, check] of known) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    if (check !== null && !check[1](value))
      throw new SignetError("config_invalid", `${name} must be ${check[0]}`, { field: name });
    read.push([name, value]);
  }
  return Object.fromEntries(read) as Options;
}

function inheritedNames(options: object): string[] {
  const names: string[] = [];
  for (const name in options) names.push(name);
  return names;
}
