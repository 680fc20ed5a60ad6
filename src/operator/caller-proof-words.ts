import { kidOfJwk } from "../algorithms/jwk-purpose.js";
import { isObject, isText } from "../encoding/list-of.js";
import { fromNow } from "../encoding/times-in-words.js";
import type { TrustRule } from "../settings/trusts.js";
import type { ListedCaller } from "./callers.js";
import { ruleInWords } from "./rule-words.js";

const OLD_SECONDS = 30 * 86_400;

/** Rules whose keys were pasted so long ago that the issuer may sign with others, those of exchanges too. */
export function oldKeysOf({ name, trusts = [], exchanges = [] }: ListedCaller, now: number): readonly string[] {
  const oldKeys = (kind: string, rules: readonly Pick<TrustRule, "jwks" | "jwksPastedAt" | "disabled">[]) =>
    rules.flatMap(({ jwks, jwksPastedAt, disabled }, index) => {
      if (jwks === undefined || disabled === true || (jwksPastedAt !== undefined && jwksPastedAt > now - OLD_SECONDS)) return [];
      const age = jwksPastedAt === undefined ? "at a time that is not known" : fromNow(jwksPastedAt, now);
      return [`the keys of ${name} ${kind}.${index} were pasted ${age}: they are renewed by hand alone`];
    });
  return [...oldKeys("trusts", trusts), ...oldKeys("exchanges", exchanges)];
}

/** What proves a caller beside its secrets, a line for each rule. */
export function proofsInWords({ trusts = [], exchanges = [], keys }: ListedCaller, now: number): readonly string[] {
  const rules = trusts.map((rule, index) => `trusts.${index} ${ruleInWords(rule)}${ageInWords(rule, now)}`);
  const exchanged = exchanges.map((rule, index) => `exchanges.${index} ${ruleInWords(rule)}${ageInWords(rule, now)}`);
  return [...rules, ...(keys === undefined ? [] : [`keys: ${keysInWords(keys)}`]), ...exchanged];
}

// Who pasted them is the only one to renew them.
function ageInWords({ jwks, jwksPastedAt }: TrustRule, now: number): string {
  if (jwks === undefined) return "";
  return jwksPastedAt === undefined ? " (keys pasted)" : ` (keys pasted ${fromNow(jwksPastedAt, now)})`;
}

function keysInWords({ jwks, jwksUrl }: NonNullable<ListedCaller["keys"]>): string {
  if (jwks === undefined) return `those at ${jwksUrl ?? ""}`;
  const keys = Array.isArray(jwks.keys) ? jwks.keys.filter(isObject) : [];
  return keys.map((key) => nameOf(kidOfJwk(key))).join(", ");
}

function nameOf(kid: unknown): string {
  return isText(kid) ? kid : "one without a kid";
}

/** The secrets of a caller, each in words: when it was made, and when it ends. */
export function secretsInWords({ secrets }: ListedCaller, now: number): readonly string[] {
  return secrets.map(({ createdAt, expiresAt }) => {
    const end = expiresAt === undefined ? "no end" : expiresAt <= now ? "expired" : `expires ${fromNow(expiresAt, now)}`;
    return `made ${fromNow(createdAt, now)}, ${end}`;
  });
}
