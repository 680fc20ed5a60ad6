import { isLoopback } from "../encoding/loopback-host.js";
import { ownMember } from "../encoding/own-member.js";
import { isJudged, isUnusable, shown } from "./checks.js";
import type { Evidence, KeyFacts } from "./evidence.js";
import { VERIFIERS, type VerifierRules } from "./verifiers.js";

/** Whether a verifier can verify an issuer's tokens. `partly`: those of some of its keys. `unknown`: it is not documented. */
type Answer = "yes" | "partly" | "no" | "unknown";

/** What one verifier makes of an issuer. */
export interface Verdict {
  readonly verifier: string;
  readonly id: string;
  readonly answer: Answer;
  /** Why not, or what is to be done. */
  readonly reasons: readonly string[];
  readonly source: string;
  readonly checked: string;
  readonly basis: VerifierRules["basis"];
}

/** Whether a verifier fails for the algorithm. */
export function isForAlgorithm({ reasons }: Verdict): boolean {
  return reasons.some((reason) => reason.startsWith(DOES_NOT_KNOW));
}

const DOES_NOT_KNOW = "it does not know";

/** Asks for each verifier whether it can verify this issuer's tokens, or the sample token where there is one. */
export function verdictsOf(evidence: Evidence): readonly Verdict[] {
  return VERIFIERS.map((rules) => {
    const { answer, reasons } = verdictOf(rules, evidence);
    const { name: verifier, id, source, checked, basis } = rules;
    return { verifier, id, answer, reasons, source, checked, basis };
  });
}

function verdictOf(rules: VerifierRules, evidence: Evidence): Pick<Verdict, "answer" | "reasons"> {
  const { note } = rules;
  const against = [...reachReasons(rules, evidence), ...keySetReasons(rules, evidence), ...claimReasons(rules, evidence)];
  const { answer, reasons } = algorithmVerdict(rules, evidence);
  if (against.length > 0) return { answer: "no", reasons: [...against, ...reasons] };
  const more = answer === "no" ? [] : [...algReasons(rules, evidence), ...(note === undefined ? [] : [note])];
  return { answer, reasons: [...reasons, ...more] };
}

function reachReasons(
  { fetches, noPort, longestUrl, mayUseHttp }: VerifierRules,
  { issuer, isPublic, discovery, jwks, jwksUrl, allowsInsecure = false }: Evidence,
): string[] {
  if (fetches === undefined) return [];
  const { protocol, hostname, port } = new URL(issuer);
  const url = fetches === "jwks" ? (jwksUrl ?? "") : issuer;
  return [
    isLoopback(hostname) && "the issuer is on this machine",
    !isLoopback(hostname) && !isPublic && "the issuer has an address that the Internet does not reach",
    !isLoopback(hostname) && protocol !== "https:" && !(mayUseHttp === true && allowsInsecure) && "it asks over https alone",
    fetches === "discovery" &&
      discovery !== undefined &&
      discovery.json?.jwks_uri === undefined &&
      "it needs the discovery document",
    fetches === "discovery" &&
      discovery?.json !== undefined &&
      discovery.json.issuer !== issuer &&
      "discovery is another issuer's",
    jwks?.json === undefined && "it cannot fetch the JWKS",
    noPort === true && port !== "" && "it takes no URL with a port",
    longestUrl !== undefined && url.length > longestUrl && `it takes URLs up to ${longestUrl} characters`,
  ].filter((each) => each !== false);
}

function keySetReasons(rules: VerifierRules, { keys, keyCount, jwks }: Evidence): string[] {
  const { mostKeys = Number.POSITIVE_INFINITY, mostBytes, mostKeysOfAKind, refusedMembers = [], refusesOtherKinds } = rules;
  const judged = keys.filter(isJudged);
  const many = mostKeysOfAKind === undefined ? undefined : mostOfAKind(keys, mostKeysOfAKind);
  const refused = refusedMembers.find((member) => judged.some(({ members }) => members.includes(member)));
  const odd = judged.find(({ octets }) => octets !== undefined && octets.of === rules.wholeOctets);
  const unknown = refusesOtherKinds === undefined ? undefined : keys.find((key) => !refusesOtherKinds.includes(kindOf(key)));
  return [
    judged.length === 0 && "there is no key for signatures",
    rules.refusesFaults === true && judged.length > 0 && judged.every(isUnusable) && "none of its keys can be used",
    keyCount > mostKeys && `it takes ${mostKeys} keys, and there are ${keyCount}`,
    mostBytes !== undefined && (jwks?.bytes ?? 0) > mostBytes && `it takes a JWKS of ${mostBytes} bytes`,
    many !== undefined && `it takes ${mostKeysOfAKind} keys of type ${many}`,
    refused !== undefined && `it refuses a JWK with ${refused}`,
    rules.kids === true && judged.some(({ kid }) => kid === undefined) && "a key has no kid",
    unknown !== undefined &&
      `one key of a kind that it does not know (${shown(kindOf(unknown) || "none")}) makes it refuse all keys`,
    odd !== undefined && `it refuses a key of which ${odd.octets?.words}`,
  ].filter((each) => each !== false);
}

// An RSA key can sign six algorithms, a key of the other types one.
function algReasons({ withoutAlg, needsAlg }: VerifierRules, { keys }: Evidence): string[] {
  const open = keys.filter((key) => isJudged(key) && !key.namesAlgorithm);
  return open.some(({ kty }) => kty === "RSA" || needsAlg === true) ? [`of keys without alg ${withoutAlg}`] : [];
}

function claimReasons({ claims = [] }: VerifierRules, { token }: Evidence): string[] {
  if (token === undefined) return [];
  if (token.verified === undefined) return ["the sample token is refused"];
  const { claims: given } = token.verified;
  const missing = claims.filter((name) => ownMember(given, name) === undefined);
  const fractions = (["exp", "iat", "nbf"] as const).filter(
    (name) => given[name] !== undefined && !Number.isInteger(given[name]),
  );
  return [
    missing.length > 0 && `the token has no ${missing.join(", ")}`,
    fractions.length > 0 && claims.length > 0 && `${fractions.join(", ")} is no whole number`,
    claims.includes("aud") &&
      Array.isArray(given.aud) &&
      given.aud.length > 1 &&
      given.azp === undefined &&
      "several aud want azp",
  ].filter((each) => each !== false);
}

function algorithmVerdict({ algorithms, optIn }: VerifierRules, { keys, token }: Evidence): Pick<Verdict, "answer" | "reasons"> {
  const signing = token?.verified?.header.alg;
  const sets = signing === undefined ? keys.filter(isJudged).map((key) => key.algorithms) : [[signing]];
  const all = [...new Set(sets.flat())];
  if (algorithms === undefined) return { answer: "unknown", reasons: [] };
  const knows = (set: readonly string[], list: readonly string[]) => set.some((alg) => list.includes(alg));
  const known = sets.filter((set) => knows(set, algorithms));
  if (known.length === sets.length) return { answer: "yes", reasons: [] };
  if (optIn !== undefined && sets.every((set) => knows(set, optIn.algorithms))) {
    return { answer: "yes", reasons: [`with ${optIn.by}`] };
  }
  const unknown = all.filter((alg) => !algorithms.includes(alg)).map(shown);
  const reasons = [`${DOES_NOT_KNOW} ${unknown.join(", ")}; it takes ${algorithms.join(", ")}`];
  return { answer: known.length > 0 ? "partly" : "no", reasons };
}

/** A key's type, and its curve where it has one. */
function kindOf({ kty, crv }: KeyFacts): string {
  return crv === undefined ? kty : `${kty} ${crv}`;
}

function mostOfAKind(keys: readonly KeyFacts[], most: number): string | undefined {
  return ["RSA", "EC"].find((kty) => keys.filter((key) => key.kty === kty).length > most);
}
