import { SignetError } from "../errors.js";
import { decidesAlgorithm, isUnsaid, takenByAll } from "./algorithms-taken.js";
import { type ChosenLimits, chooseLimits } from "./choose-limits.js";
import { type ChosenTokens, chooseTokens } from "./choose-tokens.js";
import { type Exclusion, exclusionAmong } from "./exclusions.js";
import type { Facts } from "./facts.js";
import { notesOn, type PartyNote } from "./party-notes.js";
import type { Reason } from "./reason.js";
import type { RelyingParty } from "./relying-party.js";
import { chooseWays, type KeyOrigin, type WayUsed } from "./ways-used.js";
import { ruleSaid } from "./words.js";

/** What is known when an issuer is set up for some parties. */
export interface Asked extends KeyOrigin {
  /** Each that the parties' tokens are made of. */
  readonly facts: Facts;
}

/**
 * How new keys come to the parties. `schedule`: they ask the issuer. `upload`: we paste each there before it signs. `import`: they hand each to us.
 */
type Rotation = "schedule" | "upload" | "import";

/** How an issuer is set up so that all of some parties take its tokens. */
export interface Choice {
  readonly parties: readonly RelyingParty[];
  /** Those that all of them take, the best first. */
  readonly algorithms: readonly [string, ...string[]];
  readonly tokens: ChosenTokens;
  readonly limits: ChosenLimits;
  readonly rotation: Rotation;
  readonly ways: readonly WayUsed[];
  readonly reasons: readonly Reason[];
  /** What is to be known besides. */
  readonly notes: readonly PartyNote[];
}

/**
 * Chooses what all of some parties accept.
 *
 * @param parties at least one, each once
 * @throws SignetError `usage` where two exclude each other, where one cannot find keys at the issuer's URL, and where one hands out a key that
 * is not imported
 */
export function choose(parties: readonly RelyingParty[], asked: Asked): Choice {
  const excluded = exclusionAmong(parties);
  if (excluded !== undefined) throw new SignetError("usage", exclusionInWords(excluded));
  const [first, ...others] = takenByAll(parties);
  if (first === undefined) throw new SignetError("usage", noneInWords(parties));
  const ways = chooseWays(parties, asked);
  const tokens = chooseTokens(parties, asked.facts, ways);
  const limits = chooseLimits(parties, asked.facts, tokens.tokens, asked.issuer !== undefined);
  const rotation = rotationOf(ways, asked.isImported);
  return {
    parties,
    algorithms: [first, ...others],
    tokens: tokens.tokens,
    limits: limits.limits,
    rotation: rotation.rotation,
    ways,
    reasons: [algorithmReason(parties, first), ...tokens.reasons, ...limits.reasons, rotation.reason],
    notes: notesOn(parties, { algorithm: first, limits: limits.limits }),
  };
}

/** Why one issuer cannot serve two parties, and what to do. */
export function exclusionInWords({ parties: [one, other], matter, rules }: Exclusion): string {
  const why = `${one}: ${rules[0]}; ${other}: ${rules[1]}`;
  return `${one} and ${other} exclude each other by ${matter} (${why}): make an issuer for each, in folders of their own`;
}

function noneInWords(parties: readonly RelyingParty[]): string {
  const each = parties.map((party) => `${party.id}: ${ruleSaid(party, "algorithms")}`).join("; ");
  return `no algorithm is taken by all of them (${each}): make an issuer for some of them`;
}

function algorithmReason(parties: readonly RelyingParty[], chosen: string): Reason {
  const party = decidesAlgorithm(parties, chosen);
  if (party === undefined) return { member: "algorithm", value: chosen, rule: "all of them take it, and its tokens are short" };
  const unsaid = isUnsaid(party) ? "; RS256 is the safe one" : "";
  return { member: "algorithm", value: chosen, party: party.id, rule: `${ruleSaid(party, "algorithms")}${unsaid}` };
}

const BY_HAND = [
  ["import", "file", "by importing the next file"],
  ["upload", "paste", "by hand: each new key is uploaded before it signs"],
] as const satisfies readonly (readonly [Rotation, WayUsed["how"], string])[];

interface Rotating {
  readonly rotation: Rotation;
  readonly reason: Reason;
}

// The way that is the most trouble decides for all.
function rotationOf(ways: readonly WayUsed[], isImported: boolean): Rotating {
  const reason = (value: string, because: Omit<Reason, "member" | "value">) => ({ member: "rotation", value, ...because });
  for (const [rotation, how, value] of BY_HAND) {
    const found = ways.find((way) => way.how === how);
    if (found !== undefined) return { rotation, reason: reason(value, { party: found.party.id, rule: found.words }) };
  }
  const rotation = "schedule";
  if (isImported)
    return { rotation, reason: reason("by hand", { rule: "the first key was made elsewhere, where it may be known as it is" }) };
  const asking = ways.find(({ how }) => how === "url");
  if (asking === undefined) return { rotation, reason: reason("by schedule", { rule: "programs read the JWKS" }) };
  return { rotation, reason: reason("by schedule", { party: asking.party.id, rule: asking.words }) };
}
