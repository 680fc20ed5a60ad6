import { dateInWords, fromNow } from "../encoding/times-in-words.js";
import { SignetError } from "../errors.js";
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

/** JSON for people is indented: what is deeper costs the square of its length, and cannot be read. */
const MAX_DEPTH = 64;

const TIMES = [
  ["iat", "issued", "issued"],
  ["nbf", "valid", "valid"],
  ["exp", "expires", "expired"],
] as const;

/** A token without the words around it in an Authorization header. */
export function bareToken(text: string): string {
  return text.trim().replace(/^(authorization:\s*)?bearer\s+/i, "");
}

/**
 * Takes a token apart.
 *
 * @throws SignetError `token_malformed`, also for one that is nested too deeply to be shown
 */
export function readableToken(token: string, longest: number): ReadableToken {
  const parts = splitToken(token, longest);
  const read = { header: partWithOwnDigits(parts.header, "header"), claims: partWithOwnDigits(parts.payload, "payload") };
  if (!isDeeper(read, MAX_DEPTH)) return read;
  throw new SignetError("token_malformed", `the token is nested too deeply to be shown: more than ${MAX_DEPTH} levels`);
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels < 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

/** The times that claims say, in words; what is no time is left out. */
export function timesInWords(claims: ReadableToken["claims"], now: number): readonly TokenTime[] {
  return TIMES.flatMap(([claim, future, past]) => {
    const at = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    if (typeof at !== "number" || !Number.isFinite(at)) return [];
    return [{ claim, at, words: `${at > now ? future : past} ${fromNow(at, now)} (${claim}: ${dateInWords(at)})` }];
  });
}
