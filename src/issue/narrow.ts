import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import type { Limits, OwnLimits } from "../settings/limits.js";
import type { Claims } from "./request.js";

/**
 * The narrower of an issuer's limits and a caller's, member by member: what both allow. `allowedTypes` is the exception where the
 * issuer has none: then the caller's stand.
 *
 * @throws SignetError `config_invalid` where both fix the same claim to different values, or the caller one that the issuer does not allow
 */
export function narrowLimits(issuer: Limits, caller: OwnLimits): Limits {
  return {
    maxTtlSeconds: Math.min(issuer.maxTtlSeconds, caller.maxTtlSeconds ?? Number.POSITIVE_INFINITY),
    defaultTtlSeconds: narrowerDefault(issuer, caller.defaultTtlSeconds),
    // The keyring learns from the issuer's limits alone whether tokens without end exist: no caller may make the first one.
    requireExpiration: issuer.requireExpiration || issuer.defaultTtlSeconds !== null || caller.requireExpiration === true,
    fixedClaims: bothFixed(issuer, caller.fixedClaims),
    allowedClaims: both(issuer.allowedClaims, caller.allowedClaims, (a, b) => a.filter((name) => b.includes(name))),
    requiredClaims: both(issuer.requiredClaims, caller.requiredClaims, (a, b) => [...new Set([...a, ...b])]),
    allowedAudiences: both(issuer.allowedAudiences, caller.allowedAudiences, commonAudiences),
    allowedTypes: both(issuer.allowedTypes, caller.allowedTypes, (a, b) => a.filter((type) => b.includes(type))),
    maxTokensPerMinute: both(issuer.maxTokensPerMinute, caller.maxTokensPerMinute, Math.min),
    // A limit that is not narrowed here would be none for callers.
  } satisfies Record<keyof Limits, unknown>;
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
  if (contains(left, right)) return right;
  return contains(right, left) ? left : undefined;
}

// A pattern is no audience: what all audiences of it begin with has to begin as the wider one says.
function contains(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  return wide.endsWith("*") && narrow.replace(/\*$/, "").startsWith(wide.slice(0, -1));
}

function bothFixed({ fixedClaims: issuer, allowedClaims }: Limits, caller: Claims | undefined): Claims | undefined {
  const allowed = allowedClaims && new Set([...allowedClaims, ...Object.keys(issuer ?? {})]);
  for (const name of Object.keys(caller ?? {})) {
    if (allowed === undefined || allowed.has(name)) continue;
    const what = `the caller fixes the claim ${name}, which is not among the issuer's allowedClaims; add it there`;
    throw new SignetError("config_invalid", what, { field: `fixedClaims.${name}` });
  }
  for (const [name, value] of Object.entries(caller ?? {})) {
    if (Object.hasOwn(issuer ?? {}, name) && JSON.stringify(ownMember(issuer ?? {}, name)) !== JSON.stringify(value)) {
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
