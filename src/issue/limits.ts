import { MAX_ECHO, SignetError } from "../errors.js";
import { DEFAULT_LIMITS, type Limits, readLimits } from "../settings/limits.js";
import { copyOfClaims } from "./claims.js";
import type { FixedClaims } from "./fixed-claims.js";
import type { Claims } from "./request.js";

/**
 * The limits of an issuer: what was given, checked and completed.
 *
 * @param given what a program, a file or a variable said; `undefined` is nothing
 * @param issuer the issuer's URL, or `tokens.iss`, which fixes `iss` by itself
 * @throws SignetError `config_invalid`, naming the limit
 */
export function completeLimits(given: unknown, issuer?: string): Limits {
  return { ...DEFAULT_LIMITS, ...ownLimits(given, issuer) };
}

/**
 * Limits as they were given, checked, and nothing added. The claims that they fix are a copy: those that were checked.
 *
 * @throws SignetError `config_invalid`, naming the limit
 */
export function ownLimits(given: unknown, issuer?: string): Partial<Limits> {
  const limits = readLimits(given);
  const { fixedClaims } = limits;
  if (fixedClaims === undefined) return limits;
  if (issuer !== undefined && Object.hasOwn(fixedClaims, "iss"))
    throw wrong("fixedClaims", "cannot fix iss: the issuer's own does");
  try {
    return { ...limits, fixedClaims: copyOfClaims(fixedClaims) };
  } catch (error) {
    throw wrong("fixedClaims", `cannot be signed: ${(error as Error).message}`);
  }
}

function wrong(name: string, what: string): SignetError {
  return new SignetError("config_invalid", `limits.${name} ${what}`, { field: `limits.${name}` });
}

/** Checks a token's claims, complete as they would be signed, against the limits that concern them. What is fixed may be asked, too. */
export type ClaimsCheck = (asked: Claims, complete: Claims, fixed: Pick<FixedClaims, "own" | "proven">) => void;

/**
 * Binds the limits on claims; `undefined` where there are none, so that nothing is spent on them.
 *
 * @throws (the bound check) SignetError `claim_not_allowed`, `claim_required` or `audience_not_allowed`, naming the claim
 */
export function claimsCheck(limits: Limits): ClaimsCheck | undefined {
  const { allowedClaims, requiredClaims, allowedAudiences } = limits;
  if (allowedClaims === undefined && requiredClaims === undefined && allowedAudiences === undefined) return undefined;
  const allowed = allowedClaims && new Set(allowedClaims);
  return (asked, complete, { own, proven }) => {
    if (allowed !== undefined) {
      for (const name of Object.keys(asked)) {
        if (allowed.has(name) || Object.hasOwn(own, name) || Object.hasOwn(proven, name)) continue;
        throw refused("claim_not_allowed", name, "is not among allowedClaims");
      }
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
function audienceMatches(pattern: string, audience: string): boolean {
  return pattern.endsWith("*") ? audience.startsWith(pattern.slice(0, -1)) : audience === pattern;
}

function refused(code: "claim_not_allowed" | "claim_required" | "audience_not_allowed", name: string, what: string): SignetError {
  return new SignetError(code, `the claim${name.length > MAX_ECHO ? "" : ` ${name}`} ${what}`, { field: `claims.${name}` });
}
