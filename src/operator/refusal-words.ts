import { durationInWords } from "../encoding/durations.js";
import { ownMember } from "../encoding/own-member.js";
import { fromNow } from "../encoding/times-in-words.js";
import type { SignetError } from "../errors.js";
import { parseObject, splitToken } from "../verify/token.js";
import type { VerifierOptions } from "../verify/verifier.js";
import { MAX_TOKEN } from "./verification-keys.js";

/** By what a token is judged. */
export interface VerificationTerms {
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly clockSkewSeconds: number;
  readonly types?: readonly string[] | null | undefined;
  readonly clientIds?: readonly string[] | undefined;
  readonly claims?: VerifierOptions["claims"];
  readonly scopes?: readonly string[] | undefined;
  readonly algorithms?: readonly string[] | undefined;
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
export function refusalInWords(refusal: SignetError, token: string, now: number, terms: VerificationTerms): string {
  const { code, message, field = "" } = refusal;
  const { issuer, clockSkewSeconds, types, scopes, algorithms } = terms;
  const skew = secondsInWords(clockSkewSeconds);
  const more = clockSkewSeconds < 600 ? " (--clock-skew)" : "";
  const { exp, nbf, iat } = timesOf(token);
  const words: Partial<Record<typeof code, string>> = {
    token_expired: exp === undefined ? "" : `: ${ago(now - exp)} ago, and ${skew} are allowed for clocks${more}`,
    token_not_yet_valid: nbf === undefined ? "" : `: ${ago(nbf - now)} from now, and ${skew} are allowed for clocks${more}`,
    token_issued_in_future: iat === undefined ? "" : `: ${ago(iat - now)} from now, and ${skew} are allowed${more}`,
    token_issuer_refused: issuer === null ? "" : ` (accepted: ${issuer})`,
    token_audience_refused: ` (accepted: ${acceptedParties(field, terms)})`,
    token_type_refused: ` (accepted: ${types?.join(", ") ?? "JWT, or none"}; --typ names another)`,
    token_claim_refused: ` (${field} must be ${valueInWords(terms.claims, field)})`,
    token_claim_missing: ` (${field} must be ${valueInWords(terms.claims, field)})`,
    token_scope_missing: scopes === undefined ? "" : ` (asked for: ${scopes.join(" ")})`,
    token_algorithm_refused: algorithms === undefined ? "" : ` (accepted: ${algorithms.join(", ")})`,
    token_key_unknown: algorithms === undefined ? "" : `, for ${algorithms.join(", ")}`,
    token_kid_missing: ": it names no key, and several could be meant",
    token_header_refused: /^(jku|x5[uc])$/.test(field) ? ` unless --ignored-headers ${field} passes over it` : "",
  };
  return `${message}${words[code] ?? ""}`;
}

function acceptedParties(field: string, { audience, clientIds }: VerificationTerms): string {
  if (field === "client_id") return clientIds?.join(", ") ?? "none";
  return audience ?? "none, beside --client-ids: --audience names one";
}

function valueInWords(claims: VerificationTerms["claims"], name: string): string {
  return [ownMember(claims ?? {}, name)]
    .flat()
    .map((value) => JSON.stringify(value))
    .join(" or ");
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
