import { PRIVATE_PARAMETERS } from "../algorithms/jwk-members.js";
import { type AlgorithmName, findAlgorithm } from "../algorithms/table.js";
import { hasMembers, isListOf, isNonEmptyText } from "../encoding/list-of.js";
import { isSignetError, SignetError } from "../errors.js";
import type { ExchangeRule, TrustRule } from "../settings/trusts.js";
import type { ClaimPath, ExpandedRule } from "./contract.js";
import { createKeySet, type KeyList } from "./key-set.js";
import type { KeySource } from "./key-sources.js";
import { type Fixed, fixedBy, type Members, readMembers } from "./matching.js";
import { assertFetched, assertPlace } from "./places.js";
import { isHttpsIssuer } from "./presets/preset.js";
import { expandPreset, isSharedBeginning, presetOfIssuer } from "./presets.js";
import { isSharedAudience } from "./shared-audiences.js";
import { wrongMember } from "./wrong-member.js";

/** A rule that was judged: what proofs are held against. */
export interface JudgedRule {
  /** What the index finds it by: its issuer; a trust domain's stands in `sub`. */
  readonly indexedBy: string;
  readonly fixed: readonly Fixed[];
  readonly issuer: string;
  readonly isSpiffe: boolean;
  readonly source: KeySource;
  readonly algorithms: readonly AlgorithmName[] | undefined;
  readonly claims: Members;
  readonly audience: string;
  readonly types: readonly string[] | undefined;
  /** Whether a token without type is taken beside `types`. */
  readonly acceptsUntyped: boolean;
  readonly maxAgeSeconds: number;
  readonly singleUse: boolean;
  readonly claimsFromProof: Readonly<Record<string, unknown>>;
  readonly subjectPrefix: string | undefined;
}

/** Where a rule stands. */
export interface RulePlace {
  /** Its path, for errors: `callers.ci.trusts.0`. */
  readonly where: string;
  /** The URL of the issuer whose callers these are. */
  readonly issuer: string | undefined;
}

/** No proof lives longer. */
export const MAX_LIFE_SECONDS = 86_400;

/** What rule, issuer and verifier decide themselves. */
const DECIDED_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["iss", "the rule's issuer decides it"],
  ["aud", "the rule's audience decides it"],
  ["exp", "it is always checked"],
  ["nbf", "it is always checked"],
  ["iat", "maxAgeSeconds decides it"],
]);

/**
 * Judges a rule by which a token proves a caller, and completes it by its preset.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function judgeTrust(rule: TrustRule, { where, issuer }: RulePlace): JudgedRule {
  const expanded = completed(rule, where);
  if (isSameIssuer(expanded.issuer, issuer)) {
    throw wrongMember(`${where}.issuer`, "is this issuer itself: its tokens would make further tokens; expected another issuer");
  }
  const judged = judge(rule, expanded, { where, issuer });
  assertIdentity(expanded, judged.fixed, where);
  return judged;
}

/**
 * Judges a rule by which a caller exchanges tokens. The caller has proven itself, so the rule need not fix whose token it is.
 *
 * @throws SignetError `config_invalid`, naming the member
 */
export function judgeExchange(rule: ExchangeRule, { where, issuer }: RulePlace): JudgedRule {
  if (rule.audiences.length === 0) throw wrongMember(`${where}.audiences`, "is an empty list; expected an audience at least");
  // What is for others as well, or for others alone, each of them could show here, and get a token for more.
  if (!issuer || (rule.audience ?? issuer) !== issuer)
    throw wrongMember(`${where}.audience`, "must be this issuer's URL (the member issuer), or left out");
  const loose = { ...rule, any: rule.any ?? true };
  const expanded = completed(loose, where);
  return judge(loose, expanded, { where, issuer }, isSameIssuer(expanded.issuer, issuer));
}

function judge(rule: TrustRule, expanded: ExpandedRule, place: RulePlace, isOwn = false): JudgedRule {
  const { where } = place;
  const { profile, types, maxAgeSeconds, singleUse = false, claimsFromProof = {}, subjectPrefix } = expanded;
  const isSpiffe = profile === "spiffe";
  assertPlace(expanded, where, isOwn ? undefined : place.issuer);
  if (!isOwn) assertIssuer(expanded, isSpiffe, where);
  const algorithms = readAlgorithms(expanded.algorithms, `${where}.algorithms`);
  const claims = expanded.claims === undefined ? EVERYTHING : readRuleClaims(expanded.claims, `${where}.claims`, rule.any);
  if (types !== undefined && !isListOf(types, isNonEmptyText)) throw wrongMember(`${where}.types`, "must be a list of types");
  if (types?.length === 0) throw wrongMember(`${where}.types`, "is an empty list; expected a type such as JWT");
  const source = sourceOf(expanded, isSpiffe, isOwn);
  assertPasted(source, algorithms, where);
  return Object.freeze({
    indexedBy: expanded.issuer,
    issuer: expanded.issuer,
    fixed: fixedBy(claims),
    isSpiffe,
    source,
    algorithms,
    claims,
    audience: readAudience(expanded, place),
    types,
    acceptsUntyped: rule.types === undefined,
    maxAgeSeconds,
    singleUse,
    claimsFromProof,
    subjectPrefix,
  });
}

const EVERYTHING: Members = { kind: "members", members: [] };

// A rule that names no preset, but the issuer of one, is held to what the preset knows, unless it fixes `sub` itself.
function completed(rule: TrustRule, where: string): ExpandedRule {
  try {
    const known = rule.preset === undefined && rule.issuer !== undefined ? presetOfIssuer(rule.issuer) : undefined;
    if (known === undefined) return expandPreset(rule);
    try {
      return expandPreset({ ...rule, preset: known });
    } catch (error) {
      const generic = expandPreset(rule);
      if (rule.any !== true && !isOneParty(generic)) throw error;
      return generic;
    }
  } catch (error) {
    if (!isSignetError(error, "config_invalid")) throw error;
    // Its words begin with the member, as it stands in the rule.
    throw new SignetError("config_invalid", `${where}.${error.message}`, { field: `${where}.${error.field ?? ""}` });
  }
}

function assertIdentity(rule: ExpandedRule, fixed: readonly Fixed[], where: string): void {
  if (rule.any === true || hasIdentity(rule, fixed)) return;
  const names = rule.identifiedBy.map((path) => path.join(".")).join(" or ");
  throw wrongMember(
    `${where}.claims`,
    `fix no identity, so every token of the issuer would prove this caller; expected ${names}, whole or by a {"prefix": ...} that is one party's; any: true (--any) allows it`,
  );
}

function hasIdentity({ identifiedBy }: ExpandedRule, fixed: readonly Fixed[]): boolean {
  return fixed.some(
    ({ path, prefixes }) => identifiedBy.some((each) => isSamePath(each, path)) && !prefixes.some(isSharedBeginning),
  );
}

// Strangers have tokens of such an issuer as well, whose subjects may all begin with one word.
function isOneParty(rule: ExpandedRule): boolean {
  const fixed = fixedBy(readMembers(rule.claims ?? {}, "claims"));
  return hasIdentity(rule, fixed) && fixed.every(({ prefixes }) => prefixes.every((prefix) => /^[^/:]+[/:]+[^/:]/.test(prefix)));
}

function isSamePath(one: ClaimPath, other: ClaimPath): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function readRuleClaims(value: unknown, field: string, any: boolean | undefined): Members {
  if (any === true && hasMembers(value) && Object.keys(value).length === 0) return EVERYTHING;
  const claims = readMembers(value, field);
  for (const [name] of claims.members) {
    const elsewhere = DECIDED_ELSEWHERE.get(name);
    if (elsewhere !== undefined) throw wrongMember(`${field}.${name}`, `does not belong here: ${elsewhere}`);
  }
  return claims;
}

function assertIssuer({ issuer, jwks, jwksUrl, privateNetwork }: ExpandedRule, isSpiffe: boolean, where: string): void {
  const field = `${where}.issuer`;
  if (issuer.length > MAX_ISSUER_LENGTH) throw wrongMember(field, `is longer than ${MAX_ISSUER_LENGTH} characters`);
  if (isSpiffe || jwks !== undefined || jwksUrl !== undefined) return;
  assertFetched(issuer, field, privateNetwork);
  if (!isHttpsIssuer(issuer.replace(/^http:/, "https:"))) {
    throw wrongMember(field, "must be a URL without query and fragment, or the rule needs jwksUrl or jwks");
  }
}

const MAX_ISSUER_LENGTH = 2_048;

function readAudience({ audience, sharedAudience, issuer: signer }: ExpandedRule, { where, issuer }: RulePlace): string {
  if (audience === undefined) {
    if (issuer !== undefined) return issuer;
    throw wrongMember(`${where}.audience`, "is missing; expected the only audience of the proofs, since this issuer has no URL");
  }
  // The signer's own URL is for all who take its tokens as they come: a cluster puts it into the token of every pod that asks for no other.
  if (audience !== issuer && sharedAudience !== true && (isSharedAudience(audience) || isSameIssuer(audience, signer))) {
    throw wrongMember(
      `${where}.audience`,
      "is one that others take as well, and each of them could show here the tokens it gets; expected this issuer's URL, or sharedAudience: true (--shared-audience)",
    );
  }
  return audience;
}

/** Reads names of algorithms. @throws SignetError `config_invalid` */
export function readAlgorithms(names: readonly string[] | undefined, field: string): readonly AlgorithmName[] | undefined {
  if (names?.length === 0) throw wrongMember(field, "is an empty list; expected an algorithm such as RS256");
  return names?.map((name) => {
    const algorithm = findAlgorithm(name);
    if (algorithm === undefined)
      throw wrongMember(field, "has a name that is no signature algorithm; expected such as RS256 or ES256");
    return algorithm.name;
  });
}

function sourceOf({ issuer, jwks, jwksUrl, privateNetwork, caFile, proxy }: ExpandedRule, isSpiffe: boolean, isOwn: boolean) {
  return { issuer, jwks, jwksUrl, privateNetwork, caFile, proxy, use: isSpiffe ? "jwt-svid" : "sig", isOwn } as const;
}

/**
 * Judges keys that were pasted, now and not when the first proof comes.
 *
 * @throws SignetError `config_invalid`
 */
export function assertPasted(
  { jwks, use }: Pick<KeySource, "jwks" | "use">,
  algorithms: readonly AlgorithmName[] | undefined,
  where: string,
): void {
  if (jwks === undefined) return;
  const field = `${where}.jwks`;
  const { keys } = jwks;
  if (!Array.isArray(keys) || keys.length === 0) throw wrongMember(field, 'has no keys; expected {"keys": [...]}');
  const secrets = ["k", ...Object.values(PRIVATE_PARAMETERS).flat()];
  if (keys.some((key) => hasMembers(key) && secrets.some((name) => Object.hasOwn(key, name)))) {
    throw wrongMember(field, "holds a private key, which the caller alone may have; expected public keys");
  }
  try {
    createKeySet(jwks as unknown as KeyList, use, () => 0).verifierFor(algorithms);
  } catch (error) {
    if (!isSignetError(error)) throw error;
    const only =
      use === "sig" ? "" : '; of a bundle only keys with use "jwt-svid" count (`spire-server bundle show -format spiffe`)';
    throw wrongMember(field, `cannot be used: ${error.message}${only}`);
  }
}

/** Tells whether a rule's issuer is the very issuer, however it ends. */
export function isSameIssuer(issuer: string, own: string | undefined): boolean {
  return own !== undefined && issuer.replace(/\/+$/, "") === own.replace(/\/+$/, "");
}
