import { isSignetError } from "../errors.js";
import type { ProofSettings } from "../settings/trusts.js";
import type { FollowedKeys } from "../verify/followed-keys.js";
import type { ReadToken } from "../verify/token.js";
import type { VerifiedToken } from "../verify/verifier.js";
import type { ClaimPath } from "./contract.js";
import { judgeCaller, type NamedRule } from "./judge-callers.js";
import type { KeySet } from "./key-set.js";
import type { KeySources } from "./key-sources.js";
import { claimAt, findMismatch, type Matcher, type Members } from "./matching.js";
import { acceptedTypes, isOfIssuer, isRightType, isSoleAudience, proofFault } from "./proof-fault.js";
import { readUnverified } from "./verify-by-ways.js";
import { type Way, wayByKeys } from "./ways.js";

type Claims = Readonly<Record<string, unknown>>;

/** What of a token does not match. */
export interface Miss {
  /** A claim by its path, `typ`, `signature`, `keys`, or `rule` for what concerns all of it. */
  readonly what: string;
  /** Of a claim: what it must say, and what it says, as JSON; absent where it says nothing. */
  readonly expected?: string;
  readonly found?: string;
  /** Of anything else: what is wrong. */
  readonly why?: string;
}

/** One way in which a token could prove a caller, and what keeps it from that. */
export interface Explained {
  readonly caller: string;
  /** `trusts.0`, or `keys`. */
  readonly rule: string;
  readonly issuer: string;
  readonly isDisabled: boolean;
  /** Whether the token is of the rule's issuer: of others no key was looked at. */
  readonly isOfIssuer: boolean;
  /** Empty where the token matches. */
  readonly misses: readonly Miss[];
}

/** What a token is held against. */
export interface ExplainOptions {
  readonly callers: Readonly<Record<string, ProofSettings>>;
  /** The URL of the issuer whose callers these are. */
  readonly issuer: string | undefined;
  readonly sources: KeySources;
  /** The present as NumericDate. */
  readonly clock: () => number;
}

/**
 * Says of each rule what of a token does not match, claim by claim: for operators, since it tells what the token says. The judgement is that of
 * `createProofs`. Keys are fetched for rules of the token's issuer alone, and a proof that may be used once is not used.
 *
 * @throws SignetError `proof_refused` for what is no token
 */
export async function explainProof(
  token: string,
  { callers, issuer, sources, clock }: ExplainOptions,
): Promise<readonly Explained[]> {
  const read = readUnverified(token);
  const claims: Claims = read.value;
  const judged = Object.entries(callers).map(([name, settings]) => ({
    settings,
    ...judgeCaller(name, switchedOn(settings), issuer),
  }));
  const keysOf = sources.inUse(
    judged.flatMap(({ trusts, keys }) => [...trusts, ...(keys === undefined ? [] : [keys])].map(({ source }) => source)),
  );
  const explained = judged.flatMap(({ name, settings, trusts, keys }) => [
    ...trusts.map(async (rule, index): Promise<Explained> => {
      const isOwn = isOfIssuer(rule, claims);
      const misses = await missesOf(rule, read, isOwn ? keysOf.get(rule.source) : undefined, clock);
      const isDisabled = settings.trusts?.[index]?.disabled === true;
      return { caller: name, rule: rule.name, issuer: rule.issuer, isDisabled, isOfIssuer: isOwn, misses };
    }),
    ...(keys === undefined ? [] : [explainedKeys(wayByKeys(name, keys, keysOf), read, clock)]),
  ]);
  return Promise.all(explained);
}

/** A rule that is switched off is explained as well. */
function switchedOn({ trusts = [], keys }: ProofSettings): ProofSettings {
  return { trusts: trusts.map(({ disabled: _, ...rule }) => rule), keys };
}

async function missesOf(
  rule: NamedRule,
  token: ReadToken,
  keys: FollowedKeys<KeySet> | undefined,
  clock: () => number,
): Promise<readonly Miss[]> {
  const found = claimMisses(rule, token.value);
  if (keys === undefined) return found;
  return [...found, ...(await verifiedMisses(keys, rule.algorithms, token, (verified) => ruleMiss(rule, verified, clock())))];
}

function ruleMiss(rule: NamedRule, verified: VerifiedToken, now: number): Miss | undefined {
  const { typ } = verified.header;
  if (!isRightType(rule, typ)) {
    const types = acceptedTypes(rule).map((type) => JSON.stringify(type));
    const expected = [...types, ...(rule.acceptsUntyped ? ["none"] : [])].join(" or ");
    return { what: "typ", expected: `${expected} (types)`, ...(typ !== undefined && { found: JSON.stringify(typ) }) };
  }
  return wholeMiss(proofFault(rule, verified, now));
}

function wholeMiss(why: string | undefined): Miss | undefined {
  return why === undefined ? undefined : { what: "rule", why };
}

function claimMisses(rule: NamedRule, claims: Claims): readonly Miss[] {
  const issuer = isOfIssuer(rule, claims) ? [] : [miss([rule.isSpiffe ? "sub" : "iss"], JSON.stringify(rule.issuer), claims)];
  const audience = isSoleAudience(claims.aud, [rule.audience])
    ? []
    : [miss(["aud"], `${JSON.stringify(rule.audience)} alone`, claims)];
  return [...issuer, ...audience, ...memberMisses(rule.claims, claims, claims, [])];
}

function memberMisses({ members }: Members, inner: Claims, claims: Claims, above: ClaimPath): readonly Miss[] {
  return members.flatMap(([name, matcher]): readonly Miss[] => {
    const path = [...above, name];
    const value = claimAt(inner, [name]);
    if (matcher.kind === "members" && typeof value === "object" && value !== null && !Array.isArray(value))
      return memberMisses(matcher, value as Claims, claims, path);
    const one: Members = { kind: "members", members: [[name, matcher]] };
    return findMismatch(inner, one) === undefined ? [] : [miss(path, matcherInWords(matcher), claims)];
  });
}

function miss(path: ClaimPath, expected: string, claims: Claims): Miss {
  const found = claimAt(claims, path);
  return { what: path.join("."), expected, ...(found !== undefined && { found: JSON.stringify(found) }) };
}

/** What a claim must say, in words behind "expected". */
function matcherInWords(matcher: Matcher): string {
  if (matcher.kind === "members") return `an object with ${matcher.members.map(([name]) => name).join(" and ")}`;
  const { values, prefixes, objects, isExclusion } = matcher;
  const texts = [
    ...[...values].map((value) => JSON.stringify(value)),
    ...prefixes.map((prefix) => `what begins with ${JSON.stringify(prefix)}`),
    ...objects.map(matcherInWords),
  ];
  return isExclusion ? `anything but ${texts.join(" and ")}` : texts.join(" or ");
}

async function explainedKeys(way: Way, token: ReadToken, clock: () => number): Promise<Explained> {
  const { caller, rule, issuer, keys, algorithms } = way;
  const claims: Claims = token.value;
  const unlike = way.mismatch(claims);
  const isOfIssuer = claims.iss === caller;
  const misses = unlike === undefined ? [] : [{ what: "rule", why: unlike }];
  const verified = isOfIssuer ? await verifiedMisses(keys, algorithms, token, (each) => wholeMiss(way.fault(each, clock()))) : [];
  // What its claims lack is said once.
  return {
    caller,
    rule,
    issuer,
    isDisabled: false,
    isOfIssuer,
    misses: [...misses, ...verified.filter(({ why }) => why !== unlike)],
  };
}

async function verifiedMisses(
  keys: FollowedKeys<KeySet>,
  algorithms: Way["algorithms"],
  token: ReadToken,
  missOf: (verified: VerifiedToken) => Miss | undefined,
): Promise<readonly Miss[]> {
  let set: KeySet;
  try {
    set = await keys.ready();
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return [{ what: "keys", why: error.message }];
  }
  try {
    const found = missOf(set.verifierFor(algorithms)(token));
    return found === undefined ? [] : [found];
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return [{ what: error.field ?? "signature", why: error.message }];
  }
}
