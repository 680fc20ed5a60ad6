import type { ChosenLimits } from "./choose-limits.js";
import { ruleValue } from "./notation.js";
import { ownChoice } from "./own-choices.js";
import type { RelyingParty } from "./relying-party.js";
import { ruleSaid } from "./words.js";

/** What is to be known of a party whose tokens are made by an issuer. */
export interface PartyNote {
  readonly party: string;
  readonly words: string;
}

/** What a request, or who configures the other side, has to know beyond what the issuer does by itself. */
export function notesOn(
  parties: readonly RelyingParty[],
  chosen: { readonly algorithm: string; readonly limits: ChosenLimits },
): readonly PartyNote[] {
  return parties.flatMap((party) => wordsOn(party, chosen).map((words) => ({ party: party.id, words })));
}

function wordsOn(
  party: RelyingParty,
  { algorithm, limits: { fixedClaims = {} } }: { readonly algorithm: string; readonly limits: ChosenLimits },
): readonly string[] {
  const required = ruleValue(party.requiredClaims) ?? [];
  const either = claimsToChoose(party, fixedClaims);
  const [usual, optIn, once, reuse] = [
    ruleValue(party.algorithms),
    ruleValue(party.optIn),
    ruleValue(party.singleUse),
    ruleValue(party.reuseAtLeastSeconds),
  ];
  const isOptedIn = usual?.includes(algorithm) === false && optIn?.algorithms.includes(algorithm) === true;
  return [
    isOptedIn && `it takes ${algorithm} with ${optIn.by}`,
    !Object.hasOwn(fixedClaims, "aud") && required.includes("aud") && ruleSaid(party, "audience"),
    ...either.map((names) => `each token needs ${names.join(" or ")}`),
    required.includes("nbf") && "each token needs nbf: `signet issue --nbf`, or setNbf in a request",
    once === "yes" && "it takes a token once: make a new one for each use",
    typeof reuse === "number" && `it refuses who renews tokens oftener than each ${reuse} seconds`,
    ownChoice(party).note,
    party.note,
  ].filter((each): each is string => typeof each === "string");
}

/** The claims of which each token needs one, and a request has to bring it: each list in the order of the party's rule. */
export function claimsToChoose(
  { requiredClaims }: RelyingParty,
  fixedClaims: Readonly<Record<string, unknown>>,
): readonly (readonly string[])[] {
  return (ruleValue(requiredClaims) ?? [])
    .map((names) => names.split("|"))
    .filter((names) => names.length > 1 && !names.some((name) => isThere(name, fixedClaims)));
}

function isThere(name: string, fixedClaims: Readonly<Record<string, unknown>>): boolean {
  return ["iss", "exp", "iat", "jti"].includes(name) || Object.hasOwn(fixedClaims, name);
}
