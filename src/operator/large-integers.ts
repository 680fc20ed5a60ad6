import { claimsFrom, decodePart, objectFrom, splitToken } from "../verify/token.js";
import { MAX_TOKEN } from "./verification-keys.js";

/** Their types are fixed: what is no number, or no text, is none of them. */
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]);

/**
 * The claims of a token that hold integers beyond 2^53, as far as they may be read as texts: for a command that shows what a token says,
 * digit by digit. What is no token has none.
 */
export function claimsWithLargeIntegers(token: string): readonly string[] {
  try {
    const bytes = decodePart(splitToken(token, MAX_TOKEN).payload, "payload");
    const names = Object.keys(objectFrom(bytes, "payload"));
    return Object.entries(claimsFrom(bytes, names))
      .filter(([name, value]) => !REGISTERED.has(name) && /\d{16}/.test(JSON.stringify(value)))
      .map(([name]) => name);
  } catch {
    return [];
  }
}
