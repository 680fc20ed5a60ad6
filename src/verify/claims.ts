import { SignetError } from "../errors.js";

/** What a token must say. */
export interface ClaimChecks {
  /** The issuers that are accepted, exactly as in `iss`; `null` does not look at it. */
  readonly issuer: string | readonly string[] | null;
  /** The audiences of which the token must name one; `null` does not look at it. */
  readonly audience: string | readonly string[] | null;
  /** How far the issuer's clock may be from this one, in seconds. Default 60, at most 600. */
  readonly clockSkewSeconds?: number | undefined;
  /** False accepts tokens without `exp`. Default true. */
  readonly requireExpiration?: boolean | undefined;
  /** The present as NumericDate in seconds. */
  readonly clock?: (() => number) | undefined;
}

/** The claims of a verified token; the registered ones have their types (RFC 7519 section 4.1). */
export interface VerifiedClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [name: string]: unknown;
}

const DEFAULT_SKEW_SECONDS = 60;
const LARGEST_SKEW_SECONDS = 600;

/**
 * Binds what a token must say.
 *
 * @throws SignetError `config_invalid` where issuer or audience is neither given nor waived
 * @throws (the bound function) SignetError with the code of the claim that is wrong
 */
export function claimsChecker(checks: ClaimChecks): (claims: Record<string, unknown>) => void {
  const issuers = namesOf(checks.issuer, "issuer");
  const audiences = namesOf(checks.audience, "audience");
  const skew = checks.clockSkewSeconds ?? DEFAULT_SKEW_SECONDS;
  if (!(skew >= 0 && skew <= LARGEST_SKEW_SECONDS)) {
    throw new SignetError("config_invalid", `clockSkewSeconds must be from 0 to ${LARGEST_SKEW_SECONDS}`, {
      field: "clockSkewSeconds",
    });
  }
  const requireExpiration = checks.requireExpiration ?? true;
  const clock = checks.clock ?? (() => Date.now() / 1_000);
  return (claims) => {
    checkTypes(claims);
    checkTimes(claims, clock(), skew, requireExpiration);
    if (issuers !== null && !issuers.includes(claims.iss as string)) {
      throw new SignetError("token_issuer_refused", "the token's iss is not an issuer that is accepted here");
    }
    if (audiences !== null && !namesOneOf(claims.aud, audiences)) {
      throw new SignetError("token_audience_refused", "the token's aud names no audience that is accepted here");
    }
  };
}

function namesOf(value: string | readonly string[] | null | undefined, field: "issuer" | "audience"): readonly string[] | null {
  if (value === null) return null;
  const names = typeof value === "string" ? [value] : value;
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string" && name !== "")) {
    throw new SignetError("config_invalid", `${field} must be given; ${field}: null says aloud that it is not checked`, {
      field,
    });
  }
  return names as readonly string[];
}

function checkTypes(claims: Record<string, unknown>): void {
  for (const name of ["iss", "sub", "jti"]) {
    if (claims[name] !== undefined && typeof claims[name] !== "string") throw malformed(name, "a text");
  }
  for (const name of ["exp", "nbf", "iat"]) {
    if (claims[name] !== undefined && !Number.isFinite(claims[name])) throw malformed(name, "a number");
  }
  const { aud } = claims;
  if (aud !== undefined && typeof aud !== "string" && !(Array.isArray(aud) && aud.every((entry) => typeof entry === "string"))) {
    throw malformed("aud", "a text or a list of texts");
  }
}

function checkTimes({ exp, nbf, iat }: Record<string, unknown>, now: number, skew: number, requireExpiration: boolean): void {
  if (exp === undefined) {
    if (requireExpiration) throw new SignetError("token_expiration_missing", "the token has no exp");
  } else if (now >= (exp as number) + skew) throw new SignetError("token_expired", "the token has expired");
  if (nbf !== undefined && now < (nbf as number) - skew)
    throw new SignetError("token_not_yet_valid", "the token is not valid yet (nbf)");
  if (iat !== undefined && now < (iat as number) - skew) {
    throw new SignetError("token_issued_in_future", "the token was issued in the future (iat); compare the clocks");
  }
}

function namesOneOf(aud: unknown, audiences: readonly string[]): boolean {
  return typeof aud === "string"
    ? audiences.includes(aud)
    : Array.isArray(aud) && aud.some((entry) => audiences.includes(entry as string));
}

function malformed(name: string, kind: string): SignetError {
  return new SignetError("token_claims_malformed", `the token's ${name} is not ${kind}`);
}
