import { SignetError } from "../errors.js";
import { checkClaims } from "./claims.js";
import type { Claims } from "./request.js";

/** What may be issued. Every member narrows; absent means no limit of that kind. */
export interface Limits {
  /** The longest life of a token, in seconds. */
  readonly maxTtlSeconds: number;
  /** The life of a token for which neither `ttl` nor `exp` was asked; `null` makes asking obligatory. */
  readonly defaultTtlSeconds: number | null;
  /** False allows tokens without `exp`. */
  readonly requireExpiration: boolean;
  /** Claims that every token gets, whatever was asked. */
  readonly fixedClaims?: Claims | undefined;
  /** The only claims that may be asked; registered ones that Signet sets itself need not be listed. */
  readonly allowedClaims?: readonly string[] | undefined;
  /** Claims without which no token is issued. */
  readonly requiredClaims?: readonly string[] | undefined;
  /** The only audiences: exact, or ending in `*`. A token must then name one. */
  readonly allowedAudiences?: readonly string[] | undefined;
  /** Values of the header's `typ` that may be asked, beside `JWT`. */
  readonly allowedTypes?: readonly string[] | undefined;
  /** Tokens within any minute. */
  readonly maxTokensPerMinute?: number | undefined;
}

/** The limits of an issuer for which none were given. */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxTtlSeconds: 86_400,
  defaultTtlSeconds: 900,
  requireExpiration: true,
});

const MOST_TOKENS_PER_MINUTE = 1_000_000;
const SET_BY_THE_ISSUER = ["exp", "nbf", "iat", "jti"];

/**
 * Checks that limits make sense together.
 *
 * @param issuer the issuer's URL, which fixes `iss` by itself
 * @throws SignetError `config_invalid`, naming the limit
 */
export function checkLimits(limits: Limits, issuer?: string): Limits {
  const { maxTtlSeconds, defaultTtlSeconds, maxTokensPerMinute, fixedClaims = {} } = limits;
  if (!isCount(maxTtlSeconds)) throw wrong("maxTtlSeconds", "must be a whole number of seconds, at least 1");
  if (defaultTtlSeconds !== null && !isCount(defaultTtlSeconds)) {
    throw wrong("defaultTtlSeconds", "must be a whole number of seconds, at least 1, or null");
  }
  if (maxTokensPerMinute !== undefined && !(isCount(maxTokensPerMinute) && maxTokensPerMinute <= MOST_TOKENS_PER_MINUTE)) {
    throw wrong("maxTokensPerMinute", `must be a whole number from 1 to ${MOST_TOKENS_PER_MINUTE}`);
  }
  checkClaims(fixedClaims);
  for (const name of SET_BY_THE_ISSUER) {
    if (Object.hasOwn(fixedClaims, name)) throw wrong("fixedClaims", `cannot fix ${name}, which differs from token to token`);
  }
  if (issuer !== undefined && Object.hasOwn(fixedClaims, "iss"))
    throw wrong("fixedClaims", "cannot fix iss: the issuer's URL does");
  return limits;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `limits.${name} ${what}`, { field: `limits.${name}` });
}

/** Checks a token's claims, complete as they would be signed, against the limits that concern them. */
export type ClaimsCheck = (asked: Claims, complete: Claims) => void;

/**
 * Binds the limits on claims; `undefined` where there are none, so that nothing is spent on them.
 *
 * @throws (the bound check) SignetError `claim_not_allowed`, `claim_required` or `audience_not_allowed`, naming the claim
 */
export function claimsCheck(limits: Limits): ClaimsCheck | undefined {
  const { allowedClaims, requiredClaims, allowedAudiences } = limits;
  if (allowedClaims === undefined && requiredClaims === undefined && allowedAudiences === undefined) return undefined;
  const allowed = allowedClaims && new Set([...allowedClaims, ...Object.keys(limits.fixedClaims ?? {})]);
  return (asked, complete) => {
    if (allowed !== undefined) {
      for (const name of Object.keys(asked))
        if (!allowed.has(name)) throw refused("claim_not_allowed", name, "is not among allowedClaims");
    }
    for (const name of requiredClaims ?? []) {
      if (!Object.hasOwn(complete, name)) throw refused("claim_required", name, "is among requiredClaims and was not given");
    }
    if (allowedAudiences !== undefined) checkAudiences(complete.aud, allowedAudiences);
  };
}

function checkAudiences(aud: unknown, allowed: readonly string[]): void {
  const audiences = typeof aud === "string" ? [aud] : ((aud ?? []) as string[]);
  if (audiences.length === 0) throw refused("claim_required", "aud", "must be given, one of allowedAudiences");
  for (const audience of audiences) {
    if (!allowed.some((pattern) => audienceMatches(pattern, audience))) {
      throw refused("audience_not_allowed", "aud", "is not among allowedAudiences");
    }
  }
}

/** Tells whether an audience is allowed by a pattern: the same text, or one that ends in `*` and begins alike. */
export function audienceMatches(pattern: string, audience: string): boolean {
  return pattern.endsWith("*") ? audience.startsWith(pattern.slice(0, -1)) : audience === pattern;
}

function refused(code: "claim_not_allowed" | "claim_required" | "audience_not_allowed", name: string, what: string): SignetError {
  const claim = name.slice(0, 64);
  return new SignetError(code, `the claim ${claim} ${what}`, { field: `claims.${claim}` });
}
