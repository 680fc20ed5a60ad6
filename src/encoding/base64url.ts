/** Encodes bytes, or a text's UTF-8 bytes, as base64url without padding (RFC 7515 section 2). */
export function encodeBase64url(input: Uint8Array | string): string {
  if (typeof input === "string") return Buffer.from(input, "utf8").toString("base64url");
  return Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("base64url");
}

/** Which last characters leave no unused bit set, where the last group has two characters or three. */
const CLEAN_ENDS: Readonly<Record<number, string>> = { 2: "AQgw", 3: "AEIMQUYcgkosw048" };

/**
 * Decodes base64url without padding, and nothing else: a foreign character, padding, white space, or a last character whose
 * unused bits are not zero make it `undefined`. Without that strictness one signature has several spellings.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const { length } = text;
  const rest = length % 4;
  if (rest === 1 || (rest !== 0 && CLEAN_ENDS[rest]?.includes(text.charAt(length - 1)) !== true)) return undefined;
  // Node's decoder takes base64's own alphabet as well, and takes U+0141 for U+0041.
  if (text.includes("+") || text.includes("/") || Buffer.byteLength(text) !== length) return undefined;
  const bytes = Buffer.from(text, "base64url");
  // It skips every other foreign character, which leaves fewer bytes than the text has room for.
  return bytes.length === Math.floor((length * 3) / 4) ? bytes : undefined;
}
