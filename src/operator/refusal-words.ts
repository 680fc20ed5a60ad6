import { algorithmsOfJwk, isForSignatures, kidOfJwk, kidsIn } from "../algorithms/jwk-purpose.js";
import { durationInWords } from "../encoding/durations.js";
import { firstNames } from "../encoding/first-few.js";
import { ownMember } from "../encoding/own-member.js";
import { fromNow } from "../encoding/times-in-words.js";
import { type SignetError, shortened } from "../errors.js";
import { parseObject, splitToken } from "../verify/token.js";
import type { VerifierOptions } from "../verify/verifier.js";
import { MAX_TOKEN } from "./verification-keys.js";

/** By what a token is judged. */
export interface VerificationTerms {
  readonly keys: VerifierOptions["keys"];
  readonly issuer: string | readonly string[] | null;
  readonly audience: string | null;
  readonly clockSkewSeconds: number;
  readonly types?: readonly string[] | null | undefined;
  readonly clientIds?: readonly string[] | undefined;
  readonly claims?: VerifierOptions["claims"];
  readonly scopes?: readonly string[] | undefined;
  readonly algorithms?: readonly string[] | undefined;
  /** False where words shall not name the option of the command that would accept the token. */
  readonly namesOptions?: boolean | undefined;
}

/** As many keys are named. */
const MAX_KIDS = 5;

interface TokenTimes {
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
}

/** When a good token ends, and which of its times are good only because clocks differ. */
export function endInWords({ exp, nbf, iat }: TokenTimes, now: number, skewSeconds: number): string {
  const allowed = `within the ${secondsInWords(skewSeconds)} allowed for clocks`;
  const end =
    exp === undefined
      ? "has no end"
      : exp > now
        ? `expires ${fromNow(exp, now)}`
        : `expired ${secondsInWords(now - exp)} ago, ${allowed}`;
  const ahead = Object.entries({ nbf, iat }).filter(([, time]) => time !== undefined && time > now);
  return [end, ...ahead.map(([name, time = now]) => `its ${name} is ${secondsInWords(time - now)} from now, ${allowed}`)].join(
    "; ",
  );
}

/**
 * Why a token was refused, with what would have been accepted: for an operator who has the token at hand. A stranger who sends one is not told
 * whom else we trust.
 */
export function refusalInWords(refusal: SignetError, token: string, now: number, terms: VerificationTerms): string {
  const { code, message, field = "" } = refusal;
  const { issuer, clockSkewSeconds, types, scopes, algorithms } = terms;
  const skew = secondsInWords(clockSkewSeconds);
  const option = (words: string): string => (terms.namesOptions === false ? "" : words);
  const more = option(clockSkewSeconds < 600 ? " (--clock-skew)" : "");
  const { exp, nbf, iat } = timesOf(token);
  const words: Partial<Record<typeof code, string>> = {
    token_expired: exp === undefined ? "" : `: ${ago(now - exp)} ago, and ${skew} are allowed for clocks${more}`,
    token_not_yet_valid: nbf === undefined ? "" : `: ${ago(nbf - now)} from now, and ${skew} are allowed for clocks${more}`,
    token_issued_in_future: iat === undefined ? "" : `: ${ago(iat - now)} from now, and ${skew} are allowed${more}`,
    token_issuer_refused: issuer === null ? "" : ` (accepted: ${[...new Set([issuer].flat())].join(", ")})`,
    token_audience_refused: ` (accepted: ${acceptedParties(field, terms)})`,
    token_expiration_missing: option(" (--no-require-expiration accepts it)"),
    token_type_refused: ` (accepted: ${types?.join(", ") ?? "JWT, or none"}${option("; --types names others")})`,
    token_claim_refused: ` (${field} must be ${valueInWords(terms.claims, field)})`,
    token_claim_missing: ` (${field} must be ${valueInWords(terms.claims, field)})`,
    token_scope_missing: scopes === undefined ? "" : ` (asked for: ${scopes.join(" ")})`,
    token_algorithm_refused: ` (accepted: ${algorithms?.join(", ") ?? algorithmsOf(terms, token)})`,
    token_key_unknown: `${algorithms === undefined ? "" : `, for ${algorithms.join(", ")}`} (published: ${kidsOf(terms)})`,
    token_kid_missing: ": it names no key, and several could be meant",
    token_header_refused: option(/^(jku|x5[uc])$/.test(field) ? ` unless --ignored-headers ${field} passes over it` : ""),
  };
  return `${message}${words[code] ?? ""}`;
}

function kidsOf({ keys }: VerificationTerms): string {
  const kids = kidsIn(keys.keys).map((kid) => shortened(kid));
  return firstNames(kids, MAX_KIDS) || "keys without a name";
}

// A key takes its own alone.
function algorithmsOf({ keys }: VerificationTerms, token: string): string {
  const { kid } = partOf(token, "header");
  const all = keys.keys.filter(isForSignatures);
  const named = all.filter((jwk) => kidOfJwk(jwk) === kid);
  const names = (named.length > 0 ? named : all).flatMap((jwk) => algorithmsOfJwk(jwk).map(({ name }) => name));
  return [...new Set(names)].join(", ");
}

function acceptedParties(field: string, { audience, clientIds, namesOptions }: VerificationTerms): string {
  if (field === "client_id") return clientIds?.join(", ") ?? "none";
  return audience ?? (namesOptions === false ? "none" : "none, beside --client-ids: --audience names one");
}

function valueInWords(claims: VerificationTerms["claims"], name: string): string {
  return [ownMember(claims ?? {}, name)]
    .flat()
    .map((value) => JSON.stringify(value))
    .join(" or ");
}

function timesOf(token: string): TokenTimes {
  const { exp, nbf, iat } = partOf(token, "payload");
  return Object.fromEntries(Object.entries({ exp, nbf, iat }).filter(([, value]) => typeof value === "number"));
}

function partOf(token: string, name: "header" | "payload"): Record<string, unknown> {
  try {
    return parseObject(splitToken(token, MAX_TOKEN)[name], name);
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
