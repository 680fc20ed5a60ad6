import { createHmac } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { jwksOf } from "../trust/fixture.js";
import { part, type TestKey } from "../verify/tokens.js";
import {
  answerOf,
  assertion,
  assertionBy,
  CLIENT_CREDENTIALS,
  exchangeOf,
  IDP,
  ISSUER,
  JWT_BEARER,
  keyOf,
  NOW,
  proofBy,
  proofClaims,
  provenRoutes,
  ruleOf,
  SUBJECT,
  TOKEN_EXCHANGE,
  TYPE,
} from "./proofs-fixture.js";

const keys = {} as Record<"idp" | "rsa" | "ed" | "attacker" | "own", TestKey>;
let routes: ReturnType<typeof provenRoutes>;
beforeAll(async () => {
  keys.idp = await keyOf("ES256", "idp");
  keys.rsa = await keyOf("RS256", "rsa");
  keys.ed = await keyOf("EdDSA", "ed");
  keys.own = await keyOf("EdDSA", "own");
  // Of the same name as the issuer's.
  keys.attacker = { ...(await keyOf("ES256", "attacker")), header: keys.idp.header };
  const jwks = jwksOf(keys.idp, keys.rsa, keys.ed) as never;
  const trusts = [ruleOf(keys.idp, { jwks })];
  const exchanges = [exchangeOf(keys.idp, { jwks, claims: { sub: SUBJECT } })];
  routes = provenRoutes({ ci: { trusts, exchanges }, own: { keys: { jwks: jwksOf(keys.own) } as never } });
});

/** Every door at which a token proves something: what is asked there, and how a refusal is answered. */
const DOORS: readonly (readonly [string, string, (token: string, address: string) => Promise<Response>])[] = [
  [
    "client_assertion",
    "401 invalid_client",
    (token, address) => asked({ grant_type: CLIENT_CREDENTIALS, ...assertion(token) }, address),
  ],
  ["the grant", "400 invalid_grant", (token, address) => asked({ grant_type: JWT_BEARER, assertion: token }, address)],
  [
    "subject_token",
    "400 invalid_request",
    (token, address) => asked({ ...exchange(token), client_id: "ci", client_secret: routes.secretOf("ci") }, address),
  ],
  [
    "actor_token",
    "400 invalid_request",
    (token, address) => {
      const actor = { actor_token: token, actor_token_type: `${TYPE}jwt` };
      return asked({ ...exchange(proofBy(keys.idp)), ...actor, client_id: "ci", client_secret: routes.secretOf("ci") }, address);
    },
  ],
  ["/issue", "401 proof_refused", (token, address) => carried("/issue", token, address)],
  ["/encode", "401 proof_refused", (token, address) => carried("/encode", token, address)],
];

function exchange(token: string) {
  return { grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: `${TYPE}jwt` };
}

function asked(form: Readonly<Record<string, string>>, address: string): Promise<Response> {
  return routes.token(form, undefined, { address });
}

function carried(path: string, token: string, address: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return routes.ask(path, { method: "POST", body: path === "/issue" ? '{"claims":{"sub":"a"}}' : "{}", headers, address });
}

const hmac = (secret: string | Buffer): string => {
  const input = `${part({ ...keys.idp.header, alg: "HS256" })}.${part(proofClaims())}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
};
const good = (): string[] => proofBy(keys.idp).split(".");
const spki = (format: "pem" | "der") => keys.idp.publicKey.export({ format, type: "spki" } as never) as unknown as string;

const FORGED: readonly (readonly [string, () => string])[] = [
  ...["none", "None", "NONE", ""].flatMap((alg): [string, () => string][] => [
    [`alg ${alg || "empty"} without a signature`, () => `${part({ ...keys.idp.header, alg })}.${part(proofClaims())}.`],
    [`alg ${alg || "empty"} with one`, () => proofBy(keys.idp, {}, { alg })],
  ]),
  ["HMAC by the public key as PEM", () => hmac(spki("pem"))],
  ["HMAC by the public key as DER", () => hmac(spki("der"))],
  ["RSA PKCS#1 as PSS", () => proofBy(keys.rsa, {}, { alg: "PS256" })],
  ["another key's kid", () => proofBy(keys.idp, {}, { kid: "rsa" })],
  ["an unknown kid", () => proofBy(keys.attacker, {}, { kid: "attacker" })],
  ["a kid that every object has", () => proofBy(keys.attacker, {}, { kid: "__proto__" })],
  ["another key under the issuer's kid", () => proofBy(keys.attacker)],
  ["another key in its header", () => proofBy(keys.attacker, {}, { jwk: keys.attacker.signer.publicJwk })],
  ["another key by URL", () => proofBy(keys.attacker, {}, { jku: "https://attacker.example" })],
  ["another key by certificate", () => proofBy(keys.attacker, {}, { x5c: ["MIIB"] })],
  ["a signature of a caller's own key", () => proofBy(keys.own, {}, { kid: "idp", alg: "EdDSA" })],
  ["a critical extension", () => proofBy(keys.idp, {}, { crit: ["b64"], b64: false })],
  ["compression", () => proofBy(keys.idp, {}, { zip: "DEF" })],
  ["a signature of zeros", () => `${good()[0]}.${good()[1]}.${part(Buffer.alloc(64))}`],
  ["no signature", () => `${good()[0]}.${good()[1]}.`],
  ["a signature that was cut", () => proofBy(keys.idp).slice(0, -2)],
  ["another payload", () => `${good()[0]}.${part(proofClaims({ sub: "x", jti: "x" }))}.${good()[2]}`],
  ["a header that names alg twice", () => keys.idp.token('{"alg":"none","alg":"ES256","kid":"idp"}', proofClaims())],
  [
    "a payload that names iss twice",
    () => keys.idp.token(keys.idp.header, `{"iss":"x",${JSON.stringify(proofClaims()).slice(1)}`),
  ],
  ["a payload that is no object", () => keys.idp.token(keys.idp.header, "[]")],
  ["an Ed25519 signature with bits to spare", () => `${proofBy(keys.ed)}A`],
  ["an access token's type", () => proofBy(keys.idp, {}, { typ: "at+jwt" })],
  ["a logout token's type", () => proofBy(keys.idp, {}, { typ: "logout+jwt" })],
  ["an end that has passed", () => proofBy(keys.idp, { exp: NOW - 61 })],
  ["no end", () => proofBy(keys.idp, { exp: undefined })],
  [
    "an end that never comes",
    () => keys.idp.token(keys.idp.header, JSON.stringify(proofClaims()).replace(`"exp":${NOW + 300}`, '"exp":1e999')),
  ],
  ["a beginning in the future", () => proofBy(keys.idp, { nbf: NOW + 61 })],
  ["a past that is too long ago", () => proofBy(keys.idp, { iat: NOW - 3_700 })],
  ["another issuer", () => proofBy(keys.idp, { iss: "https://attacker.example" })],
  ["an issuer with a slash more", () => proofBy(keys.idp, { iss: `${IDP}/` })],
  ["our own issuer", () => proofBy(keys.idp, { iss: ISSUER })],
  ["another audience", () => proofBy(keys.idp, { aud: "https://attacker.example" })],
  ["our audience beside an attacker's", () => proofBy(keys.idp, { aud: [ISSUER, "https://attacker.example"] })],
  ["an attacker's audience beside ours", () => proofBy(keys.idp, { aud: ["https://attacker.example", ISSUER] })],
  ["our audience twice", () => proofBy(keys.idp, { aud: [ISSUER, ISSUER] })],
  ["no audience", () => proofBy(keys.idp, { aud: undefined })],
  ["the token endpoint as audience", () => proofBy(keys.idp, { aud: `${ISSUER}/token` })],
  ["another subject", () => proofBy(keys.idp, { sub: `${SUBJECT}x` })],
  ["a list with the subject", () => proofBy(keys.idp, { sub: [SUBJECT] })],
  ["no subject", () => proofBy(keys.idp, { sub: undefined })],
];

let from = 0;
/** Each from an address of its own: an address may fail so often. */
const anAddress = () => `192.0.2.${from++ % 250}:${from}`;

describe.each(DOORS)("as %s", (_door, refusal, show) => {
  it.each(FORGED)("a token with %s is refused, and its sender learns no more", async (_name, token) => {
    const answer = await show(token(), anAddress());
    const text = await answer.clone().text();
    expect(await answerOf(answer)).toBe(refusal);
    expect(text).not.toMatch(/trusts|exchanges|\biss\b|\baud\b|\bsub\b|\btyp\b|audience|expired|idp\.example|repo:acme/);
    expect(text).not.toContain(token().split(".")[1]);
  });

  it("a good one is not", async () => {
    expect(await answerOf(show(proofBy(keys.idp), anAddress()))).toBe("token");
    expect(await answerOf(show(proofBy(keys.idp, { aud: [ISSUER] }), anAddress()))).toBe("token");
  });
});

describe("an assertion of the caller's own", () => {
  it.each([
    ["of another caller", () => assertionBy(keys.own, { iss: "ci", sub: "ci" })],
    ["for another caller", () => assertionBy(keys.own, { sub: "ci" })],
    ["for the token endpoint", () => assertionBy(keys.own, { aud: `${ISSUER}/token` })],
    ["for us and an attacker", () => assertionBy(keys.own, { aud: [ISSUER, "https://attacker.example"] })],
    ["that lives too long", () => assertionBy(keys.own, { exp: NOW + 301 })],
    ["without a jti", () => assertionBy(keys.own, { jti: undefined })],
    ["of another type", () => assertionBy(keys.own, {}, { typ: "at+jwt" })],
    ["that another has signed", () => assertionBy(keys.ed, {}, { kid: "own" })],
  ])("%s is refused", async (_name, token) => {
    const form = { grant_type: CLIENT_CREDENTIALS, ...assertion(token()) };
    expect(await answerOf(routes.token(form, undefined, { address: anAddress() }))).toBe("401 invalid_client");
    expect(
      await answerOf(routes.token({ grant_type: JWT_BEARER, assertion: token() }, undefined, { address: anAddress() })),
    ).toBe("400 invalid_grant");
  });

  it("is no token that is exchanged", async () => {
    const form = exchange(assertionBy(keys.own));
    expect(await answerOf(routes.token(form, "own"))).toBe("400 invalid_request");
    expect(await answerOf(routes.token(form, "ci"))).toBe("400 invalid_request");
  });
});

describe("an address that shows wrong tokens", () => {
  it("may fail sixty times a minute, with secrets and tokens together, and is served all the same where one is right", async () => {
    const mixed = (at: number) =>
      at % 2 === 0 ? carried("/issue", proofBy(keys.attacker), "203.0.113.9") : carried("/issue", "signet_x", "203.0.113.9");
    const statuses = [];
    for (let at = 0; at < 62; at++) statuses.push((await mixed(at)).status);
    expect(statuses.indexOf(429)).toBe(60);
    const answer = await asked({ grant_type: JWT_BEARER, assertion: proofBy(keys.attacker) }, "203.0.113.9");
    expect([await answerOf(answer), Number(answer.headers.get("retry-after")) > 0]).toStrictEqual([
      "429 temporarily_unavailable",
      true,
    ]);
    expect((await carried("/issue", proofBy(keys.idp), "203.0.113.9")).status).toBe(200);
    expect((await carried("/issue", proofBy(keys.attacker), "203.0.113.10")).status).toBe(401);
  });
});
