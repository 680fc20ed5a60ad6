/** Encodes bytes, or a text's UTF-8 bytes, as base64url without padding (RFC 7515 section 2). */
export function encodeBase64url(input: Uint8Array | string): string {
  if (typeof input === "string") return Buffer.from(input, "utf8").toString("base64url");
  return Buffer.from(input.buffer, input.byteOffset, input.byteLength).toString("base64url");
}

/**
 * Decodes base64url without padding, and nothing else: a foreign character, padding, white space, or a last character whose
 * unused bits are not zero make it `undefined`. Without that strictness one signature has several spellings.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
