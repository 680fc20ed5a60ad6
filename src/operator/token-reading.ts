import { dateInWords, fromNow } from "../encoding/times-in-words.js";
import { splitToken } from "../verify/token.js";
import { partWithOwnDigits } from "./own-digits.js";

/** What a token says, unproven: large numbers are texts for `jsonWithOwnDigits`. */
export interface ReadableToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** One of a token's times. */
interface TokenTime {
  readonly claim: "iat" | "nbf" | "exp";
  /** NumericDate. */
  readonly at: number;
  /** "expires in 14 minutes (exp: 2026-11-23 02:45:37 UTC)" */
  readonly words: string;
}

const TIMES = [
  ["iat", "issued", "issued"],
  ["nbf", "valid", "valid"],
  ["exp", "expires", "expired"],
] as const;

/**
 * Takes a token apart.
 *
 * @throws SignetError `token_malformed`
 */
export function readableToken(token: string, longest: number): ReadableToken {
  const parts = splitToken(token, longest);
  return { header: partWithOwnDigits(parts.header, "header"), claims: partWithOwnDigits(parts.payload, "payload") };
}

/** The times that claims say, in words; what is no time is left out. */
export function timesInWords(claims: ReadableToken["claims"], now: number): readonly TokenTime[] {
  return TIMES.flatMap(([claim, future, past]) => {
    const at = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    if (typeof at !== "number" || !Number.isFinite(at)) return [];
    return [{ claim, at, words: `${at > now ? future : past} ${fromNow(at, now)} (${claim}: ${dateInWords(at)})` }];
  });
}
