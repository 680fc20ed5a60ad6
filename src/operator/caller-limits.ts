import { durationInWords } from "../encoding/durations.js";
import { shortened } from "../errors.js";
import { narrowLimits } from "../issue/narrow.js";
import { LIMIT_MEMBERS, type Limits, type OwnLimits } from "../settings/limits.js";

/** A limit that is in force for a caller. */
export interface LimitInForce {
  /** As in `signet.json`. */
  readonly member: keyof Limits;
  readonly value: unknown;
  readonly words: string;
  /** Whose limit it is: which of two was narrower. `both`: they say the same, or what both allow is less than what each does. */
  readonly from: "caller" | "issuer" | "both";
}

/**
 * The limits that are in force for a caller, and where each comes from. Members that limit nothing are left out.
 *
 * @throws SignetError `config_invalid` for limits that contradict the issuer's
 */
export function limitsInForce(issuer: Limits, caller: OwnLimits): readonly LimitInForce[] {
  const narrowed = narrowLimits(issuer, caller);
  const names = Object.keys(LIMIT_MEMBERS) as (keyof Limits)[];
  return names.flatMap((member): LimitInForce[] => {
    const value = narrowed[member];
    const words = wordsOf(member, narrowed);
    if (value === undefined || words === undefined) return [];
    return [{ member, value, words, from: originOf(value, issuer[member], caller[member]) }];
  });
}

function originOf(value: unknown, issuers: unknown, callers: unknown): LimitInForce["from"] {
  if (callers === undefined) return "issuer";
  if (issuers === undefined) return "caller";
  const [is, own] = [isSame(value, issuers), isSame(value, callers)];
  return is === own ? "both" : is ? "issuer" : "caller";
}

// Names and audiences are sets: their order says nothing.
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
}

function wordsOf(member: keyof Limits, limits: Limits): string | undefined {
  const list = (names: readonly string[] | undefined): string => names?.map((name) => shortened(name)).join(", ") || "none";
  const { maxTtlSeconds, defaultTtlSeconds, requireExpiration, fixedClaims = {}, maxTokensPerMinute } = limits;
  switch (member) {
    case "maxTtlSeconds":
      return `a token lives ${durationInWords(maxTtlSeconds)} at most`;
    case "defaultTtlSeconds":
      return defaultTtlSeconds === null
        ? requireExpiration
          ? "its end has to be asked for"
          : "it has no end where none is asked for"
        : `it lives ${durationInWords(Math.min(defaultTtlSeconds, maxTtlSeconds))} where no other life is asked for`;
    case "requireExpiration":
      return requireExpiration ? "each token has an end" : "tokens without an end may be asked for";
    case "fixedClaims":
      return Object.keys(fixedClaims).length === 0 ? undefined : `each token gets ${list(Object.keys(fixedClaims))}`;
    case "allowedClaims":
      return `claims that may be asked for: ${list(limits.allowedClaims)}`;
    case "requiredClaims":
      return limits.requiredClaims?.length === 0 ? undefined : `claims that each token has: ${list(limits.requiredClaims)}`;
    case "allowedAudiences":
      return `audiences that may be asked for: ${list(limits.allowedAudiences)}`;
    case "allowedTypes":
      return `types beside JWT: ${list(limits.allowedTypes)}`;
    case "maxTokensPerMinute":
      return `${maxTokensPerMinute} tokens within any minute`;
  }
}
