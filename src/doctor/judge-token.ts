import { ownMember } from "../encoding/own-member.js";
import { ruleValue } from "../relying-parties/notation.js";
import type { LongestLife, RelyingParty, Rule, TimeRule } from "../relying-parties/relying-party.js";
import type { Evidence, ReadSample } from "./evidence.js";
import type { KeyReasons } from "./judge-keys.js";

/** A clock that is this far away is forgiven where it is not known how much is: seconds. */
const USUAL_LEEWAY = 60;

/** What an issuer of Signet's sets where it is asked to, and only then. */
const SETTABLE = ["iat", "nbf", "jti"];

/** Judges what a sample token says, and how long it is, by a party's rules. What is not known refuses nothing. */
export function tokenReasons(party: RelyingParty, sample: ReadSample, { now }: Evidence): KeyReasons {
  const seconds = now / 1_000;
  return {
    against: [
      ...claimReasons(party, sample),
      ...subjectReasons(party, sample),
      ...audienceReasons(party, sample),
      ...lifeReasons(party, sample, seconds),
      ...timeReasons(party, sample, seconds),
      ...headerReasons(party, sample),
    ],
    notes: notesOn(party, sample),
  };
}

function claimReasons({ requiredClaims, forbiddenClaims }: RelyingParty, { claims }: ReadSample): readonly string[] {
  const required = ruleValue(requiredClaims) ?? [];
  const has = (name: string) => ownMember(claims, name) !== undefined;
  const missing = required.filter((names) => !names.split("|").some(has)).map((names) => names.replaceAll("|", " or "));
  const settable = SETTABLE.filter((name) => missing.includes(name));
  const forbidden = (ruleValue(forbiddenClaims) ?? []).filter(has);
  const fractions = (["exp", "iat", "nbf"] as const).filter(
    (name) => claims[name] !== undefined && !Number.isInteger(claims[name]),
  );
  return [
    missing.length > 0 && `the token has no ${missing.join(", ")}`,
    settable.length > 0 && `\`signet issue ${settable.map((name) => `--${name}`).join(" ")}\` sets ${settable.join(", ")}`,
    forbidden.length > 0 && `the token must not have ${forbidden.join(", ")}`,
    fractions.length > 0 && required.length > 0 && `${fractions.join(", ")} is no whole number`,
  ].filter((each) => each !== false);
}

function subjectReasons({ subject }: RelyingParty, { claims: { sub } }: ReadSample): readonly string[] {
  if (typeof sub !== "string") return [];
  const { characters, octets } = ruleValue(subject) ?? {};
  return [...over("sub", charactersOf(sub), characters, "characters"), ...over("sub", Buffer.byteLength(sub), octets, "octets")];
}

function over(what: string, is: number, most: number | undefined, unit: string): readonly string[] {
  return most !== undefined && is > most ? [`${what} has ${is} ${unit}, and it takes ${most}: shorten it`] : [];
}

function audienceReasons({ audience, audiences, azp }: RelyingParty, { claims }: ReadSample): readonly string[] {
  const { is } = ruleValue(audience) ?? {};
  const { most, characters } = ruleValue(audiences) ?? {};
  const named: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : claims.aud === undefined ? [] : [claims.aud];
  const longest = Math.max(0, ...named.map((each) => (typeof each === "string" ? charactersOf(each) : 0)));
  return [
    ...(is !== undefined && named.length > 0 && !named.includes(is) ? [`aud must be ${is}`] : []),
    ...(most !== undefined && named.length > most
      ? [`the token has ${named.length} audiences, and it can be told ${most}: name fewer`]
      : []),
    ...over("an audience", longest, characters, "characters"),
    ...(ruleValue(azp) === "decides" && named.length > 1 && claims.azp === undefined ? ["several aud want azp"] : []),
  ];
}

function lifeReasons({ longestLife }: RelyingParty, { claims: { iat, exp } }: ReadSample, now: number): readonly string[] {
  const most = ruleValue(longestLife);
  if (most === undefined || most === null || typeof exp !== "number") return [];
  const begins = most.from === "receipt" ? now : iat;
  if (typeof begins !== "number" || exp - begins <= most.seconds) return [];
  return [`${livesFor(most, exp - begins)}, and it takes ${most.seconds}: ask for less (--ttl)`];
}

function livesFor({ from }: LongestLife, seconds: number): string {
  return from === "receipt" ? `the token lives another ${Math.ceil(seconds)} seconds` : `the token lives ${seconds} seconds`;
}

function timeReasons({ iat, nbf, leeway }: RelyingParty, { claims }: ReadSample, now: number): readonly string[] {
  const apart = ruleValue(leeway) ?? {};
  const { exp } = claims;
  const isOver = typeof exp === "number" && exp + (apart.exp ?? USUAL_LEEWAY) <= now;
  return [
    ...(isOver ? ["the token has expired: make a new one"] : []),
    ...timeReason("iat", iat, claims.iat, apart.iat, now),
    ...timeReason("nbf", nbf, claims.nbf, apart.nbf, now),
  ];
}

// A rule that says "in the past" and names no leeway is taken at its word.
function timeReason(
  name: "iat" | "nbf",
  rule: Rule<TimeRule>,
  time: unknown,
  leeway: number | undefined,
  now: number,
): readonly string[] {
  const { future, mostSecondsOld } = ruleValue(rule) ?? {};
  if (typeof time !== "number") return [];
  const [ahead, old] = [Math.ceil(time - now), Math.floor(now - time)];
  return [
    future === "refused" &&
      ahead > (leeway ?? 0) &&
      `${name} is ${ahead} seconds ahead, and it takes ${leeway ?? "none of that"}: set it back`,
    mostSecondsOld !== undefined &&
      old > mostSecondsOld &&
      `${name} is ${old} seconds old, and it takes ${mostSecondsOld}: make a new token`,
  ].filter((each) => each !== false);
}

// A token without kid among several keys is refused before: no verifier knows which is meant.
function headerReasons(party: RelyingParty, { header, octets }: ReadSample): readonly string[] {
  const [kid, typ, longest] = [ruleValue(party.kid), ruleValue(party.typ), ruleValue(party.longestToken)];
  const missing = (ruleValue(party.headerMembers) ?? []).filter((name) => ownMember(header, name) === undefined);
  const isTyped = typeof header.typ === "string" && header.typ.toLowerCase() === typ?.toLowerCase();
  return [
    ...(kid === "required" && header.kid === undefined ? ["the token's header has no kid"] : []),
    ...(typeof typ === "string" && !isTyped ? [`the token's header needs typ ${typ}`] : []),
    ...(missing.length > 0 ? [`the token's header has no ${missing.join(", ")}`] : []),
    ...over("the token", octets, longest ?? undefined, "octets"),
  ];
}

function notesOn({ singleUse, reuseAtLeastSeconds }: RelyingParty, { claims }: ReadSample): readonly string[] {
  const [use, reuse] = [ruleValue(singleUse), ruleValue(reuseAtLeastSeconds)];
  return [
    (use === "yes" || (use === "with-jti" && claims.jti !== undefined)) && "it takes a token once: make a new one for each use",
    typeof reuse === "number" && `it refuses who renews tokens oftener than each ${reuse} seconds`,
  ].filter((each) => each !== false);
}

/** Characters, and not their halves in UTF-16. */
function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
