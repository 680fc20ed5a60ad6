import { ruleValue } from "../relying-parties/notation.js";
import type { GivenWay, KeyWay, RelyingParty, UrlWay } from "../relying-parties/relying-party.js";
import { urlFaults } from "../relying-parties/url-faults.js";
import { wayName } from "../relying-parties/words.js";
import { isJudged, isUnusable, shown } from "./checks.js";
import type { Evidence, KeyFacts } from "./evidence.js";

/** What is said of an issuer's keys: why a party cannot use them, or how it can. */
export interface KeyReasons {
  readonly against: readonly string[];
  readonly notes: readonly string[];
}

/** Judges whether a party finds an issuer's keys, by any of its ways, and can use the set. */
export function keyReasons(party: RelyingParty, evidence: Evidence): KeyReasons {
  const [first, ...others] = party.ways.map((way) => ({ way, against: wayReasons(way, evidence) }));
  const usual = first?.against ?? [];
  const other = others.find(({ against }) => against.length === 0);
  const set = setReasons(party, evidence);
  if (usual.length === 0) return { against: set, notes: [] };
  if (other !== undefined) return { against: set, notes: [`by ${wayName(other.way)}, because ${usual.join(", and ")}`] };
  const more = others.map(({ way, against }) => `by ${wayName(way)}: ${against.join(", and ")}`);
  return { against: [...usual, ...more, ...set], notes: [] };
}

function wayReasons(way: KeyWay, evidence: Evidence): readonly string[] {
  return "form" in way ? givenReasons(way, evidence) : [...urlReasons(way, evidence), ...limitReasons(way, evidence)];
}

// Of a key that is pasted as a PEM, and of one that a program gives, the rest of the set is no matter.
function givenReasons(way: GivenWay, evidence: Evidence): readonly string[] {
  return way.by.value === "jwks" ? limitReasons(way, evidence) : [];
}

function urlReasons(way: UrlWay, evidence: Evidence): readonly string[] {
  const { issuer, isPublic, discovery, jwks, jwksUrl, allowsInsecure = false } = evidence;
  const byDiscovery = way.by.value === "discovery";
  const url = byDiscovery ? issuer : (jwksUrl ?? issuer);
  return [
    ...urlFaults(way, { url, isPublic, allowsInsecure }),
    byDiscovery && discovery !== undefined && discovery.json?.jwks_uri === undefined && "it needs the discovery document",
    byDiscovery && discovery?.json !== undefined && discovery.json.issuer !== issuer && "discovery is another issuer's",
    jwks?.json === undefined && "it cannot fetch the JWKS",
  ].filter((each) => each !== false);
}

function limitReasons(way: KeyWay, { keys, keyCount, jwks, token }: Evidence): readonly string[] {
  const [mostKeys, mostOctets, ofAKind] = [way.mostKeys, way.mostOctets, way.mostKeysOfAKind].map(ruleValue);
  const judged = keys.filter(isJudged);
  const many = typeof ofAKind === "number" ? mostOfAKind(keys, ofAKind, token?.verified?.header.alg) : undefined;
  const refused = refusedMember(way, judged);
  return [
    typeof mostKeys === "number" && keyCount > mostKeys && `it takes ${mostKeys} keys, and there are ${keyCount}`,
    typeof mostOctets === "number" && (jwks?.bytes ?? 0) > mostOctets && `it takes a JWKS of ${mostOctets} bytes`,
    many !== undefined && `it takes ${ofAKind} keys of type ${many}`,
    refused !== undefined && `it refuses a JWK with ${shown(refused)}`,
  ].filter((each) => each !== false);
}

function refusedMember(way: KeyWay, judged: readonly KeyFacts[]): string | undefined {
  const rule = ruleValue(way.members);
  if (rule === undefined || rule === null) return undefined;
  const isRefused = (member: string) => ("only" in rule ? !rule.only.includes(member) : rule.refused.includes(member));
  return judged.flatMap(({ members }) => members).find(isRefused);
}

function setReasons(party: RelyingParty, { keys }: Evidence): readonly string[] {
  const judged = keys.filter(isJudged);
  const [kinds, whole, bits] = [ruleValue(party.onlyKinds), ruleValue(party.wholeOctets), ruleValue(party.leastRsaBits)];
  const isSmall = (key: KeyFacts) => typeof bits === "number" && key.bits !== undefined && key.bits < bits;
  const odd = judged.find(({ octets }) => octets !== undefined && octets.of === whole);
  const unknown = Array.isArray(kinds) ? keys.find((key) => !kinds.includes(kindOf(key))) : undefined;
  const isOurs = party.isOurs === true && judged.length > 0 && judged.every(isUnusable);
  return [
    judged.length === 0 && "there is no key for signatures",
    isOurs && "none of its keys can be used",
    !isOurs && judged.length > 0 && judged.every(isSmall) && `it takes RSA keys of ${bits} bits or more`,
    ruleValue(party.kidOfKeys) === "required" && judged.some(({ kid }) => kid === undefined) && "a key has no kid",
    unknown !== undefined &&
      `one key of a kind that it does not know (${shown(kindOf(unknown) || "none")}) makes it refuse all keys`,
    odd !== undefined && `it refuses a key of which ${odd.octets?.words}`,
  ].filter((each) => each !== false);
}

/** A key's type, and its curve where it has one. */
function kindOf({ kty, crv }: KeyFacts): string {
  return crv === undefined ? kty : `${kty} ${crv}`;
}

// Too many keys of one kind are no matter to a token that one of the other has signed.
function mostOfAKind(keys: readonly KeyFacts[], most: number, alg: string | undefined): string | undefined {
  const kinds = alg === undefined ? ["RSA", "EC"] : [alg.startsWith("ES") ? "EC" : "RSA"];
  return kinds.find((kty) => keys.filter((key) => key.kty === kty).length > most);
}
