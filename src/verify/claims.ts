import { isOptionalText, isText } from "../encoding/list-of.js";
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

/**
 * Binds what a token must say.
 *
 * @param checks options as `readVerifierOptions` answers them
 * @throws (the bound function) SignetError with the code of the claim that is wrong; `clock_untrusted`
 */
export function claimsChecker(checks: ClaimChecks): (claims: VerifiedClaims) => void {
  const { maxAgeSeconds, requireExpiration = true, clock = () => Date.now() / 1_000 } = checks;
  const issuers = checks.issuer === null ? null : [checks.issuer].flat();
  const audiences = checks.audience === null ? null : [checks.audience].flat();
  const required = [...(checks.requiredClaims ?? [])];
  const scopes = [...(checks.scopes ?? [])];
  const skew = checks.clockSkewSeconds ?? 60;
  return (claims) => {
    checkTypes(claims);
    const { iss, aud, exp, nbf, iat } = claims;
    if (issuers && !issuers.includes(iss as string)) throw issuerRefused();
    if (audiences && !(Array.isArray(aud) ? aud : [aud]).some((each) => audiences.includes(each))) {
      throw refused("token_audience_refused", "aud", "the token's aud names no audience that is accepted here");
    }
    const now = clock();
    if (!Number.isFinite(now)) throw new SignetError("clock_untrusted", "the verifier's clock gives no number of seconds");
    // Refuses whatever a comparison does not clearly allow.
    if (exp === undefined) {
      if (requireExpiration) throw refused("token_expiration_missing", "exp", "the token has no exp");
    } else if (!(now < exp + skew)) throw refused("token_expired", "exp", "the token has expired");
    if (nbf !== undefined && !(nbf - skew <= now))
      throw refused("token_not_yet_valid", "nbf", "the token is not valid yet (nbf)");
    if (iat !== undefined && !(iat - skew <= now)) {
      throw refused("token_issued_in_future", "iat", "the token was issued in the future (iat); compare the clocks");
    }
    if (maxAgeSeconds !== undefined && !((iat as number) >= now - skew - maxAgeSeconds)) {
      const why =
        iat === undefined ? "the token does not say when it was issued (iat)" : "the token was issued too long ago (iat)";
      throw refused("token_too_old", "iat", why);
    }
    for (const name of required) {
      if (!Object.hasOwn(claims, name))
        throw refused("token_claim_missing", name, "the token lacks a claim that is required here");
    }
    if (!hasScopes(claims, scopes)) {
      throw refused("token_scope_missing", "scope", "the token does not have a scope that is required here");
    }
  };
}

/** The refusal of a token of another issuer. */
export function issuerRefused(): SignetError {
  return refused("token_issuer_refused", "iss", "the token's iss is not an issuer that is accepted here");
}

/** Tells whether claims grant all of these scopes: in `scope` (RFC 8693 section 4.2), or in `scp`. */
export function hasScopes({ scope, scp }: VerifiedClaims, wanted: readonly string[]): boolean {
  const granted = isText(scope) ? scope : scp;
  const names = isText(granted) ? granted.split(" ") : granted;
  return wanted.every((each) => Array.isArray(names) && names.includes(each));
}

function checkTypes(claims: VerifiedClaims): void {
  for (const name of ["iss", "sub", "jti"] as const) if (!isOptionalText(claims[name])) throw malformed(name, "a text");
  for (const name of ["exp", "nbf", "iat"] as const) {
    // RFC 7519 section 2 allows fractions. 1e999 is JSON as well, and would be an expiry that never comes: it is read as Infinity.
    if (claims[name] !== undefined && !Number.isFinite(claims[name])) throw malformed(name, "a number of seconds");
  }
  const aud: unknown = claims.aud;
  if (!isOptionalText(aud) && !(Array.isArray(aud) && aud.every(isText))) throw malformed("aud", "a text or a list of texts");
}

function malformed(name: string, what: string): SignetError {
  return refused("token_claims_malformed", name, `the token's ${name} is not ${what}`);
}

function refused(code: ErrorCode, field: string, message: string): SignetError {
  return new SignetError(code, message, { field });
}
