import { type Algorithm, algorithmNamed } from "../algorithms/table.js";
import { parseDuration } from "../encoding/durations.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";

/** What is wrong with something that was typed is a wrong use of the command, whatever it is in a file or in a request. */
function typed<T>(prefix: string, read: () => T, suffix = ""): T {
  try {
    return read();
  } catch (error) {
    if (!isSignetError(error)) throw error;
    throw new SignetError("usage", `${prefix}${error.message}${suffix}`, { cause: error });
  }
}

/** JSON that was typed, with an example of what can be. @throws SignetError `usage` */
export function parseTypedJson(text: string, what: string, example?: string): unknown {
  const suffix = example === undefined ? "" : `; expected JSON such as '${example}', or @FILE`;
  return typed("", () => parseStrictJson(text, what), suffix);
}

/**
 * The names that an option lists, with commas between them. An empty one is a slip, and a list that it leaves empty would ask for nothing.
 *
 * @throws SignetError `usage`
 */
export function namesGiven(text: string, option: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new SignetError("usage", `${option} must be names with commas between them`);
  return names;
}

/** The algorithm that an option names. @throws SignetError `usage` */
export function algorithmGiven(name: string, option: string): Algorithm {
  return typed(`${option}: `, () => algorithmNamed(name));
}

/** The time of an option, at least a second. @throws SignetError `usage` */
export function durationGiven(text: string, option: string): number {
  const seconds = parseDuration(text, option);
  if (seconds > 0) return seconds;
  throw new SignetError("usage", `${option} must be at least a second: ${option} 10m`);
}
