import { isOptionalText, isText } from "../encoding/list-of.js";
import { ownMember } from "../encoding/own-member.js";
import { type ErrorCode, SignetError } from "../errors.js";

/** What a token must say. */
export interface ClaimChecks {
  /** The issuers that are accepted, exactly as in `iss`; `null` accepts any, and a token without. */
  readonly issuer: string | readonly string[] | null;
  /** The audiences of which the token must name one; `null` accepts tokens for anybody, but beside `clientIds` none that has an `aud`. */
  readonly audience: string | readonly string[] | null;
  /**
   * Clients whose access tokens are accepted where they have no `aud`, by their `client_id` (Amazon Cognito). A token that has an `aud` is
   * judged by `audience`, whatever its `client_id` says. Give `claims: { token_use: "access" }` beside it.
   */
  readonly clientIds?: readonly string[] | undefined;
  /** What claims must say, exactly: `{ token_use: "access" }`; a list where one of several values will do. */
  readonly claims?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>> | undefined;
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
  /** Scopes that a token must have, all of them: in `scope` (RFC 8693 section 4.2; IdentityServer makes it a list), or in `scp`. */
  readonly scopes?: readonly string[] | undefined;
  /** How long ago a token may have been issued, in whole seconds, by its `iat`, which it must have then. */
  readonly maxAgeSeconds?: number | undefined;
  /**
   * Claims whose integers are handed on as texts, digit by digit and whatever their size, also within lists and objects: ids of 64 bits.
   * By default a token with an integer beyond 2^53 is refused, since JavaScript would make another one of it.
   */
  readonly integersAsText?: readonly string[] | undefined;
  /** The present as NumericDate in seconds. */
  readonly clock?: (() => number) | undefined;
}

/** What a claim may have to say. */
export type ClaimValue = string | number | boolean;

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
  const { clientIds } = checks;
  const audiences = checks.audience === null ? clientIds && [] : [checks.audience].flat();
  const clients = clientIds && [...clientIds];
  const expected = checks.claims && expectedClaims(checks.claims);
  const required = [...(checks.requiredClaims ?? [])];
  const scopes = [...(checks.scopes ?? [])];
  const skew = checks.clockSkewSeconds ?? 60;
  return (claims) => {
    checkTypes(claims);
    const { iss, aud, exp, nbf, iat } = claims;
    if (issuers && !issuers.includes(iss as string)) throw issuerRefused();
    if (clients && aud === undefined) {
      if (!clients.includes(claims.client_id as string)) {
        const why = "the token has no aud, and its client_id is not one that is accepted here";
        throw refused("token_audience_refused", "client_id", why);
      }
    } else if (audiences && !(isText(aud) ? audiences.includes(aud) : aud?.some((each) => audiences.includes(each)))) {
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
      if (!Object.hasOwn(claims, name)) throw missing(name);
    }
    if (expected) checkExpected(claims, expected);
    if (scopes.length > 0 && !hasScopes(claims, scopes)) {
      throw refused("token_scope_missing", "scope", "the token does not have a scope that is required here");
    }
  };
}

/** The refusal of a token of another issuer. */
export function issuerRefused(): SignetError {
  return refused("token_issuer_refused", "iss", "the token's iss is not an issuer that is accepted here");
}

/** Tells whether claims grant all of these scopes. */
export function hasScopes(claims: VerifiedClaims, wanted: readonly string[]): boolean {
  const names = scopesOf(claims);
  return wanted.every((each) => names.includes(each));
}

/** What claims grant: in `scope`, a text (RFC 8693 section 4.2) or a list, or else in `scp`. What is no text in a list is no scope. */
export function scopesOf({ scope, scp }: VerifiedClaims): readonly unknown[] {
  const granted: unknown = isText(scope) || Array.isArray(scope) ? scope : scp;
  return isText(granted) ? granted.split(" ") : Array.isArray(granted) ? granted : [];
}

type ExpectedClaims = readonly (readonly [name: string, values: readonly unknown[]])[];

/** What each claim has to be one of. Like options, members count wherever they stand. */
export function expectedClaims(claims: object): ExpectedClaims {
  const expected: [string, unknown[]][] = [];
  for (const name in claims) expected.push([name, [claims[name as never]].flat()]);
  return expected;
}

function checkExpected(claims: VerifiedClaims, expected: ExpectedClaims): void {
  for (const [name, values] of expected) {
    const value = ownMember(claims, name);
    if (value === undefined) throw missing(name);
    // A list is no text: ["access"] is not "access".
    if (!values.includes(value)) {
      throw refused("token_claim_refused", name, "a claim of the token does not say what is required here");
    }
  }
}

function missing(name: string): SignetError {
  return refused("token_claim_missing", name, "the token lacks a claim that is required here");
}

// One by one: a loop over their names costs more than all of these checks.
function checkTypes({ iss, sub, jti, exp, nbf, iat, aud }: VerifiedClaims): void {
  assertText(iss, "iss");
  assertText(sub, "sub");
  assertText(jti, "jti");
  assertSeconds(exp, "exp");
  assertSeconds(nbf, "nbf");
  assertSeconds(iat, "iat");
  if (!isOptionalText(aud) && !(Array.isArray(aud) && aud.every(isText))) throw malformed("aud", "a text or a list of texts");
}

function assertText(value: unknown, name: string): void {
  if (!isOptionalText(value)) throw malformed(name, "a text");
}

// RFC 7519 section 2 allows fractions. 1e999 is JSON as well, and would be an expiry that never comes: it is read as Infinity.
function assertSeconds(value: unknown, name: string): void {
  if (value !== undefined && !Number.isFinite(value)) throw malformed(name, "a number of seconds");
}

function malformed(name: string, what: string): SignetError {
  return refused("token_claims_malformed", name, `the token's ${name} is not ${what}`);
}

function refused(code: ErrorCode, field: string, message: string): SignetError {
  return new SignetError(code, message, { field });
}
