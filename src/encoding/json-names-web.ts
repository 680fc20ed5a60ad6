import { type JsonReading, readByHand } from "./json-by-hand.js";

/**
 * `json-names.ts` without its short cut: the build for the web puts it in that one's place. There bytes count for more than the
 * microseconds beside a signature.
 *
 * @throws SyntaxError of JSON.parse, which may quote the text
 */
export function readJson(text: string, integersAsText?: readonly string[]): JsonReading {
  JSON.parse(text);
  return readByHand(text, integersAsText);
}
