import { isListOf, isNonEmptyText } from "../encoding/list-of.js";
import { type ErrorCode, SignetError } from "../errors.js";

/** What a token must say. */
export interface ClaimChecks {
  /** The issuers that are accepted, exactly as in `iss`; `null` accepts any, and a token without. */
  readonly issuer: string | readonly string[] | null;
  /** The audiences of which the token must name one; `null` accepts tokens for anybody. */
  readonly audience: string | readonly string[] | null;
  /**
   * How far the issuer's clock may be from this one, in whole seconds. Default 60, at most 600.
   *
   * RFC 7519 allows "no more than a few minutes", and clocks kept by NTP need less than a second. Rotation counts on verifiers
   * that allow no more than its own `clockSkewSeconds` (300): with more, a key may be gone before its last token is refused.
   */
  readonly clockSkewSeconds?: number | undefined;
  /** False accepts tokens without `exp`. Default true. */
  readonly requireExpiration?: boolean | undefined;
  /** Claims that a token must have, whatever they say. */
  readonly requiredClaims?: readonly string[] | undefined;
  /** Scopes that a token must have, all of them: in `scope` (RFC 8693 section 4.2) or in a list `scp`. */
  readonly scopes?: readonly string[] | undefined;
  /** How long ago a token may have been issued, in whole seconds, by its `iat`, which it must have then. */
  readonly maxAgeSeconds?: number | undefined;
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
 * @throws (the bound function) SignetError with the code of the claim that is wrong; `clock_untrusted`
 */
export function claimsChecker(checks: ClaimChecks): (claims: Record<string, unknown>) => void {
  const issuers = namesOf(checks.issuer, "issuer");
  const audiences = namesOf(checks.audience, "audience");
  const skew = checks.clockSkewSeconds ?? DEFAULT_SKEW_SECONDS;
  // What is larger is milliseconds by mistake.
  if (!Number.isInteger(skew) || skew < 0 || skew > LARGEST_SKEW_SECONDS) {
    throw new SignetError("config_invalid", `clockSkewSeconds must be a whole number from 0 to ${LARGEST_SKEW_SECONDS}`, {
      field: "clockSkewSeconds",
    });
  }
  const requireExpiration = checks.requireExpiration !== false;
  const clock = checks.clock ?? (() => Date.now() / 1_000);
  const { maxAgeSeconds } = checks;
  if (maxAgeSeconds !== undefined && !(Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds > 0)) {
    throw new SignetError("config_invalid", "maxAgeSeconds must be a whole number of seconds, at least 1", {
      field: "maxAgeSeconds",
    });
  }
  const required = listOf(checks.requiredClaims, "requiredClaims");
  const scopes = listOf(checks.scopes, "scopes");
  return (claims) => {
    checkTypes(claims);
    if (issuers !== null && !issuers.includes(claims.iss as string)) {
      throw refused("token_issuer_refused", "iss", "the token's iss is not an issuer that is accepted here");
    }
    if (audiences !== null && !namesOneOf(claims.aud, audiences)) {
      throw refused("token_audience_refused", "aud", "the token's aud names no audience that is accepted here");
    }
    const now = clock();
    checkTimes(claims, now, skew, requireExpiration);
    if (maxAgeSeconds !== undefined) checkAge(claims, now - skew - maxAgeSeconds);
    for (const name of required) {
      if (!Object.hasOwn(claims, name))
        throw refused("token_claim_missing", name, "the token lacks a claim that is required here");
    }
    if (scopes.length > 0) checkScopes(claims, scopes);
  };
}

/** A list of names that an option holds; none where it is absent. @throws SignetError `config_invalid` */
export function listOf(names: readonly string[] | undefined, field: string): readonly string[] {
  if (names === undefined) return [];
  if (isListOf(names, isName)) return [...names];
  throw new SignetError("config_invalid", `${field} must be a list of names`, { field });
}

function isName(value: unknown): value is string {
  return isNonEmptyText(value) && !/\s/.test(value);
}

function checkAge({ iat }: VerifiedClaims, earliest: number): void {
  if (iat === undefined) throw refused("token_too_old", "iat", "the token does not say when it was issued (iat)");
  if (!(iat >= earliest)) throw refused("token_too_old", "iat", "the token was issued too long ago (iat)");
}

/** Tells whether claims grant all of these scopes: in `scope` (RFC 8693 section 4.2), or in `scp`. */
export function hasScopes({ scope, scp }: VerifiedClaims, wanted: readonly string[]): boolean {
  const listed = Array.isArray(scp) ? scp : typeof scp === "string" ? scp.split(" ") : [];
  const granted = typeof scope === "string" ? scope.split(" ") : listed;
  return wanted.every((each) => granted.includes(each));
}

function checkScopes(claims: VerifiedClaims, wanted: readonly string[]): void {
  if (hasScopes(claims, wanted)) return;
  throw refused("token_scope_missing", "scope", "the token does not have a scope that is required here");
}

function namesOf(value: string | readonly string[] | null | undefined, field: "issuer" | "audience"): readonly string[] | null {
  if (value === null) return null;
  const names = typeof value === "string" ? [value] : value;
  if (!isListOf(names, isNonEmptyText) || names.length === 0) {
    throw new SignetError("config_invalid", `${field} must be given; ${field}: null disables the check`, {
      field,
    });
  }
  return [...names];
}

function checkTypes(claims: Record<string, unknown>): void {
  if (!isText(claims.iss)) throw malformed("iss", "a text");
  if (!isText(claims.sub)) throw malformed("sub", "a text");
  if (!isText(claims.jti)) throw malformed("jti", "a text");
  if (!isNumericDate(claims.exp)) throw malformed("exp", "a number of seconds");
  if (!isNumericDate(claims.nbf)) throw malformed("nbf", "a number of seconds");
  if (!isNumericDate(claims.iat)) throw malformed("iat", "a number of seconds");
  const { aud } = claims;
  if (!isText(aud) && !(Array.isArray(aud) && aud.every((entry) => typeof entry === "string"))) {
    throw malformed("aud", "a text or a list of texts");
  }
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

// RFC 7519 section 2 allows fractions. 1e999 is JSON as well, and would be an expiry that never comes: it is read as Infinity.
function isNumericDate(value: unknown): boolean {
  return value === undefined || Number.isFinite(value);
}

// Refuses whatever a comparison does not clearly allow.
function checkTimes({ exp, nbf, iat }: VerifiedClaims, now: number, skew: number, requireExpiration: boolean): void {
  if (!Number.isFinite(now)) throw new SignetError("clock_untrusted", "the verifier's clock gives no number of seconds");
  if (exp === undefined) {
    if (requireExpiration) throw refused("token_expiration_missing", "exp", "the token has no exp");
  } else if (!(now < exp + skew)) throw refused("token_expired", "exp", "the token has expired");
  if (nbf !== undefined && !(nbf - skew <= now)) throw refused("token_not_yet_valid", "nbf", "the token is not valid yet (nbf)");
  if (iat !== undefined && !(iat - skew <= now)) {
    throw refused("token_issued_in_future", "iat", "the token was issued in the future (iat); compare the clocks");
  }
}

function namesOneOf(aud: unknown, audiences: readonly string[]): boolean {
  return typeof aud === "string"
    ? audiences.includes(aud)
    : Array.isArray(aud) && aud.some((entry) => audiences.includes(entry as string));
}

function malformed(field: string, kind: string): SignetError {
  return refused("token_claims_malformed", field, `the token's ${field} is not ${kind}`);
}

function refused(code: ErrorCode, field: string, message: string): SignetError {
  return new SignetError(code, message, { field });
}
