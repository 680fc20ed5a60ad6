import { isLarge } from "../encoding/json-by-hand.js";
import { hasMembers } from "../encoding/list-of.js";
import { parseObject, splitToken } from "../verify/token.js";
import { MAX_TOKEN } from "./verification-keys.js";

/** Their types are fixed: what is no number, or no text, is none of them. */
const REGISTERED = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id"]);

/**
 * The claims of a token that hold integers beyond 2^53, as far as they may be read as texts: for a command that shows what a token says,
 * digit by digit. What is no token has none.
 */
export function claimsWithLargeIntegers(token: string): readonly string[] {
  try {
    return Object.entries(parseObject(splitToken(token, MAX_TOKEN).payload, "payload"))
      .filter(([name, value]) => !REGISTERED.has(name) && holdsLarge(value))
      .map(([name]) => name);
  } catch {
    return [];
  }
}

// No other claim is read otherwise: what --claims asks of it is compared with the number that it is.
function holdsLarge(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const each = open.pop();
    if (isLarge(each)) return true;
    if (hasMembers(each)) for (const member of Object.values(each)) open.push(member);
  }
  return false;
}
