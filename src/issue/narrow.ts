import { SignetError } from "../errors.js";
import { audienceMatches, type Limits } from "./limits.js";
import type { Claims } from "./request.js";

/** A caller's own limits: what they do not say is as the issuer's limits say. */
export type OwnLimits = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

/**
 * The narrower of an issuer's limits and a caller's, member by member: what both allow. `allowedTypes` is the exception where the
 * issuer has none: then the caller's stand.
 *
 * @throws SignetError `config_invalid` where both fix the same claim to different values
 */
export function narrowLimits(issuer: Limits, caller: OwnLimits): Limits {
  return {
    maxTtlSeconds: Math.min(issuer.maxTtlSeconds, caller.maxTtlSeconds ?? Number.POSITIVE_INFINITY),
    defaultTtlSeconds: narrowerDefault(issuer, caller.defaultTtlSeconds),
    // The keyring learns from the issuer's limits alone whether tokens without end exist: no caller may make the first one.
    requireExpiration: issuer.requireExpiration || issuer.defaultTtlSeconds !== null || caller.requireExpiration === true,
    fixedClaims: bothFixed(issuer.fixedClaims, caller.fixedClaims),
    allowedClaims: both(issuer.allowedClaims, caller.allowedClaims, (a, b) => a.filter((name) => b.includes(name))),
    requiredClaims: both(issuer.requiredClaims, caller.requiredClaims, (a, b) => [...new Set([...a, ...b])]),
    allowedAudiences: both(issuer.allowedAudiences, caller.allowedAudiences, commonAudiences),
    allowedTypes: both(issuer.allowedTypes, caller.allowedTypes, (a, b) => a.filter((type) => b.includes(type))),
    maxTokensPerMinute: both(issuer.maxTokensPerMinute, caller.maxTokensPerMinute, Math.min),
  };
}

// `null` makes asking obligatory, which is narrower than any default, except where it lets tokens live for ever.
function narrowerDefault(issuer: Limits, caller: number | null | undefined): number | null {
  const own = issuer.defaultTtlSeconds;
  if (caller === undefined) return own;
  if (own === null) return issuer.requireExpiration ? null : caller;
  return caller === null ? null : Math.min(own, caller);
}

// An audience that both sides allow: of two patterns the narrower one, where one contains the other.
function commonAudiences(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set(a.flatMap((left) => b.flatMap((right) => narrowerPattern(left, right) ?? [])))];
}

function narrowerPattern(left: string, right: string): string | undefined {
  if (audienceMatches(left, right)) return right;
  return audienceMatches(right, left) ? left : undefined;
}

function bothFixed(issuer: Claims | undefined, caller: Claims | undefined): Claims | undefined {
  for (const [name, value] of Object.entries(caller ?? {})) {
    if (issuer !== undefined && Object.hasOwn(issuer, name) && JSON.stringify(issuer[name]) !== JSON.stringify(value)) {
      throw new SignetError("config_invalid", `the caller fixes the claim ${name} to another value than the issuer does`, {
        field: `fixedClaims.${name}`,
      });
    }
  }
  return issuer === undefined ? caller : { ...issuer, ...caller };
}

function both<T>(left: T | undefined, right: T | undefined, join: (left: T, right: T) => T): T | undefined {
  if (left === undefined) return right;
  return right === undefined ? left : join(left, right);
}
