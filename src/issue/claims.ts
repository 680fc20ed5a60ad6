import { parseStrictJson } from "../encoding/strict-json.js";
import { CLAIMS_BUFFER_BYTES, enclose, invalidClaim, readOnce, writeClaims } from "./claims-json.js";
import type { Claims } from "./request.js";

/**
 * Checks that registered claims have their types (RFC 7519 section 4.1).
 *
 * @throws SignetError `invalid_claim`, naming the claim
 */
export function checkRegisteredClaims({ iss, sub, jti, exp, nbf, iat, aud }: Claims): void {
  checkText(iss, "claims.iss");
  checkText(sub, "claims.sub");
  checkText(jti, "claims.jti");
  checkNumericDate(exp, "claims.exp");
  checkNumericDate(nbf, "claims.nbf");
  checkNumericDate(iat, "claims.iat");
  checkAudience(aud);
}

/**
 * Checks claims that are not about to be signed, and copies them as they would be.
 *
 * @throws SignetError `invalid_claim`, naming the claim, or `request_too_large`
 */
export function copyOfClaims(claims: Claims): Claims {
  const out = Buffer.allocUnsafe(CLAIMS_BUFFER_BYTES);
  const whole = enclose(
    out,
    0,
    writeClaims(out, readOnce(claims), () => false),
  );
  const copy = parseStrictJson(out.toString("utf8", 0, whole), "fixedClaims") as Claims;
  checkRegisteredClaims(copy);
  return copy;
}

function checkText(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== "string") throw invalidClaim(path, "must be a text");
}

function checkNumericDate(value: unknown, path: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw invalidClaim(path, "must be a whole number of seconds since 1970");
  }
}

function checkAudience(value: unknown): void {
  if (value === undefined || typeof value === "string") return;
  const isList = Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === "string");
  if (!isList) throw invalidClaim("claims.aud", "must be a text or a list of texts");
}
