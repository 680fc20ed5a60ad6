import { describe, expect, it } from "vitest";
import { membersOf } from "../../src/operator/init-for.js";
import { choose } from "../../src/relying-parties/choose.js";
import { type Exclusion, exclusionOf } from "../../src/relying-parties/exclusions.js";
import { FACT_NAMES, FACTS, factGiven } from "../../src/relying-parties/facts.js";
import { PARTY_IDS } from "../../src/relying-parties/ids.js";
import { partyNamed, RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { documented, page } from "../../src/relying-parties/notation.js";
import { factsOf, ownChoice } from "../../src/relying-parties/own-choices.js";
import type { PartyRules, RelyingParty } from "../../src/relying-parties/relying-party.js";
import { GIVEN, ISSUER, madeFor } from "./parties-given.js";

const SOURCE = page("https://a.example/b");
const members = (ids: readonly string[], more = {}) => membersOf(madeFor(ids, more).choice);
const because = (ids: readonly string[], member: string) =>
  madeFor(ids).choice.reasons.find((reason) => reason.member === member);

/** A party with rules of its own. */
function ruled(id: string, rules: Partial<PartyRules>): RelyingParty {
  return { ...partyNamed("jose"), id, ...rules };
}

describe("what is chosen for", () => {
  it("a GitHub App is its id, a minute back, nine minutes and no kid", () => {
    expect(members(["github-app"])).toStrictEqual({
      for: ["github-app"],
      tokens: { iss: GIVEN.appId, iat: 60, kid: false },
      limits: { maxTtlSeconds: 540, defaultTtlSeconds: 540 },
      rotation: { rotateEverySeconds: 0, byUpload: true },
    });
    expect(madeFor(["github-app"]).choice.algorithms).toStrictEqual(["RS256"]);
    expect(because(["github-app"], "tokens.iat")).toMatchObject({
      party: "github-app",
      rule: expect.stringMatching(/^iat: .*60/),
    });
  });

  it("Apple's APIs is the issuer id, their audience, and a bundle id where it is wanted", () => {
    expect(members(["app-store-connect"])).toMatchObject({
      tokens: { iss: GIVEN.issuerId, iat: 0 },
      limits: { maxTtlSeconds: 1_200, defaultTtlSeconds: 900, fixedClaims: { aud: "appstoreconnect-v1" } },
    });
    expect(members(["app-store-server"])).toMatchObject({
      limits: { maxTtlSeconds: 3_600, fixedClaims: { bid: GIVEN.bundleId, aud: "appstoreconnect-v1" } },
    });
    expect(members(["apns"])).toMatchObject({
      tokens: { iss: GIVEN.teamId, iat: 0, exp: false },
      limits: { maxTtlSeconds: 3_000, defaultTtlSeconds: 3_000 },
    });
  });

  it("a key pair of Snowflake's is the account in its spelling, and the key's fingerprint", () => {
    expect(members(["snowflake-keypair"])).toStrictEqual({
      for: ["snowflake-keypair"],
      tokens: { iss: "MYORG-ACCOUNT1.CI.{fingerprint}", iat: 0, kid: false },
      limits: { maxTtlSeconds: 3_600, defaultTtlSeconds: 3_600, fixedClaims: { sub: "MYORG-ACCOUNT1.CI" } },
      rotation: { rotateEverySeconds: 0, byUpload: true },
    });
  });

  it("a service account of Google's is a key without a name until Google has named it", () => {
    expect(members(["google-service-account"])).toMatchObject({
      tokens: { iss: GIVEN.serviceAccount, iat: 0, kid: false },
      limits: { fixedClaims: { sub: GIVEN.serviceAccount }, maxTtlSeconds: 3_600, defaultTtlSeconds: 3_600 },
      rotation: { byUpload: true },
    });
    expect(madeFor(["google-service-account"]).choice.notes).toContainEqual({
      party: "google-service-account",
      words: expect.stringContaining("take limits.fixedClaims.sub away"),
    });
    // One that Google has made has its name, and the next one is made there too.
    const { choice } = madeFor(["google-service-account"], { import: "key.json" });
    expect(choice.tokens).toStrictEqual({ iss: GIVEN.serviceAccount, iat: 0 });
    expect(choice.rotation).toBe("import");
  });

  it("authorization servers is one client's id, used once, for a minute", () => {
    expect(members(["auth0", "keycloak"])).toMatchObject({
      tokens: { iss: GIVEN.clientId, iat: 0, jti: true },
      limits: { maxTtlSeconds: 60, defaultTtlSeconds: 60, fixedClaims: { sub: GIVEN.clientId }, requiredClaims: ["aud"] },
    });
    expect(members(["entra"])).toMatchObject({ tokens: { certificates: {} }, limits: { requiredClaims: ["aud", "nbf"] } });
    expect(madeFor(["entra"]).choice.algorithms).toStrictEqual(["PS256"]);
  });

  it("parties that ask the issuer is what they all take, by schedule", () => {
    expect(members(["iam", "google-cloud"])).toStrictEqual({
      for: ["iam", "google-cloud"],
      tokens: { iat: 0 },
      limits: { maxTtlSeconds: 86_400, defaultTtlSeconds: 900, requiredClaims: ["sub", "aud"] },
      rotation: {},
    });
    expect(madeFor(["iam", "google-cloud"]).choice.algorithms[0]).toBe("ES256");
    expect(because(["iam", "google-cloud"], "algorithm")).not.toHaveProperty("party");
    expect(because(["iam", "azure"], "algorithm")).toMatchObject({ value: "RS256", party: "azure" });
    expect(members(["azure"]).limits.fixedClaims).toStrictEqual({ aud: "api://AzureADTokenExchange" });
    expect(members(["azure", "iam"]).limits).not.toHaveProperty("fixedClaims");
    expect(members(["anthropic", "google-cloud"]).limits.maxTtlSeconds).toBe(3_600);
  });

  it("them with a key that was made elsewhere is a rotation by hand, which is said", () => {
    const { choice } = madeFor(["iam"], { import: "key.pem" });
    expect(choice.reasons.at(-1)).toMatchObject({ member: "rotation", value: "by hand" });
  });

  it("who does not say what it takes is RS256", () => {
    expect(because(["tailscale"], "algorithm")).toMatchObject({ value: "RS256", rule: expect.stringContaining("safe") });
    expect(because(["jose"], "algorithm")).toMatchObject({ value: "ES256" });
  });

  it("who takes it once configured stands behind who takes it at once", () => {
    expect(madeFor(["kubernetes"]).choice.algorithms.slice(0, 2)).toStrictEqual(["RS256", "ES256"]);
    const { choice } = madeFor(["kubernetes"], { algorithm: "ES256" });
    expect(choice.algorithms).toStrictEqual(["ES256"]);
    const one = choose([ruled("a", { algorithms: documented(["ES256"], SOURCE) }), partyNamed("kubernetes")], {
      facts: {},
      issuer: { url: ISSUER, isPublic: true, allowsInsecure: false },
      isImported: false,
    });
    expect(one.notes).toContainEqual({ party: "kubernetes", words: expect.stringContaining("it takes ES256 with --oidc") });
  });

  it("who counts from an iat that is set back is so much less of a life", () => {
    const life = (from: "iat" | "receipt") => {
      const longestLife = documented({ seconds: 100, from }, SOURCE);
      const iat = documented({ advisedSecondsAgo: 60 }, SOURCE);
      return choose([ruled("a", { longestLife, iat })], { facts: {}, isImported: false }).limits;
    };
    expect(life("iat")).toMatchObject({ maxTtlSeconds: 40, defaultTtlSeconds: 40 });
    expect(life("receipt")).toMatchObject({ maxTtlSeconds: 100, defaultTtlSeconds: 100 });
  });

  it("programs alone needs no URL: requests bring the iss that they demand", () => {
    expect(members(["dotnet"]).limits.requiredClaims).toStrictEqual(["iss", "aud"]);
    expect(members(["dotnet"], { issuer: ISSUER }).limits.requiredClaims).toStrictEqual(["aud"]);
  });
});

describe("where an issuer is decides how its keys come there", () => {
  const inside = { issuer: "https://signet.internal.example:8443", allowInsecureIssuer: true };

  it("by a paste where no URL can be asked, and then by hand", () => {
    const { choice } = madeFor(["google-cloud"], { issuer: "https://signet" });
    expect(choice.ways[0]).toMatchObject({ how: "paste", words: expect.stringContaining("does not reach") });
    expect(membersOf(choice).rotation).toStrictEqual({ rotateEverySeconds: 0, byUpload: true });
    expect(members(["vault"], { issuer: "http://vault.example", allowInsecureIssuer: true }).rotation).toStrictEqual({});
  });

  it.each([
    ["iam", { issuer: "http://localhost:7117" }, "--for iam: the issuer is on this machine"],
    ["iam", inside, "--for iam: it takes no URL with a port"],
    ["iam", { issuer: "https://10.0.0.1" }, "--for iam: the issuer has an address that the Internet does not reach"],
    ["alb", { issuer: `https://issuer.example/${"a".repeat(212)}` }, "--for alb: it takes URLs up to 256 characters"],
    ["kubernetes", { issuer: "http://issuer.example", allowInsecureIssuer: true }, "--for kubernetes: it asks over https alone"],
    ["github-app", { import: undefined }, "more is unknown for github-app: import"],
    ["apns", { kid: undefined, import: undefined }, "more is unknown for apns: import, kid"],
    ["apns", { kid: "abc" }, "--kid must be ten capital letters and digits, such as 2X9R4HXF34: the key's id at Apple"],
    ["entra", { clientId: "ci" }, "--client-id must be a UUID such as"],
    ["apns", { kid: undefined, custody: "kms" }, "more is unknown for apns: kid"],
    ["azure", { algorithm: "ES256" }, "--algorithm: ES256 is not taken by all of azure; these are: RS256"],
    ["azure", { algorithm: "ES257" }, "--algorithm: ES257 is not taken"],
    ["azure", { algorithm: "Ed25519" }, "--algorithm: EdDSA is not taken"],
    ["iam", { teamId: "A1B2C3D4E5" }, "--team-id is for apns, and not for iam: leave it out"],
    ["apns", { teamId: "a1" }, "--team-id must be ten capital letters"],
    ["github-app", { issuer: ISSUER }, "the iss of tokens for github-app is no URL, and none is wanted beside it (--issuer"],
  ])("or refuses: %s with %o", (id, more, words) => {
    expect(() => madeFor([id], more)).toThrow(words);
  });
});

describe("two parties exclude each other", () => {
  const told = (...ids: readonly [string, string]) => exclusionOf(...(ids.map(partyNamed) as [RelyingParty, RelyingParty]));

  it("by the rule of each, which is said", () => {
    expect(told("github-app", "iam")).toStrictEqual<Exclusion>({
      parties: ["github-app", "iam"],
      matter: "iss",
      rules: ["iss: the app's client id, or its number", "it finds keys by discovery, so that iss is the issuer's URL"],
    });
    expect(told("app-store-connect", "app-store-server")).toMatchObject({ matter: "keys" });
    expect(told("entra", "okta")).toMatchObject({
      matter: "algorithms",
      rules: [expect.stringContaining("PS256"), expect.stringContaining("RS256")],
    });
    expect(told("rust", "apns")).toMatchObject({ matter: "claims", rules: ["required claims: exp", "its tokens have no exp"] });
    expect(() => madeFor(["github-app", "jose", "azure"])).toThrow(
      /^--for: github-app and azure exclude each other by iss \(github-app: iss: .*; azure: it finds keys by discovery/,
    );
  });

  it.each<[string, Partial<PartyRules>, Partial<PartyRules>, string]>([
    ["kid", { kid: documented("absent", SOURCE) }, { kid: documented("required", SOURCE) }, "kid of the token"],
    ["typ", { typ: documented("at+jwt", SOURCE) }, { typ: documented("JWT", SOURCE) }, "typ: at+jwt"],
    [
      "iat",
      { iat: documented({ advisedSecondsAgo: 60 }, SOURCE) },
      { iat: documented({ mostSecondsOld: 60 }, SOURCE) },
      "best 60",
    ],
    [
      "claims",
      { forbiddenClaims: documented(["a", "b"], SOURCE) },
      { requiredClaims: documented(["a|b"], SOURCE) },
      "no a, no b",
    ],
  ])("by %s, whichever stands first", (matter, one, other, words) => {
    const [a, b] = [ruled("a", one), ruled("b", other)];
    expect(exclusionOf(a, b)).toMatchObject({
      matter,
      parties: ["a", "b"],
      rules: [expect.stringContaining(words), expect.anything()],
    });
    expect(exclusionOf(b, a)).toMatchObject({
      matter,
      parties: ["b", "a"],
      rules: [expect.anything(), expect.stringContaining(words)],
    });
    expect(exclusionOf(a, a)).toBeUndefined();
  });

  it("or three do, of which two do not", () => {
    const taking = (id: string, ...algorithms: string[]) => ruled(id, { algorithms: documented(algorithms, SOURCE) });
    const three = [taking("a", "ES256", "RS256"), taking("b", "RS256", "PS256"), taking("c", "PS256", "ES256")];
    expect(() => choose(three, { facts: {}, isImported: false })).toThrow(/no algorithm is taken by all of them \(a: .*; c: /);
  });
});

describe("what has to be known", () => {
  it("is asked for each party that is not found by URL, and for no other", () => {
    const asking = RELYING_PARTIES.filter((party) => factsOf(party).length > 0).map(({ id }) => id);
    expect(asking).toStrictEqual(RELYING_PARTIES.filter(({ kind }) => kind === "self-signed").map(({ id }) => id));
    expect([...new Set(RELYING_PARTIES.flatMap(factsOf))].sort()).toStrictEqual([...FACT_NAMES].sort());
  });

  it("belongs to parties that there are", () => {
    // A choice for a name that is misspelt would be no choice.
    expect(PARTY_IDS.filter((id) => Object.keys(ownChoice(partyNamed(id))).length > 0).length).toBe(11);
  });

  it.each([
    ["appId", "ghp_secret"],
    ["appId", "007"],
    ["bundleId", ".com.example"],
    ["serviceAccount", "ci@example.com"],
    ["issuerId", "00000000-0000-0000-0000-000000000000"],
    ["user", "CI.SHA256:abc"],
    ["user", 'a"b'],
  ] as const)("%s is not %s", (name, text) => {
    expect(() => factGiven(name, text)).toThrow(`${FACTS[name].flag} must be ${FACTS[name].title}`);
  });

  it("is told to be too long", () => {
    expect(() => factGiven("clientId", "a".repeat(256))).toThrow(
      "--client-id must be a client id without spaces: at most 255 characters",
    );
    expect(factGiven("clientId", "a".repeat(255))).toHaveLength(255);
  });

  it.each([
    "myorg-account1.snowflakecomputing.com",
    "xy12345.eu-central-1",
    "xy12345.east-us-2.azure",
    "myorg.account1",
    "https://myorg-account1.snowflakecomputing.com",
  ])("an account of Snowflake's is no host and has no region: %s", (text) => {
    expect(() => factGiven("account", text)).toThrow(/^--account must be ORGANIZATION-ACCOUNT .* or an account locator alone/);
  });

  it("an account of Snowflake's is its organization's, or a locator", () => {
    expect(factGiven("account", "myorg-my_account")).toBe("MYORG-MY_ACCOUNT");
    expect(factGiven("account", "xy12345")).toBe("XY12345");
  });

  it.each(FACT_NAMES)("%s is one line without braces", (name) => {
    expect(factGiven(name, GIVEN[name]).toLowerCase()).toContain(GIVEN[name].slice(0, 5).toLowerCase());
    for (const text of ["", "{fingerprint}", "a\nb", "a b", "\u001b[2J", "é", "a".repeat(600)]) {
      expect(() => factGiven(name, text)).toThrow(`${FACTS[name].flag} must be ${FACTS[name].title}`);
    }
  });
});
