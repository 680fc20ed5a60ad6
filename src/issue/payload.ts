import { randomUUID } from "node:crypto";
import { SignetError } from "../errors.js";
import type { Limits } from "../settings/limits.js";
import type { Tokens } from "../settings/tokens.js";
import { checkRegisteredClaims } from "./claims.js";
import { CLAIMS_BUFFER_BYTES, claimsTooLarge, enclose, invalidClaim, readOnce, writeClaims } from "./claims-json.js";
import { type FixedClaims, isFixed } from "./fixed-claims.js";
import { claimsCheck } from "./limits.js";
import { type Claims, type IssueRequest, MAX_PAYLOAD_BYTES } from "./request.js";

/** How far `iat` may lie ahead of this clock: as far as verifiers allow unless they are told otherwise. */
const MAX_AHEAD_SECONDS = 60;

/** What turns a request into claims. */
export interface PayloadOptions {
  /** The `iss` of every token; absent leaves it to the key, or to the claims. */
  readonly iss: string | undefined;
  readonly tokens: Tokens;
  readonly limits: Limits;
  /** Tells whether a text is another caller's name. */
  readonly isOtherCaller?: ((name: string) => boolean) | undefined;
  /** Answers a random UUID (version 4). */
  readonly uuid?: (() => string) | undefined;
}

/** What the key that signs decides. */
interface KeyTerms {
  /** The longest life of a token. */
  readonly maxTtlSeconds: number;
  /** Whether it allows no end. */
  readonly endless: boolean;
  /** Its own `iss`. */
  readonly iss: string | undefined;
}

/** (a checked request, the present, what the key decides, what is fixed) -> the token's payload as base64url. */
export type PayloadMaker = (request: IssueRequest, now: number, key: KeyTerms, fixed: FixedClaims) => string;

/** The claims that the issuer itself sets; an absent one is left to the request's claims, or out. */
interface SetClaims {
  readonly iss: string | undefined;
  readonly iat: number | undefined;
  readonly nbf: number | undefined;
  readonly jti: string | undefined;
  readonly exp: number | undefined;
}

/**
 * Binds an issuer's settings, and answers the function that makes a token's payload.
 *
 * @throws (the bound function) SignetError of every code that a request's content can have
 */
export function payloadMaker({ iss: ofAll, tokens, limits, isOtherCaller, uuid = randomUUID }: PayloadOptions): PayloadMaker {
  const checkLimits = claimsCheck(limits);
  const checkSettled = settledCheck(tokens);
  const { iat: secondsAgo = 0, exp: hasExp = true } = tokens;
  let spare: Buffer | undefined;

  function makePayload(out: Buffer, request: IssueRequest, now: number, key: KeyTerms, fixed: FixedClaims): string {
    const claims = readOnce(request.claims);
    const end = writeClaims(out, claims, (name) => isFixed(fixed, name) || isSet(name, request, key));
    checkRegisteredClaims(claims);
    checkSettled?.(claims);
    fixed.check?.(claims);
    if (isOtherCaller !== undefined) checkClients(claims, fixed, isOtherCaller);
    const iss = ofAll ?? key.iss;
    if (iss !== undefined) checkIssuer(claims.iss, iss);
    const longest = Math.min(limits.maxTtlSeconds, key.maxTtlSeconds);
    const exp = expiration(claims, request.ttl, now, limits, longest);
    if (exp === undefined && !key.endless) throw endlessRefused();
    assertAlive(claims, request, now, exp ?? now + longest);
    const set = {
      iss: key.iss,
      iat: request.setIat === true ? now - secondsAgo : undefined,
      nbf: request.setNbf === true ? now : undefined,
      jti: request.setJti === true ? uuid() : undefined,
      exp: hasExp ? exp : undefined,
    };
    checkLimits?.(claims, { ...claims, ...fixed.claims, ...fixed.proven, ...present(set) }, fixed);
    return encoded(out, end, fixed.members + textOf(set));
  }

  return (request, now, key, fixed) => {
    // A getter among the claims could issue a token meanwhile: that one must not be written over this one.
    const out = spare ?? Buffer.allocUnsafeSlow(CLAIMS_BUFFER_BYTES);
    spare = undefined;
    try {
      return makePayload(out, request, now, key, fixed);
    } finally {
      spare = out;
    }
  };
}

/** What `tokens` decides for every token is no request's to say. */
function settledCheck({ iat, jti, exp }: Tokens): ((claims: Claims) => void) | undefined {
  const names = Object.entries({ iat: iat !== undefined, jti: jti === true, exp: exp === false }).flatMap(([name, isSettled]) =>
    isSettled ? name : [],
  );
  if (names.length === 0) return undefined;
  return (claims) => {
    const asked = names.find((name) => Object.hasOwn(claims, name));
    if (asked === undefined) return;
    const what = `the claim ${asked} is decided for every token of this issuer (tokens.${asked}): leave it out`;
    throw new SignetError("claim_not_allowed", what, { field: `claims.${asked}` });
  };
}

// The keyring has to know before such a token is signed: it decides how long a retired key stays published.
function endlessRefused(): SignetError {
  return new SignetError(
    "expiration_required",
    "the token needs an end: tokens without exp are not in force (`signet keys apply`, or a deployment, puts the limits in force)",
    { field: "ttl" },
  );
}

function isSet(name: string, request: IssueRequest, key: KeyTerms): boolean {
  switch (name) {
    case "iss":
      return key.iss !== undefined;
    case "iat":
      return request.setIat === true;
    case "nbf":
      return request.setNbf === true;
    case "jti":
      return request.setJti === true;
    default:
      return name === "exp";
  }
}

/** Claims that say which client a token was issued to (RFC 8693 section 4.3, OpenID Connect Core 1.0 section 2). */
const CLIENT_CLAIMS = ["client_id", "azp"] as const;

// No caller gets a token that says it was issued to another one, unless the limits say so.
function checkClients(claims: Claims, fixed: FixedClaims, isOtherCaller: (name: string) => boolean): void {
  for (const name of CLIENT_CLAIMS) {
    const value = claims[name];
    if (value === undefined || isFixed(fixed, name)) continue;
    if (!holdsText(value, isOtherCaller)) continue;
    throw new SignetError("claim_not_allowed", `the claim ${name} names another caller; only fixedClaims can set it`, {
      field: `claims.${name}`,
    });
  }
}

// A verifier that makes a text of a list with one member, however deep, reads that member. Claims that were written are no deeper
// than their limit, and hold plain lists and objects.
function holdsText(value: unknown, isSought: (text: string) => boolean): boolean {
  if (typeof value === "string") return isSought(value);
  return typeof value === "object" && value !== null && Object.values(value).some((each) => holdsText(each, isSought));
}

function checkIssuer(asked: unknown, iss: string): void {
  if (asked !== undefined && asked !== iss) {
    throw new SignetError("issuer_mismatch", "claims.iss is not this issuer's own; leave it out", { field: "claims.iss" });
  }
}

function expiration(claims: Claims, ttl: number | undefined, now: number, limits: Limits, longest: number): number | undefined {
  if (ttl !== undefined && ttl > longest) throw tooLong("ttl", longest);
  const exp = ttl !== undefined ? now + ttl : ((claims.exp as number | undefined) ?? defaultExpiration(now, limits, longest));
  if (exp !== undefined && exp > now + longest) throw tooLong("claims.exp", longest);
  return exp;
}

// A token that is dead when it is made is of no use to its caller.
function assertAlive({ iat, nbf }: Claims, { setIat, setNbf }: IssueRequest, now: number, end: number): void {
  if (end <= now) throw invalidClaim("claims.exp", "has already passed");
  if (setIat !== true && (iat as number) > Math.min(now + MAX_AHEAD_SECONDS, end)) {
    throw invalidClaim("claims.iat", "lies in the future, where verifiers refuse it; leave it out, or ask for setIat");
  }
  if (setNbf !== true && (nbf as number) >= end) {
    throw invalidClaim("claims.nbf", "is not before the token's expiry: it would never be valid");
  }
}

function defaultExpiration(now: number, limits: Limits, longest: number): number | undefined {
  if (limits.defaultTtlSeconds !== null) return now + Math.min(limits.defaultTtlSeconds, longest);
  if (!limits.requireExpiration) return undefined;
  throw new SignetError("expiration_required", "the token needs an end: give ttl or claims.exp", { field: "ttl" });
}

function tooLong(field: string, longest: number): SignetError {
  return new SignetError("ttl_exceeds_limit", `${field} is beyond the limit maxTtlSeconds: a token may live ${longest} seconds`, {
    field,
  });
}

// By hand: it runs for every token, and takes a tenth of JSON.stringify.
function textOf({ iss, iat, nbf, jti, exp }: SetClaims): string {
  let text = iss === undefined ? "" : `,"iss":${JSON.stringify(iss)}`;
  if (iat !== undefined) text += `,"iat":${iat}`;
  if (nbf !== undefined) text += `,"nbf":${nbf}`;
  if (jti !== undefined) text += `,"jti":${JSON.stringify(jti)}`;
  if (exp !== undefined) text += `,"exp":${exp}`;
  return text;
}

function present(set: SetClaims): Claims {
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
}

function encoded(out: Buffer, end: number, more: string): string {
  if (end > MAX_PAYLOAD_BYTES) throw claimsTooLarge();
  const whole = enclose(out, 0, end + out.write(more, end));
  if (whole > MAX_PAYLOAD_BYTES) throw claimsTooLarge();
  return out.toString("base64url", 0, whole);
}
