/** `base64url.ts` for runtimes without Node's Buffer: the build for the web puts it in that one's place. */

/**
 * Decodes base64url without padding, and nothing else: a foreign character, padding, white space, or a last character whose
 * unused bits are not zero make it `undefined`.
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (/[^\w-]/.test(text) || text.length % 4 === 1) return undefined;
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  const binary = atob(base64);
  // Bits that are not used would be dropped in silence.
  if (!btoa(binary).startsWith(base64)) return undefined;
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
