import { ownMember } from "../encoding/own-member.js";
import type { Limits } from "../settings/limits.js";

/** What the issuer sets itself, so that no request has to ask for it. */
const SET_BY_ISSUER = ["iss", "exp", "iat", "nbf", "jti"];

/**
 * What members of a config say against each other, where the one that decides is not the one that was meant.
 *
 * @param members checked, and without what stands for absent ones: those contradict nothing
 */
export function contradictions(members: Readonly<Record<string, unknown>>): string[] {
  const callers = Object.entries((members.callers ?? {}) as Readonly<Record<string, { readonly limits?: object }>>);
  return [
    ...ofLimits("limits", members.limits),
    ...callers.flatMap(([name, { limits }]) => ofLimits(`callers.${name}.limits`, limits)),
  ];
}

function ofLimits(where: string, limits: unknown): string[] {
  const { maxTtlSeconds, defaultTtlSeconds, requiredClaims, allowedClaims, fixedClaims = {} } = (limits ?? {}) as Partial<Limits>;
  const found: string[] = [];
  if (maxTtlSeconds !== undefined && defaultTtlSeconds != null && defaultTtlSeconds > maxTtlSeconds) {
    found.push(
      `${where}.defaultTtlSeconds (${defaultTtlSeconds}) is above ${where}.maxTtlSeconds (${maxTtlSeconds}), so tokens live ${maxTtlSeconds} seconds`,
    );
  }
  const impossible = requiredClaims?.find(
    (name) =>
      allowedClaims?.includes(name) === false &&
      !SET_BY_ISSUER.includes(name) &&
      ownMember<unknown>(fixedClaims, name) === undefined,
  );
  if (impossible !== undefined) {
    found.push(`${where}.requiredClaims has ${impossible}, which ${where}.allowedClaims does not allow, so no token is issued`);
  }
  return found;
}
