import { randomUUID } from "node:crypto";
import { SignetError } from "../errors.js";
import { checkClaims } from "./claims.js";
import { claimsCheck, type Limits } from "./limits.js";
import { type Claims, type IssueRequest, MOST_PAYLOAD_BYTES } from "./request.js";

/** What turns a request into claims. */
export interface PayloadOptions {
  /** The issuer's URL; absent leaves `iss` to the claims. */
  readonly issuer?: string | undefined;
  readonly limits: Limits;
  /** Answers a random UUID (version 4). */
  readonly uuid?: (() => string) | undefined;
}

/** (a checked request, the present, the longest life the key allows) -> the token's payload as base64url. */
export type PayloadMaker = (request: IssueRequest, now: number, keyMaxTtlSeconds: number) => string;

/**
 * Binds issuer and limits, and answers the function that makes a token's payload.
 *
 * @throws (the bound function) SignetError of every code that a request's content can have
 */
export function payloadMaker({ issuer, limits, uuid = randomUUID }: PayloadOptions): PayloadMaker {
  const checkLimits = claimsCheck(limits);
  const fix = fixedClaimsSetter(limits.fixedClaims);
  return (request, now, keyMaxTtlSeconds) => {
    checkClaims(request.claims);
    const claims: Record<string, unknown> = { ...request.claims };
    fix?.(claims);
    if (issuer !== undefined) setIssuer(claims, issuer);
    if (request.setIat === true) claims.iat = now;
    if (request.setNbf === true) claims.nbf = now;
    if (request.setJti === true) claims.jti = uuid();
    setExpiration(claims, request.ttl, now, limits, keyMaxTtlSeconds);
    checkLimits?.(request.claims, claims);
    return encoded(claims);
  };
}

function setIssuer(claims: Record<string, unknown>, issuer: string): void {
  const asked = claims.iss;
  if (asked !== undefined && asked !== issuer) {
    throw new SignetError("issuer_mismatch", "claims.iss is not this issuer's URL; leave it out", { field: "claims.iss" });
  }
  claims.iss = issuer;
}

function setExpiration(
  claims: Record<string, unknown>,
  ttl: number | undefined,
  now: number,
  limits: Limits,
  keyMaxTtlSeconds: number,
): void {
  const longest = Math.min(limits.maxTtlSeconds, keyMaxTtlSeconds);
  if (ttl !== undefined) {
    if (ttl > longest) throw tooLong("ttl", longest);
    claims.exp = now + ttl;
  } else if (claims.exp === undefined) setDefaultExpiration(claims, now, limits, longest);
  const exp = claims.exp as number | undefined;
  if (exp === undefined) return;
  // A token that is dead when it is made has fooled nobody but its caller.
  if (exp <= now) throw new SignetError("invalid_claim", "claims.exp has already passed", { field: "claims.exp" });
  if (exp > now + longest) throw tooLong("claims.exp", longest);
  if ((claims.nbf as number) >= exp) {
    throw new SignetError("invalid_claim", "claims.nbf is not before the token's expiry: it would never be valid", {
      field: "claims.nbf",
    });
  }
}

function setDefaultExpiration(claims: Record<string, unknown>, now: number, limits: Limits, longest: number): void {
  if (limits.defaultTtlSeconds !== null) claims.exp = now + Math.min(limits.defaultTtlSeconds, longest);
  else if (limits.requireExpiration)
    throw new SignetError("expiration_required", "the token needs an end: give ttl or claims.exp", { field: "ttl" });
}

function tooLong(field: string, longest: number): SignetError {
  return new SignetError("ttl_exceeds_limit", `${field} is beyond the limit maxTtlSeconds: a token may live ${longest} seconds`, {
    field,
  });
}

// A different value is refused, not replaced: nobody gets a token that says something else than was asked.
function fixedClaimsSetter(fixed: Claims | undefined): ((claims: Record<string, unknown>) => void) | undefined {
  if (fixed === undefined) return undefined;
  const entries = Object.entries(fixed).map(([name, value]) => ({ name, value, text: JSON.stringify(value) }));
  return (claims) => {
    for (const { name, value, text } of entries) {
      if (claims[name] !== undefined && JSON.stringify(claims[name]) !== text) {
        throw new SignetError("claim_not_allowed", `the claim ${name} is fixed by fixedClaims; leave it out`, {
          field: `claims.${name}`,
        });
      }
      claims[name] = value;
    }
  };
}

function encoded(claims: Claims): string {
  const bytes = Buffer.from(JSON.stringify(claims), "utf8");
  if (bytes.length > MOST_PAYLOAD_BYTES) {
    throw new SignetError("request_too_large", `the claims take more than ${MOST_PAYLOAD_BYTES} bytes`, { field: "claims" });
  }
  return bytes.toString("base64url");
}
