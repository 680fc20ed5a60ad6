import { decodeUtf8 } from "../../encoding/strict-json.js";

/**
 * The text that bytes are: UTF-8, or UTF-16 as PowerShell's `>` writes it, by its mark or by the zeros of its first letters.
 *
 * @returns `undefined` for bytes that are neither
 */
export function plainText(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return Buffer.from(bytes).toString("utf16le");
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && bytes.length > 1)) {
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString("utf16le");
  }
  return decodeUtf8(bytes);
}

/** Backslashes and what they stand before: one match takes a whole run of them, so that a long one is looked at once. */
const ESCAPE = /\\+(?:u([0-9a-f]{4})|([rnt]))?/gi;

/**
 * A PEM as it was before a JSON writer, a shell or a variable of an environment escaped it, once or several times: `\n` is the end of a
 * line again, `\u002b` a plus, and a backslash before anything else goes.
 */
export function withoutEscapes(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPE, (_run, code?: string, letter?: string) => {
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return letter === undefined ? "" : "\n";
  });
}

/** The bytes that a text in base64 or base64url is; `undefined` for other texts, and for such as are too short for a key. */
export function bytesOfBase64(text: string): Buffer | undefined {
  return text.length >= 40 && /^[\w+/-][\w+/=\s-]*$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
