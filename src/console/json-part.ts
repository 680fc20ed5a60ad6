import { jsonWithOwnDigits, withDigitsAsTexts } from "../operator/own-digits.js";
import type { JsonPart } from "./contract.js";

/** What is longer stands in one line: indentation is depth times members. */
const MAX_TEXT = 262_144;

/**
 * A part of a token as the page gets it.
 *
 * @param part as `partWithOwnDigits` answers it
 */
export function partOf(part: Readonly<Record<string, unknown>>): JsonPart {
  const text = jsonWithOwnDigits(part);
  return { members: withDigitsAsTexts(part), text: text.length > MAX_TEXT ? jsonWithOwnDigits(part, 0) : text };
}
