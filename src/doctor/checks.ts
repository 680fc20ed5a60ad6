import { firstFew, firstNames } from "../encoding/first-few.js";
import { PRICE_OF_HTTP } from "../encoding/insecure-issuer.js";
import { isLoopback } from "../encoding/loopback-host.js";
import { ownMember } from "../encoding/own-member.js";
import type { Evidence, KeyFacts } from "./evidence.js";
import type { Visit } from "./visit.js";

/** `broken`: a verifier that follows the standards is turned away, or ought to be. `doubtful`: it works, and not as well as it could. */
type Level = "broken" | "doubtful" | "good";

/** What one rule says of an issuer. */
export interface Finding {
  readonly rule: string;
  readonly level: Level;
  readonly words: string;
  /** What the rule comes from. */
  readonly source: string;
}

type Judgement = readonly [Level, string];

/** A rule: nothing is said where it has nothing to look at. */
interface Rule {
  readonly rule: string;
  readonly source: string;
  readonly judge: (evidence: Evidence) => Judgement | undefined;
}

const DISCOVERY = "OpenID Connect Discovery 1.0";
const JWK = "RFC 7517";
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];
const DAY_MS = 86_400_000;
const MAX_KEYS = 10;
const MAX_BYTES = 150_000;
const SLOW_MS = 2_000;

const RULES: readonly Rule[] = [
  { rule: "issuer-url", source: `${DISCOVERY}, section 3`, judge: issuerUrl },
  { rule: "discovery", source: `${DISCOVERY}, section 4`, judge: ({ discovery }) => discovery && answered(discovery) },
  { rule: "discovery-issuer", source: `${DISCOVERY}, section 4.3`, judge: discoveryIssuer },
  { rule: "jwks", source: `${JWK}, section 5`, judge: jwksAnswered },
  { rule: "jwks-url", source: `${DISCOVERY}, section 3`, judge: jwksUrl },
  { rule: "certificate", source: "RFC 9525", judge: certificate },
  { rule: "keys", source: `${JWK}, section 5.1`, judge: keysListed },
  { rule: "private-members", source: `${JWK}, section 9.2`, judge: privateMembers },
  { rule: "left-aside", source: `${JWK}, section 5`, judge: leftAside },
  { rule: "usable-keys", source: "RFC 7518, sections 3.3 and 6", judge: usableKeys },
  { rule: "octets", source: "RFC 7518, sections 2, 6.2.1.2 and 6.3.1", judge: octets },
  { rule: "kid", source: `${JWK}, section 4.5`, judge: kids },
  { rule: "alg", source: `${JWK}, section 4.4; RFC 8725, section 3.1`, judge: algs },
  { rule: "use", source: `${JWK}, section 4.2`, judge: uses },
  { rule: "key-ops", source: "observed: STS refuses a JWK with key_ops", judge: keyOps },
  { rule: "size", source: "Application Load Balancer's limits", judge: size },
  { rule: "discovery-algorithms", source: `${DISCOVERY}, section 3`, judge: discoveryAlgorithms },
  { rule: "cache", source: "RFC 9111", judge: cache },
  { rule: "etag", source: "RFC 9110, section 13.1.2", judge: etag },
  { rule: "speed", source: "verifiers give up after a few seconds", judge: speed },
  { rule: "clock", source: "RFC 9110, section 6.6.1; RFC 7519, section 4.1", judge: clock },
  { rule: "token", source: "RFC 7519, section 7.2", judge: sample },
];

/** Judges an issuer by each rule that has something to look at. */
export function findingsOf(evidence: Evidence): readonly Finding[] {
  return RULES.flatMap(({ rule, source, judge }) => {
    const found = judge(evidence);
    return found === undefined ? [] : [{ rule, level: found[0], words: found[1], source }];
  });
}

/** A value of the issuer's, fit for a terminal. What is no text is named by its kind: an object may refuse to become one. */
export function shown(value: unknown): string {
  if (typeof value !== "string") return kindOf(value);
  const plain = JSON.stringify(value.slice(0, 100)).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return plain.slice(1, -1);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "absent";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : (JSON.stringify(value) ?? typeof value);
}

function issuerUrl({ issuer, hasNoUrl, allowsInsecure = false }: Evidence): Judgement | undefined {
  if (hasNoUrl === true) return undefined;
  const url = new URL(issuer);
  if (url.protocol !== "https:" && isLoopback(url.hostname))
    return ["doubtful", "it is on this machine: no other can fetch its keys"];
  if (url.protocol !== "https:" && !allowsInsecure)
    return ["broken", "it does not begin with https: other keys can be given on the way (--allow-insecure-issuer accepts that)"];
  if (url.search !== "" || url.hash !== "" || url.username !== "")
    return ["broken", "it has a query, a fragment or a user, which an issuer's URL must not"];
  if (url.protocol !== "https:") return ["doubtful", `it ${PRICE_OF_HTTP}; that is allowed here (allowInsecureIssuer)`];
  return ["good", "https, with neither query nor fragment"];
}

const FAILURES: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known (ENOTFOUND)",
  ECONNREFUSED: "nothing listens there (ECONNREFUSED)",
  ADDRESS_REFUSED:
    "its address is more private than the issuer's, link-local or a cloud's metadata service: nothing is fetched from there",
  TIMEOUT: "no answer within ten seconds",
  NO_ANSWER: "it closed the connection without an answer",
  ANSWER_TOO_LARGE: "its answer is larger than 5 MB",
};

function answered({ url, failure, status, headers, jsonFault }: Visit): Judgement {
  if (failure !== undefined) return ["broken", `${url}: ${ownMember(FAILURES, failure) ?? failure}`];
  if (status !== undefined && status >= 300 && status < 400) {
    return ["broken", `${url} redirects (${status}): many verifiers follow no redirect, and who does can be sent elsewhere`];
  }
  if (status !== 200) return ["broken", `${url} answers ${status}`];
  if (jsonFault !== undefined) return ["broken", `${url}: ${jsonFault}`];
  const type = headers["content-type"] ?? "";
  if (!/^application\/(?:[a-z-]+\+)?json\b/i.test(type))
    return ["doubtful", `${url} is of the type ${shown(type) || "(none)"}, not JSON`];
  return ["good", url];
}

function discoveryIssuer({ issuer, discovery }: Evidence): Judgement | undefined {
  const { json } = discovery ?? {};
  if (json === undefined) return undefined;
  if (json.issuer === issuer) return ["good", "its issuer is this URL, to the letter"];
  return ["broken", `its issuer is ${shown(json.issuer)}, which is not this URL to the letter`];
}

function jwksAnswered({ jwks, discovery }: Evidence): Judgement | undefined {
  if (jwks !== undefined) return answered(jwks);
  return discovery?.json === undefined ? undefined : ["broken", "discovery names no jwks_uri"];
}

function jwksUrl({ issuer, jwksUrl: url, allowsInsecure = false }: Evidence): Judgement | undefined {
  if (url === undefined) return undefined;
  const isHere = [issuer, url].every((each) => isLoopback(new URL(each).hostname));
  if (url.startsWith("https:") || isHere) return ["good", url];
  // An issuer of https that leads to http gives away what it has.
  if (allowsInsecure && !issuer.startsWith("https:")) return ["doubtful", `${url} is not https, which is allowed here`];
  return ["broken", `${url} is not https`];
}

function certificate({ discovery, jwks, now }: Evidence): Judgement | undefined {
  const failed = [discovery, jwks].find((each) => /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(each?.failure ?? ""));
  if (failed !== undefined) return ["broken", `${failed.url}: its certificate is not to be trusted (${failed.failure})`];
  const ends = [discovery, jwks].flatMap((each) => each?.certificateEnds ?? []);
  if (ends.length === 0) return undefined;
  const days = Math.floor((Math.min(...ends) - now) / DAY_MS);
  return days < 14 ? ["doubtful", `it ends in ${days} days`] : ["good", `good for ${days} days`];
}

function keysListed({ jwks, keys }: Evidence): Judgement | undefined {
  if (jwks?.json === undefined) return undefined;
  if (!Array.isArray(jwks.json.keys)) return ["broken", 'the JWKS has no list "keys"'];
  return keys.length === 0 ? ["broken", "there is no key in the JWKS"] : ["good", namesOf(keys)];
}

function privateMembers({ keys }: Evidence): Judgement | undefined {
  if (keys.length === 0) return undefined;
  const leaked = keys.filter(({ members }) => members.some((member) => PRIVATE_MEMBERS.includes(member)));
  if (leaked.length === 0) return ["good", "no private part is published"];
  return ["broken", `the private part of ${namesOf(leaked)} is published: revoke it now, anybody can sign with it`];
}

function leftAside({ keys }: Evidence): Judgement | undefined {
  const aside = keys.filter((key) => key.aside !== undefined);
  if (aside.length === 0) return undefined;
  return ["good", `not judged: ${firstFew(aside.map((key) => `${named(key)}: ${key.aside}`))}`];
}

function usableKeys({ keys }: Evidence): Judgement | undefined {
  if (keys.length === 0) return undefined;
  const judged = keys.filter(isJudged);
  if (judged.length === 0) return ["broken", "there is no key that verifies signatures: verifiers leave each one aside"];
  const bad = judged.find(isUnusable);
  if (bad !== undefined) return ["broken", `${named(bad)} cannot be used: ${bad.fault?.message}`];
  const away = judged.filter(({ fault }) => fault !== undefined);
  return away.length > 0
    ? ["doubtful", `${namesOf(away)}: this Node cannot look at it`]
    : ["good", "each can be read and is strong enough"];
}

function octets({ keys }: Evidence): Judgement | undefined {
  const odd = keys.find((key) => key.octets !== undefined);
  if (odd !== undefined) return ["broken", `${named(odd)}: ${odd.octets?.words}; browsers and others refuse it`];
  return keys.some(isJudged) ? ["good", "numbers have the octets that they must have, and no more"] : undefined;
}

function kids(evidence: Evidence): Judgement | undefined {
  const keys = evidence.keys.filter(isJudged);
  if (keys.length === 0) return undefined;
  const distinct = keys.filter(({ isRepeated }) => !isRepeated);
  const names = distinct.flatMap(({ kid }) => kid ?? []);
  const twice = names.find((kid, at) => names.indexOf(kid) !== at);
  if (twice !== undefined) return ["broken", `two keys have the kid ${shown(twice)}: it is unclear which of them signed`];
  if (names.length < distinct.length) {
    const words = distinct.some(({ hasOddKid }) => hasOddKid)
      ? "a key has a kid that is no text: no token can name it"
      : "a key has no kid: a rotation cannot be followed";
    return [distinct.length > 1 ? "broken" : "doubtful", words];
  }
  if (distinct.length < keys.length)
    return ["doubtful", "a key is listed twice: some verifiers then refuse the tokens that name it"];
  return ["good", "each key has its own"];
}

function algs({ keys }: Evidence): Judgement | undefined {
  if (!keys.some(isJudged)) return undefined;
  const without = keys.filter((key) => isJudged(key) && !key.namesAlgorithm);
  return without.length > 0
    ? ["doubtful", `${namesOf(without)} names no alg: verifiers have to choose one`]
    : ["good", "each key names its own"];
}

function uses({ keys }: Evidence): Judgement | undefined {
  if (keys.length === 0) return undefined;
  const judged = keys.filter(isJudged);
  if (judged.length === 0)
    return keys.some(({ use }) => use === "enc") ? ["broken", "no key is for signatures (use)"] : undefined;
  if (judged.every(({ use }) => use === "sig")) return ["good", "each key that verifies says so"];
  return ["doubtful", "not every key says that it is for signatures (use: sig)"];
}

function keyOps({ keys }: Evidence): Judgement | undefined {
  const some = keys.filter((key) => isJudged(key) && key.members.includes("key_ops"));
  return some.length === 0 ? undefined : ["doubtful", `${namesOf(some)} has key_ops: AWS STS refuses such a key`];
}

function size({ jwks, keyCount }: Evidence): Judgement | undefined {
  if (jwks?.json === undefined) return undefined;
  const words = `${keyCount} ${keyCount === 1 ? "key" : "keys"}, ${jwks.bytes} bytes`;
  return keyCount > MAX_KEYS || jwks.bytes > MAX_BYTES
    ? ["doubtful", `${words}: load balancers take ten keys and 150 KB`]
    : ["good", words];
}

function discoveryAlgorithms({ discovery, keys }: Evidence): Judgement | undefined {
  if (discovery?.json === undefined || !keys.some(isJudged)) return undefined;
  const listed: unknown = discovery.json.id_token_signing_alg_values_supported;
  if (!Array.isArray(listed))
    return ["doubtful", "discovery lists no id_token_signing_alg_values_supported: some verifiers then take RS256 alone"];
  const unlisted = keys.filter((key) => isJudged(key) && !key.algorithms.some((alg) => listed.includes(alg)));
  return unlisted.length > 0
    ? ["doubtful", `discovery does not list the algorithm of ${namesOf(unlisted)}`]
    : ["good", "discovery lists the algorithms of all keys"];
}

function cache({ jwks }: Evidence): Judgement | undefined {
  if (jwks?.json === undefined) return undefined;
  const control = jwks.headers["cache-control"] ?? "";
  const age = Number(/max-age=(\d+)/.exec(control)?.[1] ?? Number.NaN);
  if (/no-store/.test(control))
    return ["doubtful", "no verifier may keep the JWKS (no-store): it is fetched for every token, or against your word"];
  if (Number.isNaN(age)) return ["doubtful", "the JWKS does not say how long it may be kept (Cache-Control: max-age)"];
  return age > DAY_MS / 1_000
    ? ["doubtful", `it may be kept for ${age} seconds: so long a new or a revoked key goes unseen`]
    : ["good", `for ${age} seconds`];
}

function etag({ jwks, again }: Evidence): Judgement | undefined {
  if (jwks?.json === undefined) return undefined;
  if (jwks.headers.etag === undefined) return ["doubtful", "the JWKS has no ETag: it is sent whole each time"];
  return again?.status === 304
    ? ["good", "answers 304 where nothing has changed"]
    : ["doubtful", `its ETag answers ${again?.status ?? again?.failure}, not 304`];
}

function speed({ discovery, jwks }: Evidence): Judgement | undefined {
  const times = [discovery, jwks].flatMap((each) => (each?.json === undefined ? [] : each.milliseconds));
  if (times.length === 0) return undefined;
  const slowest = Math.max(...times);
  return slowest > SLOW_MS ? ["doubtful", `an answer took ${slowest} ms`] : ["good", `${slowest} ms`];
}

function clock({ jwks, now }: Evidence): Judgement | undefined {
  const theirs = Date.parse(jwks?.headers.date ?? "");
  if (Number.isNaN(theirs)) return undefined;
  const apart = Math.round(Math.abs(theirs - now) / 1_000);
  if (apart > 300)
    return ["broken", `its clock and this one are ${apart} seconds apart: tokens are refused as expired, or as not yet valid`];
  return apart > 30 ? ["doubtful", `its clock and this one are ${apart} seconds apart`] : ["good", "as here"];
}

function sample({ token }: Evidence): Judgement | undefined {
  if (token === undefined) return undefined;
  if (token.isSelfSigned === true)
    return ["doubtful", "it was read and not verified: those it is for know its key, and no URL leads there"];
  if (token.verified !== undefined)
    return ["good", `signed by ${shown(token.verified.header.kid ?? "the key")} (${token.verified.header.alg})`];
  return ["broken", token.fault?.message ?? "it is refused"];
}

/** Tells a key with a fault of its own: an algorithm that this Node lacks may be another's. */
export function isUnusable({ fault }: KeyFacts): boolean {
  return fault !== undefined && fault.code !== "algorithm_unavailable";
}

/** Only keys for signatures are judged: with the others an issuer does what it likes. */
export function isJudged({ aside }: KeyFacts): boolean {
  return aside === undefined;
}

function named({ kid, algorithms }: KeyFacts): string {
  return `${kid === undefined ? "(no kid)" : shown(kid)} (${shown(algorithms.join("|") || "unknown")})`;
}

function namesOf(keys: readonly KeyFacts[]): string {
  return firstNames(keys.map(named), MAX_KEYS);
}
