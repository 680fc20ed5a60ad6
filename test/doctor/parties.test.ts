import { generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../src/doctor/checks.js";
import { type ExamineOptions, examine } from "../../src/doctor/evidence.js";
import { type Verdict, verdictsOf } from "../../src/doctor/verdicts.js";
import type { Visit, Visitor } from "../../src/doctor/visit.js";
import { partyNamed, RELYING_PARTIES } from "../../src/relying-parties/index.js";
import { documented, page } from "../../src/relying-parties/notation.js";
import type { PartyRules } from "../../src/relying-parties/relying-party.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";

const ISSUER = "https://issuer.example";
const NOW = 1_900_000_000;
const rsa = rsaPair(2_048);
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const RS256 = { ...rsa.publicKey.export({ format: "jwk" }), kid: "r1", alg: "RS256", use: "sig" };
const ES256 = { ...ec.publicKey.export({ format: "jwk" }), kid: "e1", alg: "ES256", use: "sig" };
const CLAIMS = { iss: ISSUER, sub: "ci", aud: "api", iat: NOW, exp: NOW + 300 };

type Claims = Readonly<Record<string, unknown>>;

/** A token with what is given instead of the usual claims and header; `undefined` leaves one out. */
async function signed(claims: Claims = {}, header: Claims = {}, key: KeyObject = rsa.privateKey): Promise<string> {
  const protectedHeader = JSON.parse(JSON.stringify({ alg: "RS256", kid: "r1", typ: "JWT", ...header }));
  return new SignJWT(JSON.parse(JSON.stringify({ ...CLAIMS, ...claims }))).setProtectedHeader(protectedHeader).sign(key);
}

interface World {
  readonly keys?: readonly object[];
  readonly jwks?: Partial<Visit>;
  readonly issuer?: string;
  readonly options?: ExamineOptions;
}

async function looked({ keys = [RS256], jwks, issuer = ISSUER, options }: World = {}) {
  const ask: Visitor = async (url) => {
    const base = { url, status: 200, headers: {}, milliseconds: 1, bytes: 500 };
    if (!url.endsWith("/openid-configuration")) return { ...base, json: { keys }, ...jwks };
    return { ...base, json: { issuer, jwks_uri: `${issuer}/jwks.json` } };
  };
  return examine(issuer, { visit: ask, addresses: async () => ["8.8.8.8"], now: () => NOW * 1_000, ...options });
}

/** What a party makes of a world, with other rules where they are given. */
async function verdict(id: string, world: World = {}, rules: Partial<PartyRules> = {}): Promise<Verdict> {
  return verdictsOf(await looked(world), [{ ...partyNamed(id), ...rules }])[0] as Verdict;
}

async function ofToken(id: string, claims: Claims, header: Claims = {}, rules: Partial<PartyRules> = {}): Promise<Verdict> {
  const isSelfSigned = partyNamed(id).kind === "self-signed";
  return verdict(id, { keys: [RS256, ES256], options: { token: await signed(claims, header), isSelfSigned } }, rules);
}

const many = (count: number, of = "a") => Array.from({ length: count }, (_, at) => `${of}${at}`);

describe("a sample token, by the rules of who is to take it", () => {
  it.each<[string, string, Claims, Claims, string]>([
    ["lives a second too long", "anthropic", { exp: NOW + 3_600 }, { exp: NOW + 3_601 }, "lives 3601 seconds, and it takes 3600"],
    ["has a sub an octet too long", "google-cloud", { sub: `${"é".repeat(63)}a` }, { sub: "é".repeat(64) }, "128 octets"],
    ["has a sub a character too long", "iam", { sub: "é".repeat(255) }, { sub: "é".repeat(256) }, "256 characters"],
    ["has an audience too many", "google-cloud", { aud: many(10) }, { aud: many(11) }, "11 audiences, and it can be told 10"],
    ["has an audience too long", "google-cloud", { aud: "a".repeat(256) }, { aud: "a".repeat(257) }, "257 characters"],
    ["is for another than the only audience", "azure", { aud: "api://AzureADTokenExchange" }, {}, "aud must be api://Azure"],
    ["is of a clock ahead", "anthropic", { iat: NOW + 30 }, { iat: NOW + 31 }, "iat is 31 seconds ahead, and it takes 30"],
    ["begins later", "anthropic", { nbf: NOW + 30 }, { nbf: NOW + 31 }, "nbf is 31 seconds ahead"],
    ["is ahead of who takes nothing of it", "google-cloud", {}, { iat: NOW + 1 }, "iat is 1 seconds ahead, and it takes none"],
    ["lacks iat", "snowflake", {}, { iat: undefined }, "the token has no iat"],
    ["lacks what it would have been set", "snowflake", {}, { iat: undefined }, "`signet issue --iat` sets iat"],
    ["lacks one of two", "http-api", { aud: undefined, client_id: "c" }, { aud: undefined }, "has no aud or client_id"],
    ["names several audiences and no azp", "iam", { aud: ["a", "b"], azp: "a" }, { aud: ["a", "b"] }, "several aud want azp"],
  ])("%s for %s", async (_what, id, good, bad, words) => {
    const fits = await ofToken(id, good);
    expect(fits.reasons.join("; ")).not.toContain("shorten");
    expect(fits.answer).toBe("yes");
    const refused = await ofToken(id, bad);
    expect(refused.answer).toBe("no");
    expect(refused.reasons.join("; ")).toContain(words);
  });

  it.each<[string, string, Claims, string]>([
    ["has no kid", "google-cloud", { kid: undefined }, "the token's header has no kid"],
    ["has no typ", "hotsock", { typ: undefined }, "the token's header needs typ JWT"],
    ["has another typ", "hotsock", { typ: "at+jwt" }, "the token's header needs typ JWT"],
  ])("has a header that %s for %s", async (_what, id, header, words) => {
    const claims = { scope: "connect" };
    const ofHeader = async (more: Claims) => verdict(id, { options: { token: await signed(claims, more) } });
    expect((await ofHeader({})).answer).toBe("yes");
    expect(await ofHeader(header)).toMatchObject({ answer: "no", reasons: [words] });
  });

  it("may lack a kid where there is one key, and typ where none is demanded", async () => {
    const options = { token: await signed({ aud: "a" }, { kid: undefined, typ: undefined }) };
    expect((await verdict("iam", { options })).answer).toBe("yes");
  });

  it("must not have a claim that is forbidden", async () => {
    const forbiddenClaims = documented(["email"], page("https://a.example/b"));
    expect((await ofToken("jose", {}, {}, { forbiddenClaims })).answer).toBe("yes");
    const { answer, reasons } = await ofToken("jose", { email: "a" }, {}, { forbiddenClaims });
    expect([answer, reasons[0]]).toStrictEqual(["no", "the token must not have email"]);
  });

  it("may be as long as the limit, and not an octet longer", async () => {
    const { length } = await signed();
    const longestToken = (octets: number) => ({ longestToken: documented(octets, page("https://a.example/b")) });
    expect((await ofToken("anthropic", {}, {}, longestToken(length))).answer).toBe("yes");
    const { answer, reasons } = await ofToken("anthropic", {}, {}, longestToken(length - 1));
    expect([answer, reasons.join()]).toStrictEqual(["no", expect.stringContaining(`the token has ${length} octets`)]);
  });

  it("is told of what is taken once, and of what is renewed too often", async () => {
    expect((await ofToken("anthropic", {})).reasons.join()).not.toContain("once");
    expect((await ofToken("anthropic", { jti: "a" })).reasons.join()).toContain("make a new one for each use");
    const apns = await ofToken("apns", { exp: undefined }, { alg: "RS256" }, { algorithms: partyNamed("github-app").algorithms });
    expect(apns.reasons.join()).toContain("oftener than each 1200 seconds");
  });

  it("is never refused by a rule that is not known, and the rule is named", async () => {
    const { answer, notKnown } = await ofToken("azure", { aud: "api://AzureADTokenExchange", exp: NOW + 864_000 });
    expect(answer).toBe("yes");
    expect(notKnown).toContain("longest life");
    expect(notKnown).toContain("leeway");
    expect((await ofToken("anthropic", {})).notKnown).not.toContain("longest life");
  });
});

describe("an issuer's keys, by the ways of who is to find them", () => {
  const privately = { addresses: async () => ["10.0.0.1"] };
  const keys = (count: number, more: object = {}) => many(count).map((kid) => ({ ...RS256, ...more, kid }));

  it("are pasted where no URL can be reached, up to the limit of that way", async () => {
    const fits = await verdict("google-cloud", { keys: keys(8), options: privately });
    expect(fits.answer).toBe("yes");
    expect(fits.reasons[0]).toBe("by a pasted JWKS, because the issuer has an address that the Internet does not reach");
    const { answer, reasons } = await verdict("google-cloud", { keys: keys(9), options: privately });
    expect(answer).toBe("no");
    expect(reasons.slice(0, 2)).toStrictEqual([
      "the issuer has an address that the Internet does not reach",
      "by a pasted JWKS: it takes 8 keys, and there are 9",
    ]);
    // By discovery there is no limit.
    expect((await verdict("google-cloud", { keys: keys(9) })).answer).toBe("yes");
  });

  it("may not have a member that a pasted key must not have", async () => {
    const x5c = { keys: keys(1, { x5c: ["AA"] }), options: privately };
    expect((await verdict("google-cloud", x5c)).reasons.join()).toContain("a pasted JWKS: it refuses a JWK with x5c");
    expect((await verdict("google-cloud", { keys: keys(1, { x5c: ["AA"] }) })).answer).toBe("yes");
  });

  it("may be as large as a pasted set may be", async () => {
    const answer = async (bytes: number) => (await verdict("openai-codex", { jwks: { bytes }, options: privately })).answer;
    expect([await answer(1_048_576), await answer(1_048_577)]).toStrictEqual(["yes", "no"]);
  });

  it.each([
    ["kubernetes", "yes"],
    ["vault", "yes"],
    ["iam", "no"],
    ["databricks", "yes"],
    ["azure", "no"],
  ])("in a private network are found by %s: %s", async (id, answer) => {
    expect((await verdict(id, { options: privately })).answer).toBe(answer);
  });

  it.each([
    ["vault", "yes"],
    ["kubernetes", "no"],
  ])("over http are found by %s: %s", async (id, answer) => {
    expect((await verdict(id, { issuer: "http://issuer.example", options: privately })).answer).toBe(answer);
  });

  it("are too many of one kind for tokens of that kind alone", async () => {
    const world = async (token: string) => ({ keys: [...keys(100), RS256, ES256], options: { token } });
    const es = await signed({}, { alg: "ES256", kid: "e1" }, ec.privateKey);
    expect((await verdict("iam", await world(es))).answer).toBe("yes");
    const { answer, reasons } = await verdict("iam", await world(await signed()));
    expect([answer, reasons[0]]).toStrictEqual(["no", "it takes 100 keys of type RSA"]);
    expect((await verdict("iam", { keys: keys(100) })).answer).toBe("yes");
  });

  it("are too small where there is none of enough bits", async () => {
    const small = { ...generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ format: "jwk" }), alg: "RS256" };
    expect((await verdict("php", { keys: [{ ...small, kid: "s" }] })).reasons).toContain(
      "it takes RSA keys of 2048 bits or more",
    );
    expect((await verdict("dotnet", { keys: [{ ...small, kid: "s" }] })).answer).toBe("yes");
    expect((await verdict("php", { keys: [RS256] })).answer).toBe("yes");
  });
});

describe("a token that its user signs", () => {
  const ours = { iss: "Iv1.8a61f9b3a7aba766", sub: undefined, aud: undefined, exp: NOW + 600 };

  it("is all that is judged, and has to be given", async () => {
    const none = await verdict("github-app");
    expect([none.answer, none.reasons.join()]).toStrictEqual(["unknown", expect.stringContaining("not found by URL")]);
    const { answer, reasons, kind } = await ofToken("github-app", ours);
    expect([answer, kind]).toStrictEqual(["yes", "self-signed"]);
    expect(reasons).toContain("its keys are not found by URL: the token alone was judged, and not its signature");
  });

  it.each<[string, string, Claims, Claims, string]>([
    ["lives too long from now on", "github-app", { ...ours, exp: NOW + 601 }, {}, "lives another 601 seconds"],
    ["has no iss", "github-app", { ...ours, iss: undefined }, {}, "no iss"],
    ["has expired", "github-app", { ...ours, exp: NOW - 3_600 }, {}, "has expired"],
    ["has another algorithm", "github-app", ours, { alg: "ES256" }, "does not know ES256; it takes RS256"],
    ["is too old", "snowflake-keypair", { iat: NOW - 61 }, {}, "iat is 61 seconds old, and it takes 60"],
    ["lacks a claim of its own", "app-store-server", { aud: "appstoreconnect-v1" }, { alg: "ES256" }, "no bid"],
    ["is for another", "app-store-connect", {}, { alg: "ES256" }, "aud must be appstoreconnect-v1"],
    ["lacks the certificate's digest", "entra", { nbf: NOW, jti: "a" }, { alg: "PS256" }, "no x5t#S256"],
    ["has two audiences", "keycloak", { aud: ["a", "b"], jti: "a", exp: NOW + 60 }, {}, "2 audiences, and it can be told 1"],
    ["is too long", "auth0", { jti: "a", pad: "a".repeat(2_000) }, {}, "and it takes 2048: shorten it"],
  ])("is refused where it %s (%s)", async (_what, id, claims, { alg = "RS256" }, words) => {
    const token = await signed(claims);
    const [, payload] = token.split(".");
    const header = Buffer.from(JSON.stringify({ alg, kid: "k", typ: "JWT" })).toString("base64url");
    const options = { token: `${header}.${payload}.AAAA`, isSelfSigned: true };
    const { answer, reasons } = await verdict(id, { options });
    expect([answer, reasons.join("; ")]).toStrictEqual(["no", expect.stringContaining(words)]);
  });

  it("says nothing of an issuer's parties", async () => {
    const options = { token: await signed(ours), isSelfSigned: true };
    expect((await verdict("jose", { options })).answer).toBe("yes");
    expect((await verdict("jose", { options: { token: options.token } })).reasons).toContain("the sample token is refused");
  });

  it("is not held against the issuer's keys, and that is said", async () => {
    const finding = async (options: ExamineOptions) => findingsOf(await looked({ options })).find(({ rule }) => rule === "token");
    const token = await signed(ours);
    expect(await finding({ token, isSelfSigned: true })).toMatchObject({
      level: "doubtful",
      words: expect.stringContaining("not verified"),
    });
    expect(await finding({ token })).toMatchObject({ level: "broken" });
    expect(await finding({ token: "a.b", isSelfSigned: true })).toMatchObject({ level: "broken" });
    expect((await verdict("github-app", { options: { token: "a.b", isSelfSigned: true } })).answer).toBe("no");
  });

  it("is judged whatever it says, in words that hide nothing", async () => {
    const parties = RELYING_PARTIES.filter(({ kind }) => kind === "self-signed");
    const hostile = fc.constantFrom<unknown>(
      { toString: false },
      [{ toString: 1 }],
      "\u001b[2J",
      1e300,
      -1,
      null,
      [],
      "é".repeat(300),
    );
    const value = fc.oneof(hostile, fc.jsonValue({ maxDepth: 1 }));
    const claims = fc.dictionary(
      fc.constantFrom("iss", "sub", "aud", "iat", "nbf", "exp", "jti", "azp", "scope", "__proto__"),
      value,
    );
    const header = fc.dictionary(fc.constantFrom("alg", "kid", "typ", "x5t#S256", "constructor"), value);
    const part = (each: object) => Buffer.from(JSON.stringify(each)).toString("base64url");
    await fc.assert(
      fc.asyncProperty(header, claims, async (head, body) => {
        const token = `${part(head)}.${part(body)}.AAAA`;
        const verdicts = verdictsOf(await looked({ options: { token, isSelfSigned: true } }), parties);
        for (const { reasons } of verdicts) {
          expect(reasons.length).toBeGreaterThan(0);
          expect(reasons.join("; ")).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
      { numRuns: 100 },
    );
  });
});
