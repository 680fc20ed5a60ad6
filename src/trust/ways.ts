import type { AlgorithmName } from "../algorithms/table.js";
import type { FollowedKeys } from "../verify/followed-keys.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { claimsForTokens } from "./claims-for-tokens.js";
import { assertionFault, type OwnKeys } from "./client-assertion.js";
import type { NamedRule } from "./judge-callers.js";
import type { KeySet } from "./key-set.js";
import type { KeySource } from "./key-sources.js";
import { isSoleAudience, mismatch, proofFault } from "./proof-fault.js";

type Claims = Readonly<Record<string, unknown>>;
type KeysOf = ReadonlyMap<KeySource, FollowedKeys<KeySet>>;

/** One way in which a token can prove a caller: by a rule, or by the caller's own keys. */
export interface Way {
  readonly caller: string;
  /** `trusts.0`, or `keys`. */
  readonly rule: string;
  /** Who signs. */
  readonly issuer: string;
  readonly keys: FollowedKeys<KeySet>;
  readonly algorithms: readonly AlgorithmName[] | undefined;
  readonly singleUse: boolean;
  /** Why claims do not fit, before their signature counts; for the log. */
  mismatch(claims: Claims): string | undefined;
  /** Why a token whose signature is good is refused; for the log. */
  fault(token: VerifiedToken, now: number): string | undefined;
  /** The claims that tokens get from it, by our names. */
  claimsForTokens(claims: Claims): Claims;
}

/** A way by a rule. */
export interface RuleWay extends Way, Pick<NamedRule, "indexedBy" | "fixed" | "audiences" | "scopes" | "subjectPrefix"> {}

export function wayByRule(caller: string, rule: NamedRule, keysOf: KeysOf): RuleWay {
  const { issuer, algorithms, singleUse, indexedBy, fixed, audiences, scopes, subjectPrefix } = rule;
  return Object.freeze({
    ...{ caller, rule: rule.name, issuer, algorithms, singleUse, indexedBy, fixed, audiences, scopes, subjectPrefix },
    keys: keysIn(keysOf, rule.source),
    mismatch: (claims: Claims) => mismatch(rule, claims),
    fault: (token: VerifiedToken, now: number) => mismatch(rule, token.claims) ?? proofFault(rule, token, now),
    claimsForTokens: (claims: Claims) => claimsForTokens(rule, claims),
  });
}

export function wayByKeys(caller: string, { source, algorithms, audiences }: OwnKeys, keysOf: KeysOf): Way {
  const unlike = ({ iss, sub, aud }: Claims) => {
    if (iss !== caller || sub !== caller) return "its iss and sub are not both the caller's name";
    return isSoleAudience(aud, audiences) ? undefined : "its only audience is not this issuer's URL";
  };
  return Object.freeze({
    caller,
    rule: "keys",
    issuer: caller,
    keys: keysIn(keysOf, source),
    algorithms,
    // It is made for one request (RFC 7523 section 3, point 7), and every server that sees it could show it again.
    singleUse: true,
    mismatch: unlike,
    fault: (token: VerifiedToken, now: number) => unlike(token.claims) ?? assertionFault(token, now),
    claimsForTokens: () => ({}),
  });
}

function keysIn(keysOf: KeysOf, source: KeySource): FollowedKeys<KeySet> {
  return keysOf.get(source) as FollowedKeys<KeySet>;
}
