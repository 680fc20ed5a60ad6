import type { ChosenTokens } from "./choose-tokens.js";
import { type Facts, withFacts } from "./facts.js";
import { ruleValue } from "./notation.js";
import { ownChoice } from "./own-choices.js";
import type { Reason } from "./reason.js";
import type { RelyingParty } from "./relying-party.js";
import { ruleSaid } from "./words.js";

/** The members of `limits` that are chosen. Absent: as they usually are. */
export interface ChosenLimits {
  readonly maxTtlSeconds?: number;
  readonly defaultTtlSeconds?: number;
  readonly fixedClaims?: Readonly<Record<string, string>>;
  readonly requiredClaims?: readonly string[];
}

/** What a request need not bring: the issuer sets it. */
const SET_BY_ISSUER = ["exp", "iat", "jti"];

interface Found {
  readonly limits: ChosenLimits;
  readonly reasons: readonly Reason[];
}

/**
 * What an issuer may issue, so that all of some parties take it.
 *
 * @param hasUrl its URL stands in `iss`; otherwise requests bring one, unless `tokens` has it
 */
export function chooseLimits(
  parties: readonly RelyingParty[],
  facts: Facts,
  { iss, iat = 0 }: ChosenTokens,
  hasUrl: boolean,
): Found {
  const [life, fixed] = [lifeOf(parties, iat), fixedOf(parties, facts)];
  const set = [...SET_BY_ISSUER, ...(hasUrl || iss !== undefined ? ["iss"] : []), ...Object.keys(fixed.limits.fixedClaims ?? {})];
  const all = [life, fixed, requiredOf(parties, set)];
  return {
    limits: Object.assign({}, ...all.map(({ limits }) => limits)) as ChosenLimits,
    reasons: all.flatMap(({ reasons }) => reasons),
  };
}

interface Life {
  readonly party: RelyingParty;
  readonly seconds: number;
  readonly rule: string;
}

function lifeOf(parties: readonly RelyingParty[], secondsBack: number): Found {
  const longest = shortest(
    parties.flatMap((party) => [...ruledLife(party, secondsBack), ...ownLife(party, "longestTtlSeconds")]),
  );
  const usual = shortest(parties.flatMap((party) => ownLife(party, "usualTtlSeconds")));
  const usually = Math.min(usual?.seconds ?? USUAL_TTL_SECONDS, longest?.seconds ?? Number.POSITIVE_INFINITY);
  if (longest === undefined && usual === undefined) return { limits: {}, reasons: [] };
  const reason = (member: string, seconds: number, { party, rule }: Life): Reason => ({
    member: `limits.${member}`,
    value: String(seconds),
    party: party.id,
    rule,
  });
  return {
    limits: { ...(longest && { maxTtlSeconds: longest.seconds }), defaultTtlSeconds: usually },
    reasons: [
      ...(longest === undefined ? [] : [reason("maxTtlSeconds", longest.seconds, longest)]),
      ...(usual === undefined || usually === longest?.seconds ? [] : [reason("defaultTtlSeconds", usually, usual)]),
    ],
  };
}

/** The usual life of a token of any issuer. */
const USUAL_TTL_SECONDS = 900;

// Between iat and exp lies also how far iat is set back.
function ruledLife(party: RelyingParty, secondsBack: number): Life[] {
  const rule = ruleValue(party.longestLife);
  if (rule === undefined || rule === null) return [];
  const seconds = rule.from === "iat" ? rule.seconds - secondsBack : rule.seconds;
  return [{ party, seconds, rule: ruleSaid(party, "longestLife") }];
}

function ownLife(party: RelyingParty, name: "longestTtlSeconds" | "usualTtlSeconds"): Life[] {
  const { [name]: seconds } = ownChoice(party);
  return seconds === undefined ? [] : [{ party, seconds, rule: `a prudent life; ${ruleSaid(party, "longestLife")}` }];
}

function shortest(lives: readonly Life[]): Life | undefined {
  return lives.reduce<Life | undefined>(
    (best, each) => (best === undefined || each.seconds < best.seconds ? each : best),
    undefined,
  );
}

// What every one of them takes alone is no matter of a request's.
function fixedOf(parties: readonly RelyingParty[], facts: Facts): Found {
  const own = parties.flatMap((party) =>
    Object.entries(ownChoice(party).claims ?? {}).map(([name, text]) => ({ name, value: withFacts(text, facts), party })),
  );
  const audiences = new Set(parties.map(({ audience }) => ruleValue(audience)?.is));
  const [aud, ...others] = audiences;
  const [first] = parties;
  if (aud !== undefined && others.length === 0 && first !== undefined) own.push({ name: "aud", value: aud, party: first });
  if (own.length === 0) return { limits: {}, reasons: [] };
  return {
    limits: { fixedClaims: Object.fromEntries(own.map(({ name, value }) => [name, value])) },
    reasons: [...new Map(own.map((claim) => [claim.name, claim])).values()].map(({ name, value, party }) => ({
      member: `limits.fixedClaims.${name}`,
      value,
      party: party.id,
      rule: ruleSaid(party, name === "sub" ? "subject" : name === "aud" ? "audience" : "moreClaims"),
    })),
  };
}

// Of "one of these" nothing can be required; a note says it.
function requiredOf(parties: readonly RelyingParty[], set: readonly string[]): Found {
  const needed = parties.flatMap((party) => (ruleValue(party.requiredClaims) ?? []).map((name) => ({ name, party })));
  const asked = needed.filter(({ name }) => !name.includes("|") && !set.includes(name));
  const names = [...new Set(asked.map(({ name }) => name))];
  const [first] = asked;
  if (first === undefined) return { limits: {}, reasons: [] };
  const { party } = first;
  return {
    limits: { requiredClaims: names },
    reasons: [
      { member: "limits.requiredClaims", value: names.join(", "), party: party.id, rule: ruleSaid(party, "requiredClaims") },
    ],
  };
}
