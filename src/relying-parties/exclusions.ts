import { algorithmsTaken } from "./algorithms-taken.js";
import { ruleValue } from "./notation.js";
import { claimsLeftOut, ownChoice } from "./own-choices.js";
import type { RelyingParty } from "./relying-party.js";
import { handsOut } from "./uploads.js";
import { ruleSaid, wayName } from "./words.js";

/** What two parties cannot agree about. */
type Matter = "iss" | "keys" | "algorithms" | "claims" | "kid" | "typ" | "iat";

/** Two parties of which no issuer can serve both. */
export interface Exclusion {
  readonly parties: readonly [string, string];
  readonly matter: Matter;
  /** What the rule of each says. */
  readonly rules: readonly [string, string];
}

/** What the rules of the two say where they exclude each other. */
type Check = (one: RelyingParty, other: RelyingParty) => readonly [string, string] | undefined;

const CHECKS = new Map<Matter, Check>([
  ["iss", differentIss],
  ["keys", differentKeys],
  ["algorithms", noAlgorithm],
  ["claims", eitherWay(claimLeftOut)],
  ["kid", eitherWay(kidLeftOut)],
  ["typ", differentTyp],
  ["iat", eitherWay(iatTooOld)],
]);

/** Why one issuer cannot serve two parties; `undefined` where it can. Audiences are no reason: a request names them. */
export function exclusionOf(one: RelyingParty, other: RelyingParty): Exclusion | undefined {
  for (const [matter, check] of CHECKS) {
    const rules = check(one, other);
    if (rules !== undefined) return { parties: [one.id, other.id], matter, rules };
  }
  return undefined;
}

/** The first two of some parties that exclude each other. */
export function exclusionAmong(parties: readonly RelyingParty[]): Exclusion | undefined {
  for (const [at, one] of parties.entries()) {
    for (const other of parties.slice(at + 1)) {
      const found = exclusionOf(one, other);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Whether a party finds keys by the issuer's URL, as a rule. */
export function asksIssuer({ ways: [usual] }: RelyingParty): boolean {
  return !("form" in usual);
}

function eitherWay(check: Check): Check {
  return (one, other) => {
    const found = check(one, other);
    if (found !== undefined) return found;
    const [second, first] = check(other, one) ?? [];
    return first === undefined || second === undefined ? undefined : [first, second];
  };
}

function differentIss(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  const [mine, theirs] = [ownChoice(one).iss, ownChoice(other).iss];
  if (mine === theirs) return undefined;
  // A program, or who is given one key, takes whatever iss it is told.
  const takesAny = (party: RelyingParty) => ownChoice(party).iss === undefined && !asksIssuer(party);
  if (takesAny(one) || takesAny(other)) return undefined;
  return [issOf(one), issOf(other)];
}

function issOf(party: RelyingParty): string {
  if (ownChoice(party).iss !== undefined) return ruleSaid(party, "issuer");
  return `it finds keys by ${wayName(party.ways[0])}, so that iss is the issuer's URL`;
}

function differentKeys(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  if (!handsOut(one) || !handsOut(other)) return undefined;
  return ["its key comes from there", "its key comes from there"];
}

function noAlgorithm(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  const [mine, theirs] = [algorithmsTaken(one), algorithmsTaken(other)];
  if (mine === undefined || theirs === undefined || mine.some((name) => theirs.includes(name))) return undefined;
  return [ruleSaid(one, "algorithms"), ruleSaid(other, "algorithms")];
}

function claimLeftOut(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  const left = claimsLeftOut(one);
  const needed = ruleValue(other.requiredClaims)?.find((names) => names.split("|").every((name) => left.includes(name)));
  if (needed === undefined) return undefined;
  return [`its tokens have no ${needed.replaceAll("|", ", no ")}`, ruleSaid(other, "requiredClaims")];
}

function kidLeftOut(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  if (ruleValue(one.kid) !== "absent" || ruleValue(other.kid) !== "required") return undefined;
  return [ruleSaid(one, "kid"), ruleSaid(other, "kid")];
}

function differentTyp(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  const [mine, theirs] = [ruleValue(one.typ), ruleValue(other.typ)];
  if (typeof mine !== "string" || typeof theirs !== "string" || mine.toLowerCase() === theirs.toLowerCase()) return undefined;
  return [ruleSaid(one, "typ"), ruleSaid(other, "typ")];
}

function iatTooOld(one: RelyingParty, other: RelyingParty): ReturnType<Check> {
  const { advisedSecondsAgo = 0 } = ruleValue(one.iat) ?? {};
  const { mostSecondsOld = Number.POSITIVE_INFINITY } = ruleValue(other.iat) ?? {};
  return advisedSecondsAgo < mostSecondsOld ? undefined : [ruleSaid(one, "iat"), ruleSaid(other, "iat")];
}
