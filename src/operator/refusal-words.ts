import { durationInWords } from "../encoding/durations.js";
import { fromNow } from "../encoding/times-in-words.js";
import type { SignetError } from "../errors.js";
import { parseObject, splitToken } from "../verify/token.js";
import { MAX_TOKEN } from "./verification-keys.js";

/** By what a token is judged. */
export interface VerificationTerms {
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly typ: string | undefined;
  readonly skewSeconds: number;
}

/** When a good token ends. */
export function endInWords({ exp }: { readonly exp?: number }, now: number, skewSeconds: number): string {
  if (exp === undefined) return "has no end";
  if (exp > now) return `expires ${fromNow(exp, now)}`;
  return `expired ${secondsInWords(now - exp)} ago, within the ${secondsInWords(skewSeconds)} allowed for clocks`;
}

/**
 * Why a token was refused, with what would have been accepted: for an operator who has the token at hand. A stranger who sends one is not told
 * whom else we trust.
 */
export function refusalInWords({ code, message }: SignetError, token: string, now: number, terms: VerificationTerms): string {
  const { issuer, audience, typ, skewSeconds } = terms;
  const skew = secondsInWords(skewSeconds);
  const more = skewSeconds < 600 ? " (--clock-skew)" : "";
  const { exp, nbf, iat } = timesOf(token);
  const words: Partial<Record<typeof code, string>> = {
    token_expired: exp === undefined ? "" : `: ${ago(now - exp)} ago, and ${skew} are allowed for clocks${more}`,
    token_not_yet_valid: nbf === undefined ? "" : `: ${ago(nbf - now)} from now, and ${skew} are allowed for clocks${more}`,
    token_issued_in_future: iat === undefined ? "" : `: ${ago(iat - now)} from now, and ${skew} are allowed${more}`,
    token_issuer_refused: issuer === null ? "" : ` (accepted: ${issuer})`,
    token_audience_refused: audience === null ? "" : ` (accepted: ${audience})`,
    token_type_refused: ` (accepted: ${typ ?? "JWT, or none"}; --typ names another)`,
  };
  return `${message}${words[code] ?? ""}`;
}

function timesOf(token: string): { readonly exp?: number; readonly nbf?: number; readonly iat?: number } {
  try {
    const { exp, nbf, iat } = parseObject(splitToken(token, MAX_TOKEN).payload, "payload");
    return Object.fromEntries(Object.entries({ exp, nbf, iat }).filter(([, value]) => typeof value === "number"));
  } catch {
    return {};
  }
}

function ago(seconds: number): string {
  return seconds < 120 ? secondsInWords(seconds) : durationInWords(seconds);
}

function secondsInWords(seconds: number): string {
  return `${Math.round(seconds)} s`;
}
