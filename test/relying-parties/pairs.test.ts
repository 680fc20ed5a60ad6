import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { compactVerify } from "jose";
import { describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { ALGORITHM_NAMES, type AlgorithmName, algorithmNamed } from "../../src/algorithms/table.js";
import type { Config } from "../../src/config/schema.js";
import { type Evidence, examine } from "../../src/doctor/evidence.js";
import { keyReasons } from "../../src/doctor/judge-keys.js";
import { tokenReasons } from "../../src/doctor/judge-token.js";
import { verdictsOf } from "../../src/doctor/verdicts.js";
import type { Visitor } from "../../src/doctor/visit.js";
import { createIssuer, type Issuer } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";
import { type Exclusion, exclusionOf } from "../../src/relying-parties/exclusions.js";
import { PARTY_IDS } from "../../src/relying-parties/ids.js";
import { partyNamed } from "../../src/relying-parties/index.js";
import { ruleValue } from "../../src/relying-parties/notation.js";
import type { RelyingParty } from "../../src/relying-parties/relying-party.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { some } from "../contracts/matrix.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { ISSUER, madeFor } from "./parties-given.js";

const NOW = 1_900_000_000;
const THUMBPRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
/** What a request says for each claim that it may have to bring. */
const ASKED: Readonly<Record<string, string>> = { sub: "ci", scope: "connect", scp: "connect", client_id: "web" };

function pairOf(alg: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (algorithmNamed(alg).kty === "RSA") return rsaPair(2_048);
  return generateKeyPairSync("ec", { namedCurve: algorithmNamed(alg).crv ?? "" });
}

/** The keys of an issuer that signs by an algorithm, made once: one that signs and a standby. */
function world(alg: string) {
  const [active, standby] = [pairOf(alg), pairOf(alg)];
  const jwkOf = ({ publicKey }: { readonly publicKey: KeyObject }, kid: string) => ({
    ...publicKey.export({ format: "jwk" }),
    ...{ kid, alg, use: "sig" },
  });
  const keys = [jwkOf(active, "k1"), jwkOf(standby, "k2")];
  const ask: Visitor = async (url) => {
    const answer = { url, status: 200, headers: {}, milliseconds: 1, bytes: 900 };
    const jwksUri = `${ISSUER}/.well-known/jwks.json`;
    return { ...answer, json: url === jwksUri ? { keys } : { issuer: ISSUER, jwks_uri: jwksUri } };
  };
  const visited = { visit: ask, addresses: async () => ["8.8.8.8"], now: () => NOW * 1_000 };
  const signer = localSigner({ privateKey: active.privateKey, alg: alg as AlgorithmName, kid: "k1" });
  const terms = { issuer: ISSUER, audience: null, types: null, algorithms: ALGORITHM_NAMES, clock: () => NOW };
  return {
    signer,
    publicKey: active.publicKey,
    evidence: examine(ISSUER, visited),
    verify: createVerifier({ keys: { keys }, ...terms }).verify,
  };
}

const worlds = new Map<string, ReturnType<typeof world>>();
function worldOf(alg: string): ReturnType<typeof world> {
  const found = worlds.get(alg) ?? world(alg);
  worlds.set(alg, found);
  return found;
}

function issuerOf({ algorithm, issuer, limits, tokens }: Config): Issuer {
  const { signer } = worldOf(algorithm);
  // What `keys pem --for entra` says of the first key.
  const named = tokens?.certificates === undefined ? tokens : { ...tokens, certificates: { [signer.kid]: THUMBPRINT } };
  return createIssuer({ signer, issuer, limits, tokens: named, clock: () => NOW });
}

/** What was judged before need not be judged again: many pairs are made alike. */
const tokens = new Map<string, Promise<string>>();

/** A token as a request for one party asks for it, and of the longest life. */
async function tokenFor(party: RelyingParty, config: Config): Promise<string> {
  const { limits } = config;
  const { fixedClaims = {}, requiredClaims = [] } = limits;
  const wanted = [...requiredClaims, ...(ruleValue(party.requiredClaims) ?? []).flatMap((names) => names.split("|"))];
  const asked = wanted
    .filter((name) => !Object.hasOwn(fixedClaims, name))
    .flatMap((name) => (ASKED[name] === undefined ? [] : [name]));
  const audience = ruleValue(party.audience)?.is ?? "https://api.example";
  const aud = Object.hasOwn(fixedClaims, "aud") ? {} : { aud: audience };
  // Where neither its URL nor `tokens` says it, a request does.
  const iss = config.issuer === undefined && config.tokens?.iss === undefined ? { iss: ISSUER } : {};
  const claims = { ...iss, ...aud, ...Object.fromEntries(asked.map((name) => [name, ASKED[name]])) };
  const request = { claims, ttl: limits.maxTtlSeconds, ...(requiredClaims.includes("nbf") && { setNbf: true }) };
  const name = JSON.stringify([config.algorithm, config.issuer, limits, config.tokens, request]);
  const found = tokens.get(name) ?? signed(config, request);
  tokens.set(name, found);
  return found;
}

async function signed(config: Config, request: IssueRequest): Promise<string> {
  const { token } = await issuerOf(config).issue(request);
  await compactVerify(token, worldOf(config.algorithm).publicKey);
  return token;
}

function partOf(token: string, at: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[at] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
}

/** What doctor's judge has against a party's token and keys. */
async function against(party: RelyingParty, config: Config, token: string): Promise<readonly string[]> {
  const { evidence, verify } = worldOf(config.algorithm);
  const read = { header: partOf(token, 0), claims: partOf(token, 1), octets: token.length };
  // No URL leads to the keys of an issuer whose iss is none.
  const judged = config.tokens?.iss === undefined ? { read, verified: verify(token) } : { read, isSelfSigned: true as const };
  const seen: Evidence = { ...(await evidence), token: judged };
  const [verdict] = verdictsOf(seen, [party]);
  const isKnown = party.algorithms.basis !== "?";
  return [
    ...(party.kind === "self-signed" ? [] : keyReasons(party, seen).against),
    ...tokenReasons(party, read, seen).against,
    ...(verdict?.answer === (isKnown ? "yes" : "unknown") ? [] : [`${verdict?.answer}: ${verdict?.reasons.join("; ")}`]),
  ];
}

async function faultsOf(ids: readonly string[]): Promise<readonly string[]> {
  const { config } = madeFor(ids);
  const found: string[] = [];
  for (const party of ids.map(partyNamed)) {
    const token = await tokenFor(party, config);
    found.push(...(await against(party, config, token)).map((fault) => `${ids.join("+")}, ${party.id}: ${fault}`));
  }
  return found;
}

const PAIRS = PARTY_IDS.flatMap((one, at) => PARTY_IDS.slice(at + 1).map((other) => [one, other] as const));
const EXCLUDED = PAIRS.flatMap(([one, other]) => exclusionOf(partyNamed(one), partyNamed(other)) ?? []);
const NAMES_EXCLUDED = new Set(EXCLUDED.map(({ parties }) => parties.join("+")));
const ABLE = PAIRS.filter((pair) => !NAMES_EXCLUDED.has(pair.join("+")));
const PLAYED = some(150, ABLE);

/** Whether the rules of the two, as the table has them, do exclude each other. */
function isTrue({ parties, matter }: Exclusion): boolean {
  const [one, other] = parties.map(partyNamed) as [RelyingParty, RelyingParty];
  const takes = ({ algorithms, optIn }: RelyingParty) => [
    ...(ruleValue(algorithms) ?? ALGORITHM_NAMES),
    ...(ruleValue(optIn)?.algorithms ?? []),
  ];
  const isNamed = ({ kind }: RelyingParty) => kind === "self-signed";
  const asksUrl = ({ ways: [usual] }: RelyingParty) => ["discovery", "jwks-url"].includes(usual.by.value);
  const eitherWay = (is: (a: RelyingParty, b: RelyingParty) => boolean) => is(one, other) || is(other, one);
  switch (matter) {
    case "iss":
      // One needs the issuer's URL and the other something else, or both something else.
      return isNamed(one) && isNamed(other)
        ? ruleValue(one.issuer) !== ruleValue(other.issuer)
        : eitherWay((a, b) => isNamed(a) && asksUrl(b));
    case "keys":
      return [one, other].every(({ ways }) => ways.every(({ by }) => by.value === "file"));
    case "algorithms":
      return !takes(one).some((name) => takes(other).includes(name));
    case "claims":
      return eitherWay((a, b) => a.id === "apns" && ruleValue(b.requiredClaims)?.includes("exp") === true);
    case "kid":
      return eitherWay((a, b) => ruleValue(a.kid) === "absent" && ruleValue(b.kid) === "required");
    case "typ":
      return typeof ruleValue(one.typ) === "string" && ruleValue(one.typ) !== ruleValue(other.typ);
    case "iat":
      return eitherWay(
        (a, b) => (ruleValue(a.iat)?.advisedSecondsAgo ?? 0) >= (ruleValue(b.iat)?.mostSecondsOld ?? Number.POSITIVE_INFINITY),
      );
  }
}

describe("one issuer for two parties", () => {
  it.each(PARTY_IDS)("%s alone takes what is chosen for it", async (id) => {
    expect(await faultsOf([id])).toStrictEqual([]);
  });

  it("is either excluded by the rules of the two", () => {
    expect(EXCLUDED.filter((each) => !isTrue(each))).toStrictEqual([]);
    // Beside those of an issuer with a URL nothing but the algorithm excludes, and nothing that a rule does not say.
    const ofUrl = EXCLUDED.filter(({ parties }) => parties.every((id) => partyNamed(id).kind !== "self-signed"));
    expect([...new Set(ofUrl.map(({ matter }) => matter))]).toStrictEqual([]);
    expect(EXCLUDED.map(({ parties }) => parties.join("+"))).toEqual(
      expect.arrayContaining(["iam+github-app", "github-app+apns", "rust+apns", "azure+apns"]),
    );
  });

  it(`or made so that both take its tokens: ${PLAYED.length} of ${ABLE.length} pairs`, async () => {
    const found: string[] = [];
    for (const pair of PLAYED) found.push(...(await faultsOf(pair)));
    expect(found).toStrictEqual([]);
    expect(ABLE.length).toBeGreaterThan(600);
  }, 120_000);

  it("is judged by a judge that refuses what was chosen for another", async () => {
    const { config } = madeFor(["apns"]);
    const token = await tokenFor(partyNamed("apns"), config);
    expect(await against(partyNamed("app-store-connect"), config, token)).not.toStrictEqual([]);
    const plain = { ...madeFor(["jose"]).config, issuer: ISSUER };
    const other = await tokenFor(partyNamed("jose"), plain);
    expect((await against(partyNamed("snowflake"), plain, other)).join()).toContain("the token has no sub, iat");
  });
});
