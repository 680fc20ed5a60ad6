import type { JudgedCaller, NamedRule } from "./judge-callers.js";
import type { Choice, Matcher, Members, Scalar } from "./matching.js";

/** Two callers that one token could prove: it would be refused, unless client_id names one of them. */
export interface Overlap {
  readonly caller: string;
  readonly rule: string;
  readonly otherCaller: string;
  readonly otherRule: string;
}

/** Finds the rules of different callers that one token could match. @param caller only those that concern this one */
export function findOverlaps(callers: readonly JudgedCaller[], caller?: string): readonly Overlap[] {
  const groups = new Map<string, { readonly caller: string; readonly rule: NamedRule }[]>();
  for (const { name, trusts } of callers) {
    for (const rule of trusts) {
      groups.set(rule.audience, [...(groups.get(rule.audience) ?? []), { caller: name, rule }]);
    }
  }
  return [...groups.values()].flatMap((group) =>
    group.flatMap((one, index) =>
      (caller === undefined ? group.slice(index + 1) : one.caller === caller ? group : []).flatMap((other) =>
        one.caller !== other.caller && rulesMeet(one.rule, other.rule)
          ? [{ caller: one.caller, rule: one.rule.name, otherCaller: other.caller, otherRule: other.rule.name }]
          : [],
      ),
    ),
  );
}

function rulesMeet(one: NamedRule, other: NamedRule): boolean {
  if (one.issuer === other.issuer) return membersMeet(one.claims, other.claims);
  // A SPIFFE ID is its trust domain's whatever iss says: a token can be that, and of the issuer by whose URL another rule finds the same keys.
  const [svid, named] = one.isSpiffe ? [one, other] : [other, one];
  if (!svid.isSpiffe || named.isSpiffe || !named.fixed.some(({ path }) => path.join() === "sub")) return false;
  const ids: Choice = { kind: "choice", values: new Set(), prefixes: [`${svid.issuer}/`], objects: [], isExclusion: false };
  return membersMeet({ kind: "members", members: [...svid.claims.members, ["sub", ids]] }, named.claims);
}

function membersMeet({ members }: Members, other: Members): boolean {
  const others = new Map(other.members);
  return members.every(([name, matcher]) => {
    const counterpart = others.get(name);
    return counterpart === undefined || matchersMeet(matcher, counterpart);
  });
}

function matchersMeet(one: Matcher, other: Matcher): boolean {
  if (one.kind === "members" && other.kind === "members") return membersMeet(one, other);
  if (one.kind === "members") return other.kind === "choice" && objectsMeet([one], other);
  if (other.kind === "members") return objectsMeet([other], one);
  if (one.isExclusion && other.isExclusion) return true;
  if (one.isExclusion) return isPossibleBeside(other, one);
  if (other.isExclusion) return isPossibleBeside(one, other);
  return choicesMeet(one, other) || choicesMeet(other, one) || objectsMeet(one.objects, other);
}

function objectsMeet(objects: readonly Members[], { objects: others, isExclusion }: Choice): boolean {
  return !isExclusion && objects.some((each) => others.some((other) => membersMeet(each, other)));
}

function choicesMeet(one: Choice, other: Choice): boolean {
  return (
    [...one.values].some((value) => isIn(value, other)) || one.prefixes.some((prefix) => hasBeginning(prefix, other.prefixes))
  );
}

function isPossibleBeside({ values, prefixes }: Choice, exclusion: Choice): boolean {
  return (
    [...values].some((value) => !isIn(value, exclusion)) || prefixes.some((prefix) => !hasBeginning(prefix, exclusion.prefixes))
  );
}

function isIn(value: Scalar, { values, prefixes }: Choice): boolean {
  return values.has(value) || (typeof value === "string" && hasBeginning(value, prefixes));
}

function hasBeginning(text: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => text.startsWith(prefix));
}
