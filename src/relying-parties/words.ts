import { WHOSE_KEY } from "./notation.js";
import type { KeyWay, Leeway, LongestLife, PartyRules, RelyingParty, Rule, Stated, TimeRule } from "./relying-party.js";

/** The rules of a party by name, without those of its ways. */
export type RuleName = keyof PartyRules;

/** A rule, as people are shown it. */
export interface RuleInWords {
  readonly name: string;
  /** `?` where it is not known. */
  readonly value: string;
  readonly rule: Rule<unknown>;
}

/** What a rule is called, and how its value is put into words; `null` is put into words here as well. */
interface Words<T> {
  readonly name: string;
  readonly say: (value: NonNullable<T>) => string;
  /** Where there is no such rule. Default: "none". */
  readonly none?: string;
}

type ValueOf<R> = R extends Stated<infer T> ? T : never;

const PARTY_WORDS: { readonly [N in RuleName]: Words<ValueOf<PartyRules[N]>> } = {
  algorithms: { name: "algorithms", say: list },
  optIn: { name: "more algorithms", say: ({ algorithms, by }) => `${list(algorithms)} with ${by}` },
  leastRsaBits: { name: "least RSA bits", say: number },
  keysWithoutAlg: { name: "a key without alg", say: ({ words }) => words },
  kidOfKeys: { name: "kid of keys", say: String },
  onlyKinds: {
    name: "kinds of keys",
    say: (kinds) => `one that is not ${list(kinds)} makes it refuse all`,
    none: "others are left aside",
  },
  wholeOctets: {
    name: "octets of numbers",
    say: (of) => (of === "number" ? "no zero octet before RSA's" : "coordinates as long as the curve's"),
  },
  requiredClaims: { name: "required claims", say: claims },
  forbiddenClaims: { name: "forbidden claims", say: claims },
  moreClaims: {
    name: "further claims",
    say: (each) =>
      Object.entries(each)
        .map(([claim, words]) => `${claim}: ${words}`)
        .join("; "),
  },
  issuer: { name: "iss", say: String },
  subject: {
    name: "sub",
    say: ({ words, characters, octets }) =>
      parts(
        words,
        characters !== undefined && `at most ${number(characters)} characters`,
        octets !== undefined && `at most ${number(octets)} octets`,
      ),
  },
  audience: { name: "aud", say: ({ words }) => words, none: "not looked at" },
  audiences: {
    name: "number of aud",
    say: ({ most, characters }) =>
      parts(
        most !== undefined && `at most ${number(most)}`,
        characters !== undefined && `at most ${number(characters)} characters each`,
      ),
  },
  azp: {
    name: "azp",
    say: (azp) => (azp === "decides" ? "stands for aud where it is there; needed beside several" : "not looked at"),
  },
  longestLife: { name: "longest life", say: life },
  leeway: { name: "leeway", say: leeway },
  iat: { name: "iat", say: time },
  nbf: { name: "nbf", say: time },
  kid: {
    name: "kid of the token",
    say: (kid) =>
      ({ required: "required", several: "required where there are several keys", optional: "optional", absent: "left out" })[kid],
  },
  typ: { name: "typ", say: String, none: "any" },
  headerMembers: { name: "further header members", say: (members) => claims(members) },
  longestToken: { name: "longest token", say: (octets) => `${number(octets)} octets` },
  credentials: { name: "credentials", say: String },
  reuseAtLeastSeconds: { name: "renewal", say: (seconds) => `not oftener than each ${number(seconds)} seconds` },
  singleUse: {
    name: "single use",
    say: (use) => ({ yes: "yes", "with-jti": "where the token has a jti", no: "no" })[use],
  },
};

/** The names of a party's rules, in the order of the page. */
export const RULE_NAMES = Object.keys(PARTY_WORDS) as readonly RuleName[];

const WAY_NAMES = {
  discovery: "discovery",
  "jwks-url": "the URL of a JWKS",
  jwks: "a pasted JWKS",
  pem: "a pasted PEM",
  file: "a file from there",
  program: "the program's",
} as const;

const SCHEMES = { https: "https alone", http: "http as well", "http-if-allowed": "http as well, where it is allowed" } as const;

/** What a way of finding keys is called. */
export function wayName({ by }: KeyWay): string {
  return WAY_NAMES[by.value];
}

/** Each rule of a party in words: first those of its ways, one after the other. */
export function rulesInWords(party: RelyingParty): readonly RuleInWords[] {
  return [
    ...party.ways.flatMap(wayInWords),
    ...RULE_NAMES.map((name) => inWords(PARTY_WORDS[name] as Words<unknown>, party[name])),
  ];
}

/** One rule of a party, with what it is called: "iss: the client id". */
export function ruleSaid(party: RelyingParty, rule: RuleName): string {
  const { name, value } = inWords(PARTY_WORDS[rule] as Words<unknown>, party[rule]);
  return `${name}: ${value}`;
}

function wayInWords(way: KeyWay): readonly RuleInWords[] {
  const prefix = `keys by ${wayName(way)}`;
  const of = <T>(name: string, rule: Rule<T>, say: (value: NonNullable<T>) => string, none?: string): RuleInWords =>
    inWords({ name: `${prefix}, ${name}`, say: say as (value: unknown) => string, ...(none !== undefined && { none }) }, rule);
  const set = [
    of("most keys", way.mostKeys, number),
    of("most keys of a kind", way.mostKeysOfAKind, number),
    of("longest JWKS", way.mostOctets, (octets) => `${number(octets)} octets`),
    of("members of a key", way.members, (members) =>
      "only" in members ? `only ${list(members.only)}` : `not ${list(members.refused)}`,
    ),
  ];
  const by: RuleInWords = { name: prefix, value: WHOSE_KEY[way.by.value], rule: way.by };
  if ("form" in way) return [by, of("form", way.form, String), ...set];
  return [
    by,
    of("scheme", way.scheme, (scheme) => SCHEMES[scheme]),
    of("asks from", way.reach, (reach) => (reach === "Internet" ? "the Internet" : "where its operator runs it")),
    of("port in the URL", way.port, String),
    of("longest URL", way.longestUrl, (most) => `${number(most)} characters`),
    of("a new key is known after", way.newKeySeconds, (seconds) =>
      seconds === 0 ? "the first token" : `${number(seconds)} seconds`,
    ),
    ...set,
  ];
}

function inWords({ name, say, none = "none" }: Words<unknown>, rule: Rule<unknown>): RuleInWords {
  if (rule.basis === "?") return { name, value: "?", rule };
  const { value, about } = rule;
  const said = value === null || value === undefined ? none : say(value);
  return { name, value: about === undefined ? said : `${said} (${about})`, rule };
}

function list(words: readonly string[]): string {
  return words.join(", ");
}

function claims(names: readonly string[]): string {
  return names.length === 0 ? "none" : list(names.map((name) => name.replaceAll("|", " or ")));
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function parts(...words: readonly (string | false | undefined)[]): string {
  return words.filter((each) => each !== false && each !== undefined).join("; ");
}

function life({ seconds, from }: LongestLife): string {
  return `${number(seconds)} seconds ${from === "iat" ? "from iat to exp" : "from its receipt to exp"}`;
}

function leeway(of: Leeway): string {
  const times = Object.entries(of).map(([name, seconds]) => `${name} ${number(seconds)}`);
  return `${list(times)} seconds`;
}

function time({ future, mostSecondsOld, advisedSecondsAgo }: TimeRule): string {
  return parts(
    future === "refused" && "not in the future",
    future === "taken" && "a future one is no fault",
    mostSecondsOld !== undefined && `at most ${number(mostSecondsOld)} seconds ago`,
    advisedSecondsAgo !== undefined && `best ${number(advisedSecondsAgo)} seconds ago`,
  );
}
