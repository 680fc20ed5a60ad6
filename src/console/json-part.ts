import { jsonWithOwnDigits, withDigitsAsTexts } from "../operator/own-digits.js";
import type { JsonPart } from "./contract.js";

/**
 * A part of a token as the page gets it.
 *
 * @param part as `partWithOwnDigits` answers it
 */
export function partOf(part: Readonly<Record<string, unknown>>): JsonPart {
  return { members: withDigitsAsTexts(part), text: jsonWithOwnDigits(part) };
}
