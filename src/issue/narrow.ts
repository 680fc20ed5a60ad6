import { SignetError } from "../errors.js";
import type { Claims } from "./request.js";
import { audienceMatches, type Limits } from "./limits.js";

/**
 * The narrower of an issuer's limits and a caller's, member by member: what both allow.
 *
 * @throws SignetError `config_invalid` where both fix the same claim to different values
 */
export function narrowLimits(issuer: Limits, caller: Partial<Limits>): Limits {
  const maxTtlSeconds = Math.min(issuer.maxTtlSeconds, caller.maxTtlSeconds ?? Number.POSITIVE_INFINITY);
  return {
    maxTtlSeconds,
    defaultTtlSeconds: caller.defaultTtlSeconds === undefined ? issuer.defaultTtlSeconds : caller.defaultTtlSeconds,
    requireExpiration: issuer.requireExpiration || caller.requireExpiration === true,
    ...defined({
      fixedClaims: bothFixed(issuer.fixedClaims, caller.fixedClaims),
      allowedClaims: both(issuer.allowedClaims, caller.allowedClaims, (a, b) => a.filter((name) => b.includes(name))),
      requiredClaims: both(issuer.requiredClaims, caller.requiredClaims, (a, b) => [...new Set([...a, ...b])]),
      allowedAudiences: both(issuer.allowedAudiences, caller.allowedAudiences, commonAudiences),
      allowedTypes: both(issuer.allowedTypes, caller.allowedTypes, (a, b) => a.filter((type) => b.includes(type))),
      maxTokensPerMinute: caller.maxTokensPerMinute,
    }),
  };
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
      throw new SignetError("config_invalid", `the caller fixes the claim ${name} to another value than the issuer`, { field: `fixedClaims.${name}` });
    }
  }
  return issuer === undefined ? caller : { ...issuer, ...caller };
}

function both<T>(left: T | undefined, right: T | undefined, join: (left: T, right: T) => T): T | undefined {
  if (left === undefined) return right;
  return right === undefined ? left : join(left, right);
}

function defined<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [Name in keyof T]?: Exclude<T[Name], undefined> };
}
