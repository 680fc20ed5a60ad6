import { choose } from "./choose.js";
import { asksIssuer } from "./exclusions.js";
import { FACT_NAMES, FACTS, type Facts } from "./facts.js";
import { ruleValue } from "./notation.js";
import { factsOf } from "./own-choices.js";
import type { RelyingParty } from "./relying-party.js";
import { handsOut } from "./uploads.js";

/** How an issuer is set up for one party alone, as people are shown it. */
export interface SetUpInWords {
  /** What is typed: facts in capital letters. */
  readonly command: string;
  /** What is chosen, as "tokens.iat 60". */
  readonly chosen: readonly string[];
}

/** What `signet init --for` is told of a party, and chooses for it. */
export function setUpInWords(party: RelyingParty): SetUpInWords {
  const isImported = handsOut(party);
  const facts: Facts = Object.fromEntries(FACT_NAMES.map((name) => [name, placeholder(FACTS[name].flag)]));
  const issuer = { url: "https://issuer.example", isPublic: true, allowsInsecure: false };
  const { reasons } = choose([party], { facts, ...(asksIssuer(party) && { issuer }), isImported });
  const words = [
    `signet init --for ${party.id}`,
    ...(asksIssuer(party) ? ["--issuer URL"] : []),
    ...factsOf(party).map((name) => `${FACTS[name].flag} ${placeholder(FACTS[name].flag)}`),
    ...(isImported ? ["--import FILE"] : []),
    ...(isImported && ruleValue(party.kid) === "required" ? ["--kid KID"] : []),
  ];
  return { command: words.join(" "), chosen: reasons.map(({ member, value }) => `${member} ${value}`) };
}

function placeholder(flag: string): string {
  return flag.slice(2).toUpperCase();
}
