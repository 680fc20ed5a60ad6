import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ALGORITHM_NAMES } from "../../src/algorithms/table.js";
import { PARTY_IDS } from "../../src/relying-parties/ids.js";
import { ISSUER_PARTIES, KNOWN_TO_ALL, partyNamed, RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { documented, notKnown, page, ruleValue, WHOSE_KEY } from "../../src/relying-parties/notation.js";
import type { RelyingParty } from "../../src/relying-parties/relying-party.js";
import { RULE_NAMES, rulesInWords } from "../../src/relying-parties/words.js";

const HEAD = ["id", "name", "kind", "ways", "isOurs", "note"];
const SET = ["by", "mostKeys", "mostKeysOfAKind", "mostOctets", "members"];
const URL_RULES = [...SET, "scheme", "reach", "port", "longestUrl", "newKeySeconds"];
const LIMITS = ["leastRsaBits", "longestToken", "reuseAtLeastSeconds"] as const;

function isDay(text: unknown): boolean {
  const time = typeof text === "string" && /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text as string) && time <= Date.now();
}

function isSource(text: unknown): boolean {
  if (typeof text !== "string") return false;
  if (text === "npm run witnesses") return true;
  return text.startsWith("docs/") ? existsSync(text) : /^https:\/\/[a-z0-9.-]+\.[a-z]+\/\S+$/.test(text);
}

/** What is wrong with the rules of one object, by their names. */
function ruleFaults(rules: object, expected: readonly string[]): string[] {
  const entries = Object.entries(rules);
  const missing = expected.filter((name) => !Object.hasOwn(rules, name)).map((name) => `${name} is not stated`);
  const more = entries.filter(([name]) => !expected.includes(name)).map(([name]) => `${name} is no rule`);
  const faults = entries.flatMap(([name, { basis, value, source, checked }]) => [
    ...(["documented", "observed", "assumed", "?"].includes(basis) ? [] : [`${name}: basis`]),
    ...((basis === "?") === (value === undefined) ? [] : [`${name}: a value, and not known`]),
    ...(isDay(checked) ? [] : [`${name}: date`]),
    ...(isSource(source) ? [] : [`${name}: source`]),
  ]);
  return [...missing, ...more, ...faults];
}

function faultsOf(party: RelyingParty): string[] {
  const rules = Object.fromEntries(Object.entries(party).filter(([name]) => !HEAD.includes(name)));
  return [
    ...(/^[a-z0-9-]+$/.test(party.id) ? [] : ["id"]),
    ...ruleFaults(rules, RULE_NAMES),
    ...party.ways.flatMap((way) => ruleFaults(way, "form" in way ? [...SET, "form"] : URL_RULES)),
    ...[party.algorithms, party.optIn].flatMap((rule) => {
      const value = ruleValue<readonly string[] | { readonly algorithms: readonly string[] } | null>(rule) ?? [];
      const names = "algorithms" in value ? value.algorithms : value;
      return names
        .filter((name) => !(ALGORITHM_NAMES as readonly string[]).includes(name))
        .map((name) => `no algorithm: ${name}`);
    }),
    ...LIMITS.filter((name) => !isCount(ruleValue(party[name]))),
    ...party.ways.flatMap(({ mostKeys, mostKeysOfAKind, mostOctets }) =>
      [mostKeys, mostKeysOfAKind, mostOctets].flatMap((rule) => (isCount(ruleValue(rule)) ? [] : ["a limit of keys"])),
    ),
  ];
}

function isCount(value: number | null | undefined): boolean {
  return value === undefined || value === null || (Number.isSafeInteger(value) && value > 0);
}

const google = partyNamed("google-cloud");

function without(rules: object, name: string): object {
  return Object.fromEntries(Object.entries(rules).filter(([each]) => each !== name));
}

describe("the table of relying parties", () => {
  it.each(RELYING_PARTIES.map((party) => [party.id, party] as const))(
    "%s states each rule, with a source and a date",
    (_id, party) => {
      expect(faultsOf(party)).toStrictEqual([]);
    },
  );

  it.each<[string, object]>([
    ["no day of the calendar", { leeway: { basis: "?", source: "https://a.example/b", checked: "2026-02-30" } }],
    ["a day to come", { leeway: { basis: "?", source: "https://a.example/b", checked: "2999-01-01" } }],
    ["a source of http", { leeway: documented({}, page("http://a.example/b")) }],
    ["no source", { leeway: documented({}, page("")) }],
    ["a value that is not known", { leeway: { ...documented({}, page("https://a.example/b")), basis: "?" } }],
    ["a rule that is not stated", { leeway: undefined }],
    ["an algorithm that there is not", { algorithms: documented(["RS265"], page("https://a.example/b")) }],
    ["a limit of nothing", { longestToken: documented(0, page("https://a.example/b")) }],
    ["a way without its limits", { ways: [without(google.ways[0], "newKeySeconds")] }],
  ])("would be found to have %s", (_, change) => {
    const planted = Object.fromEntries(Object.entries({ ...google, ...change }).filter(([, value]) => value !== undefined));
    expect(faultsOf(planted as unknown as RelyingParty).length).toBeGreaterThan(0);
  });

  it("names each party once, as the list of names has them", () => {
    expect(RELYING_PARTIES.map(({ id }) => id)).toStrictEqual(PARTY_IDS);
    expect(new Set(PARTY_IDS).size).toBe(RELYING_PARTIES.length);
    expect(new Set(RELYING_PARTIES.map(({ name }) => name)).size).toBe(RELYING_PARTIES.length);
  });

  it("says whose key it is: ours by URL or upload, or handed to us", () => {
    const whose = (id: string) => partyNamed(id).ways.map(({ by }) => WHOSE_KEY[by.value]);
    expect(whose("iam")).toStrictEqual(["found by URL"]);
    expect(whose("google-cloud")).toStrictEqual(["found by URL", "uploaded by us"]);
    expect(whose("snowflake-keypair")).toStrictEqual(["uploaded by us"]);
    expect(whose("github-app")).toStrictEqual(["handed to us"]);
  });

  it("lists those that find an issuer's keys apart from those for which their users sign", () => {
    const selfSigned = PARTY_IDS.filter((id) => !ISSUER_PARTIES.some((party) => party.id === id));
    expect(selfSigned).toContain("github-app");
    expect(selfSigned).toContain("keycloak");
    expect(selfSigned).not.toContain("azure");
    expect(KNOWN_TO_ALL).toStrictEqual(["RS256"]);
  });

  it("finds a party by its id, and says which was meant", () => {
    expect(partyNamed("iam").name).toContain("IAM");
    expect(() => partyNamed("google-clod")).toThrow(
      /--for knows no google-clod \(did you mean google-cloud\?\); it knows http-api/,
    );
    expect(() => partyNamed("constructor")).toThrow(/knows no constructor/);
  });
});

describe("a rule in words", () => {
  const words = (party: RelyingParty, name: string) => rulesInWords(party).find((each) => each.name === name)?.value;
  const source = page("https://a.example/b");

  it("tells a rule that is not known from one that there is not", () => {
    expect(words({ ...google, ...notKnown(source, "longestLife") }, "longest life")).toBe("?");
    expect(words({ ...google, longestLife: documented(null, source) }, "longest life")).toBe("none");
    expect(words({ ...google, longestLife: documented({ seconds: 3_600, from: "iat" }, source) }, "longest life")).toBe(
      "3,600 seconds from iat to exp",
    );
  });

  it("is there for each rule of each party, and never a value that is no text", () => {
    for (const party of RELYING_PARTIES) {
      const all = rulesInWords(party);
      expect(all.length).toBeGreaterThan(RULE_NAMES.length);
      for (const { name, value } of all) {
        expect(`${name} ${value}`).not.toMatch(/undefined|null|\[object|NaN| $/);
        expect(value).not.toBe("");
      }
    }
  });
});
