import type { OwnLimits } from "../settings/limits.js";
import type { ProofSettings } from "../settings/trusts.js";
import { judgeOwnKeys, type OwnKeys } from "./client-assertion.js";
import { assertClaimsFromProofs } from "./judge-claims.js";
import { type JudgedRule, judgeExchange, judgeTrust } from "./rules.js";

/** A rule of a caller, and its place there. */
export interface NamedRule extends JudgedRule {
  /** `trusts.0` */
  readonly name: string;
  /** What an exchange allows. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
}

/** What of a caller concerns proofs, judged; rules that are switched off are not in it. */
export interface JudgedCaller {
  readonly name: string;
  readonly trusts: readonly NamedRule[];
  readonly exchanges: readonly NamedRule[];
  readonly keys: OwnKeys | undefined;
}

/**
 * Judges what callers say of proofs: the one place for `signet.json`, the command and the stack's callers. A rule that is switched off is
 * judged as well, so that it can be switched on.
 *
 * @param issuer the URL of the issuer whose callers these are
 * @throws SignetError `config_invalid`, naming the member (`callers.ci.trusts.0.claims.sub`)
 */
export function judgeCallers(
  callers: Readonly<Record<string, ProofSettings & { readonly limits?: OwnLimits | undefined }>>,
  issuer: string | undefined,
): readonly JudgedCaller[] {
  // What the issuer's own limits say to it is judged where they are known, too.
  assertClaimsFromProofs({}, callers);
  return Object.entries(callers).map(([name, settings]) => judgeCaller(name, settings, issuer));
}

/** Judges what one caller says of proofs. @throws SignetError `config_invalid` */
export function judgeCaller(name: string, { trusts = [], exchanges = [], keys }: ProofSettings, issuer: string | undefined) {
  const at = (member: string) => ({ where: `callers.${name}.${member}`, issuer });
  const none = { audiences: [], scopes: [] };
  const judgedTrusts = trusts.map((rule, index): readonly NamedRule[] => {
    const judged = judgeTrust(rule, at(`trusts.${index}`));
    return rule.disabled === true ? [] : [{ ...judged, ...none, name: `trusts.${index}` }];
  });
  const judgedExchanges = exchanges.map((rule, index): readonly NamedRule[] => {
    const judged = judgeExchange(rule, at(`exchanges.${index}`));
    const { audiences, scopes = [] } = rule;
    return rule.disabled === true ? [] : [{ ...judged, audiences, scopes, name: `exchanges.${index}` }];
  });
  return {
    name,
    trusts: judgedTrusts.flat(),
    exchanges: judgedExchanges.flat(),
    keys: keys === undefined ? undefined : judgeOwnKeys(name, keys, at("keys")),
  };
}
