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
 * Checks a caller's options. A misspelt one would be ignored, and with it a check that the caller relies on: `scope` for `scopes`
 * checks no scope. An option that is `undefined` counts as absent, but its name has to be right.
 *
 * @param what the function that takes them, for errors
 * @throws SignetError `config_invalid`, naming the option, and the nearest one that there is
 */
export function checkOptions<Options>(options: unknown, what: string, checks: OptionChecks<Options>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new SignetError("config_invalid", `${what} takes an object of options`);
  }
  const known = new Map(Object.entries<OptionCheck | null>(checks));
  const names = new Set([...Reflect.ownKeys(options), ...inheritedNames(options)]);
  for (const key of names) {
    const name = key.toString();
    const check = known.get(name);
    const field = name.slice(0, 64);
    if (check === undefined || typeof key === "symbol") {
      const nearest = didYouMean(field, known.keys()) || `; there are ${[...known.keys()].join(", ")}`;
      throw new SignetError("config_invalid", `${what} has no option ${JSON.stringify(field)}${nearest}`, { field });
    }
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (check === null || value === undefined || check[1](value)) continue;
    throw new SignetError("config_invalid", `${name} must be ${check[0]}`, { field });
  }
}

function inheritedNames(options: object): string[] {
  const names: string[] = [];
  for (const name in options) names.push(name);
  return names;
}
