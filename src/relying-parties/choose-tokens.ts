import { type Facts, withFacts } from "./facts.js";
import { ruleValue } from "./notation.js";
import { ownChoice } from "./own-choices.js";
import type { Reason } from "./reason.js";
import type { RelyingParty } from "./relying-party.js";
import type { WayUsed } from "./ways-used.js";
import { type RuleName, ruleSaid } from "./words.js";

/** The members of `tokens` that are chosen. Absent: as tokens usually are. */
export interface ChosenTokens {
  readonly iss?: string;
  readonly iat?: number;
  readonly jti?: true;
  readonly exp?: false;
  readonly kid?: false;
  readonly kids?: Readonly<Record<string, string>>;
  readonly certificates?: Readonly<Record<string, string>>;
}

/** `{}`: what is known of each key once there is one. */
type Value = string | number | boolean | Readonly<Record<string, never>>;

interface Decided {
  readonly party: RelyingParty;
  readonly rule: string;
}

/** How the tokens of an issuer differ from the usual, so that parties take them that do not exclude each other. */
export function chooseTokens(
  parties: readonly RelyingParty[],
  facts: Facts,
  ways: readonly WayUsed[],
): { readonly tokens: ChosenTokens; readonly reasons: readonly Reason[] } {
  const chosen: [keyof ChosenTokens, Value, Decided][] = [
    ...issOf(parties, facts),
    ...iatOf(parties),
    ...member("jti", true, firstWith(parties, "requiredClaims", needsJti) ?? firstWith(parties, "singleUse", isOnce)),
    ...member("exp", false, leavesExpOut(parties)),
    ...member("kid", false, firstWith(parties, "kid", ({ kid }) => ruleValue(kid) === "absent") ?? namesKeyLater(ways)),
    ...member("certificates", {}, firstWith(parties, "headerMembers", needsCertificate)),
  ];
  return {
    tokens: Object.fromEntries(chosen.map(([name, value]) => [name, value])) as ChosenTokens,
    reasons: chosen.map(([name, value, { party, rule }]) => ({
      member: `tokens.${name}`,
      value: typeof value === "object" ? "of the key" : `${value}`,
      party: party.id,
      rule,
    })),
  };
}

type Member = [keyof ChosenTokens, Value, Decided];

function member(name: keyof ChosenTokens, value: Value, decided: Decided | undefined): Member[] {
  return decided === undefined ? [] : [[name, value, decided]];
}

function firstWith(
  parties: readonly RelyingParty[],
  rule: RuleName,
  isSo: (party: RelyingParty) => boolean,
): Decided | undefined {
  const party = parties.find(isSo);
  return party && { party, rule: ruleSaid(party, rule) };
}

function issOf(parties: readonly RelyingParty[], facts: Facts): Member[] {
  const decided = firstWith(parties, "issuer", (party) => ownChoice(party).iss !== undefined);
  const { iss = "" } = decided === undefined ? {} : ownChoice(decided.party);
  return member("iss", withFacts(iss, facts), decided);
}

// Who wants it some seconds back stands before who only wants it.
function iatOf(parties: readonly RelyingParty[]): Member[] {
  const back = (party: RelyingParty): number => ruleValue(party.iat)?.advisedSecondsAgo ?? 0;
  const seconds = Math.max(...parties.map(back));
  if (seconds > 0) {
    return member(
      "iat",
      seconds,
      firstWith(parties, "iat", (party) => back(party) === seconds),
    );
  }
  const isFromIat = ({ longestLife }: RelyingParty) => ruleValue(longestLife)?.from === "iat";
  const decided =
    firstWith(parties, "requiredClaims", needsIat) ??
    firstWith(parties, "longestLife", isFromIat) ??
    firstWith(parties, "iat", (party) => ownChoice(party).iat === true);
  return member("iat", 0, decided);
}

function needsIat({ requiredClaims }: RelyingParty): boolean {
  return ruleValue(requiredClaims)?.includes("iat") === true;
}

function needsJti({ requiredClaims }: RelyingParty): boolean {
  return ruleValue(requiredClaims)?.includes("jti") === true;
}

function isOnce({ singleUse }: RelyingParty): boolean {
  return ruleValue(singleUse) === "yes";
}

function needsCertificate({ headerMembers }: RelyingParty): boolean {
  return ruleValue(headerMembers)?.includes("x5t#S256") === true;
}

function leavesExpOut(parties: readonly RelyingParty[]): Decided | undefined {
  const party = parties.find((each) => ownChoice(each).exp === false);
  return party && { party, rule: ruleSaid(party, "requiredClaims") };
}

// A key of which the other side has made the name known has it; the name of any other would be one that it does not know.
function namesKeyLater(ways: readonly WayUsed[]): Decided | undefined {
  const party = ways.find((way) => way.how === "paste" && ownChoice(way.party).namesKeyLater === true)?.party;
  return party && { party, rule: ruleSaid(party, "kid") };
}
