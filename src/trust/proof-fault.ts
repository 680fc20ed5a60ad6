import { isText } from "../encoding/list-of.js";
import { normalType } from "../verify/header.js";
import type { VerifiedToken } from "../verify/verifier.js";
import { PROOF_SKEW_SECONDS } from "./key-set.js";
import { findMismatch } from "./matching.js";
import { type JudgedRule, MAX_LIFE_SECONDS } from "./rules.js";

type Claims = Readonly<Record<string, unknown>>;

/**
 * Finds what of a token is not as a rule wants it, by issuer, audience and claims: before the signature was looked at, to find the rules that
 * come into question, and once more of what was verified.
 *
 * @returns why, for the log, in names that the rule has itself; `undefined` where it is right
 */
export function mismatch(rule: JudgedRule, claims: Claims): string | undefined {
  if (!isOfIssuer(rule, claims)) return "another issuer";
  if (!isSoleAudience(claims.aud, [rule.audience])) return "its only audience is not the rule's";
  const path = findMismatch(claims, rule.claims);
  return path && `the claim ${path.join(".")} is not as the rule has it`;
}

/**
 * Finds what is wrong with a token whose signature is good, and whose claims match.
 *
 * @returns why, for the log; `undefined` where nothing is wrong
 */
export function proofFault(rule: JudgedRule, { header, claims }: VerifiedToken, now: number): string | undefined {
  if (!isRightType(rule, header.typ)) return "its typ is not one that the rule takes";
  const { iat, exp, jti, cnf } = claims;
  // Who holds it has to prove a key with it (RFC 7800): shown alone it is perhaps a thief's.
  if (cnf !== undefined) return "it is bound to a key (cnf)";
  if (iat === undefined) return "it has no iat";
  if (exp === undefined || exp - iat > MAX_LIFE_SECONDS) return "it lives longer than a day";
  if (!(iat >= now - PROOF_SKEW_SECONDS - rule.maxAgeSeconds)) return "it is older than maxAgeSeconds";
  if (rule.singleUse && (jti === undefined || jti === "")) return "it has no jti, and the rule takes each proof once";
  return undefined;
}

/** Whether a token says that it is of a rule's issuer. A SPIFFE ID names its trust domain, whatever iss says. */
export function isOfIssuer({ isSpiffe, issuer }: JudgedRule, { iss, sub }: Claims): boolean {
  return (isSpiffe ? trustDomainOf(sub) : iss) === issuer;
}

/** Whether the only audience of a token is one of these: any other that it names could show it here. */
export function isSoleAudience(aud: unknown, audiences: readonly string[]): boolean {
  const sole: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return isText(sole) && audiences.includes(sole);
}

/** The trust domain of a SPIFFE ID. */
export function trustDomainOf(subject: unknown): string | undefined {
  return isText(subject) ? /^(spiffe:\/\/[^/]{1,255})\/./.exec(subject)?.[1] : undefined;
}

/** Whether a token's type is one that a rule takes. */
export function isRightType(rule: JudgedRule, typ: string | undefined): boolean {
  if (typ === undefined) return rule.acceptsUntyped;
  return acceptedTypes(rule).map(normalType).includes(normalType(typ));
}

/** The types that a rule takes. */
export function acceptedTypes({ types, isSpiffe }: JudgedRule): readonly string[] {
  return types ?? (isSpiffe ? ["JWT", "JOSE"] : ["JWT"]);
}
