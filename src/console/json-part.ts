import { jsonWithOwnDigits } from "../operator/own-digits.js";

/** What is longer stands in one line: indentation is depth times members. */
const MAX_TEXT = 262_144;

/**
 * A part of a token as the page shows it: JSON, with each number digit by digit.
 *
 * @param part as `partWithOwnDigits` answers it
 */
export function partOf(part: Readonly<Record<string, unknown>>): string {
  const text = jsonWithOwnDigits(part);
  return text.length > MAX_TEXT ? jsonWithOwnDigits(part, 0) : text;
}
