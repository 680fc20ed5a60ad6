import { ownMember } from "../encoding/own-member.js";
import { SignetError } from "../errors.js";
import type { CopyingRule } from "../settings/claims-from-proof.js";

/**
 * The claims that tokens get from a proof, by our names. A claim that the proof does not have is left out, and no request can say it instead:
 * GitHub's `environment` is in the tokens of jobs that have one. Where it must be there, `requiredClaims` say so.
 *
 * @param rule the rule that matched
 * @throws SignetError `proof_refused` where what would become `sub` is no text
 */
export function claimsForTokens(rule: CopyingRule, claims: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { claimsFromProof = {}, subjectPrefix = "" } = rule;
  const copied = Object.entries(claimsFromProof).flatMap(([source, name]): [string, unknown][] => {
    const value = ownMember(claims, source);
    if (value === undefined) return [];
    if (name !== "sub") return [[name as string, value]];
    if (typeof value === "string" && value !== "") return [["sub", `${subjectPrefix}${value}`]];
    throw new SignetError("proof_refused", "the claim of the proof that becomes sub (claimsFromProof) is no text", {
      field: "claims.sub",
    });
  });
  return Object.fromEntries(copied);
}
