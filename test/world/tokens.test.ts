import { beforeAll, describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import type { Verifying } from "../../src/verify/verifier.js";
import { createVerifier as createWebVerifier } from "../../src/verify/web/web-verifier.js";
import { NOW, type TestKey, testKey } from "../verify/tokens.js";

/*
 * Tokens and key sets of other issuers, in the shapes that their public reports and manuals describe. Each case names its source; every
 * key was made for this run. All are judged by both verifiers, over keys at hand and by the URL of a JWKS.
 */

let rs: TestKey;
let es: TestKey;
let ed: TestKey;
beforeAll(async () => {
  [rs, es, ed] = (await Promise.all([testKey("RS256", "k1"), testKey("ES256", "k2"), testKey("EdDSA", "k3")])) as [
    TestKey,
    TestKey,
    TestKey,
  ];
});

const jwk = (key: TestKey, changes: object = {}): object => ({ ...key.signer.publicJwk, ...changes });

interface World {
  readonly keys: readonly object[];
  readonly token: string;
  readonly options: object;
}

/** Every verifier that there is, over these keys. */
function makersOf(keys: readonly object[], options: object): readonly (() => Verifying)[] {
  const fetch = async () => new Response(JSON.stringify({ keys }));
  const shared = { clock: () => NOW, ...options };
  return [createVerifier, createWebVerifier].flatMap((make) => [
    () => make({ keys: { keys }, ...shared } as never),
    () => make({ jwksUrl: "https://idp.example/jwks", fetch, ...shared } as never),
  ]);
}

/** What every verifier says of a token: one answer, or it is told. */
async function answer({ keys, token, options }: World): Promise<string> {
  const answers = await Promise.all(
    makersOf(keys, options).map(async (make) => {
      try {
        const { claims } = await make().verify(token);
        return claims.uid === undefined ? "accepted" : JSON.stringify(claims.uid);
      } catch (error) {
        if (error instanceof SignetError) return error.code;
        throw error;
      }
    }),
  );
  return [...new Set(answers)].join(" or ");
}

/** A token with a payload that is written out. */
const signed = (key: TestKey, claims: object | string, header: object = {}) =>
  key.token({ ...key.header, ...header }, typeof claims === "string" ? claims : { iss: "idp", exp: NOW + 600, ...claims });
/** For cases that are about other things. */
const anyone = { issuer: "idp", audience: null };

describe("Entra and PingFederate: keys that name no algorithm (envoy#9426, fastify-jwt-jwks#16, jwks-rsa-java#6)", () => {
  const iss = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
  const options = { issuer: iss, audience: "api" };
  const nameless = () => [jwk(rs, { alg: undefined, x5t: "k1" }), jwk(es, { alg: undefined }), jwk(ed, { alg: undefined })];

  it.each([
    ["RSA by the option alone", () => rs, {}, "invalid_key"],
    ["RSA with the option", () => rs, { algorithms: ["RS256"] }, "accepted"],
    ["RSA with another algorithm", () => rs, { algorithms: ["PS256", "ES256"] }, "token_algorithm_refused"],
    ["a curve by itself", () => es, {}, "accepted"],
    ["Ed25519 by itself", () => ed, {}, "accepted"],
    ["a curve that the option leaves out", () => es, { algorithms: ["RS256"] }, "token_key_unknown"],
  ])("%s", async (_what, key, more, expected) => {
    const token = signed(key(), { iss, aud: "api" });
    expect(await answer({ keys: nameless(), token, options: { ...options, ...more } })).toBe(expected);
  });
});

describe("access tokens of RFC 9068, IdentityServer's and our own (spring-security#13185, elasticsearch#126687)", () => {
  const issuer = "https://idp.example";
  const options = { issuer, audience: "api" };
  const token = (typ?: string) => signed(rs, { iss: issuer, aud: "api" }, { typ });

  it("pass a guard, which takes nothing else, but no verifier of ID tokens, in whatever order", async () => {
    for (const make of makersOf([jwk(rs)], options)) {
      const verifier = make();
      const guard = bearerGuard(verifier);
      const passes = async (typ?: string) => (await guard(`Bearer ${token(typ)}`)).refusal?.status ?? 200;
      const isRefused = async (typ: string) => {
        await expect((async () => verifier.verify(token(typ)))()).rejects.toMatchObject({ code: "token_type_refused" });
      };
      await isRefused("at+jwt");
      expect(await passes("at+jwt")).toBe(200);
      // The header was remembered as a good one.
      await isRefused("at+jwt");
      for (const typ of ["application/AT+JWT", "at+JWT", "JWT", undefined]) expect(await passes(typ)).toBe(200);
      for (const typ of ["logout+jwt", "dpop+jwt", "at", ""]) expect(await passes(typ)).toBe(401);
    }
  });

  it.each([
    [["at+jwt"], "at+jwt", "accepted"],
    [["at+jwt"], "JWT", "token_type_refused"],
    [["JWT"], "at+jwt", "token_type_refused"],
    [null, "at+jwt", "accepted"],
    [["application/okta-internal-at+jwt"], "application/okta-internal-at+jwt", "accepted"],
  ])("are judged by the types that were named, %j, if any were: %s", async (types, typ, expected) => {
    expect(await answer({ keys: [jwk(rs)], token: token(typ), options: { ...options, types } })).toBe(expected);
    const guard = bearerGuard(createVerifier({ keys: { keys: [jwk(rs)] }, clock: () => NOW, ...options, types } as never));
    expect((await guard(`Bearer ${token(typ)}`)).refusal?.status ?? 200).toBe(expected === "accepted" ? 200 : 401);
  });
});

describe("Cognito's access tokens, which have a client_id and no aud (IdentityModel#555, aws-cognito-express#18)", () => {
  const iss = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI";
  const options = { issuer: iss, audience: "app-1", clientIds: ["app-1", "app-2"], claims: { token_use: "access" } };
  const access = { iss, client_id: "app-2", token_use: "access", scope: "openid", username: "alice" };

  it.each([
    ["one of the clients", access, {}, "accepted"],
    ["another client", { ...access, client_id: "app-3" }, {}, "token_audience_refused"],
    ["no client", { ...access, client_id: undefined }, {}, "token_audience_refused"],
    ["a list of clients", { ...access, client_id: ["app-1"] }, {}, "token_audience_refused"],
    // The client of a token that is meant for somebody else does not make it ours.
    ["a client, for another audience", { ...access, aud: "other" }, {}, "token_audience_refused"],
    ["a client, for an empty list", { ...access, aud: [] }, {}, "token_audience_refused"],
    ["the audience, whatever the client", { ...access, aud: "app-1", client_id: "app-3" }, {}, "accepted"],
    ["an ID token", { iss, aud: "app-1", token_use: "id" }, {}, "token_claim_refused"],
    ["where no audience is accepted", access, { audience: null }, "accepted"],
    ["an audience where none is accepted", { ...access, aud: "app-1" }, { audience: null }, "token_audience_refused"],
    ["where no clients are named", access, { clientIds: undefined }, "token_audience_refused"],
    ["no token_use", { ...access, token_use: undefined }, {}, "token_claim_missing"],
  ])("%s", async (_what, claims, more, expected) => {
    expect(await answer({ keys: [jwk(rs)], token: signed(rs, claims), options: { ...options, ...more } })).toBe(expected);
  });
});

describe("claims that must say exactly this (Entra's tid, Cognito's token_use, GitHub's repository)", () => {
  const check = (claims: object, json: string) =>
    answer({
      keys: [jwk(rs)],
      token: signed(rs, `{"iss":"idp","exp":${NOW + 60},${json}}`),
      options: { ...anyone, claims },
    });

  it.each([
    [{ token_use: "access" }, '"token_use":"access"', "accepted"],
    [{ token_use: "access" }, '"token_use":"Access"', "token_claim_refused"],
    [{ token_use: "access" }, '"token_use":["access"]', "token_claim_refused"],
    [{ token_use: "access" }, '"token_use":null', "token_claim_refused"],
    [{ token_use: "access" }, '"__proto__":{"token_use":"access"}', "token_claim_missing"],
    [{ level: 3 }, '"level":3', "accepted"],
    [{ level: 3 }, '"level":"3"', "token_claim_refused"],
    [{ level: 0 }, '"level":false', "token_claim_refused"],
    [{ email_verified: true }, '"email_verified":true', "accepted"],
    [{ email_verified: true }, '"email_verified":"true"', "token_claim_refused"],
    [{ tid: ["a", "b"] }, '"tid":"b"', "accepted"],
    [{ tid: ["a", "b"] }, '"tid":"c"', "token_claim_refused"],
    [{ tid: ["a", "b"], level: 3 }, '"tid":"a"', "token_claim_missing"],
    [{ constructor: "x" }, '"a":1', "token_claim_missing"],
  ])("%j of %s: %s", async (claims, json, expected) => {
    expect(await check(claims, json)).toBe(expected);
  });
});

describe("issuers that are no URL (go-oidc#125 for Google, SAP's and hand-made ones)", () => {
  it.each(["accounts.google.com", "my-service", "urn:example:issuer"])("%s, where the keys' place is given", async (iss) => {
    const token = signed(rs, { iss, aud: "app" });
    expect(await answer({ keys: [jwk(rs)], token, options: { issuer: iss, audience: "app" } })).toBe("accepted");
    const other = signed(rs, { iss: `https://${iss}`, aud: "app" });
    expect(await answer({ keys: [jwk(rs)], token: other, options: { issuer: iss, audience: "app" } })).toBe(
      "token_issuer_refused",
    );
  });

  it("several of them, each with its place, and one that has none is told", async () => {
    const issuer = ["accounts.google.com", "https://accounts.google.com"];
    const jwksUrl = Object.fromEntries(issuer.map((name) => [name, "https://www.googleapis.com/oauth2/v3/certs"]));
    const fetch = async () => new Response(JSON.stringify({ keys: [jwk(rs)] }));
    const verifier = createVerifier({ issuer, jwksUrl, audience: "app", clock: () => NOW, fetch });
    for (const iss of issuer) expect((await verifier.verify(signed(rs, { iss, aud: "app" }))).claims.iss).toBe(iss);
    for (const options of [{ issuer }, { issuer: "accounts.google.com" }]) {
      expect(() => createVerifier({ audience: "app", ...options } as never)).toThrow(/issuer must be the URL.*jwksUrl/);
    }
  });
});

describe("IdentityServer's scope, a list (IdentityServer4#1061, #4982, Duende's EmitScopesAsSpaceDelimitedStringInJwt)", () => {
  it.each([
    [{ scope: ["api1.read", "api1.write"] }, "accepted"],
    [{ scope: "api1.write api1.read" }, "accepted"],
    [{ scp: ["api1.read"] }, "accepted"],
    [{ scp: "api1.read" }, "accepted"],
    [{ scope: ["api1.write"] }, "token_scope_missing"],
    [{ scope: ["api1.read api1.write"] }, "token_scope_missing"],
    // What scope says counts, also where it says that there is none.
    [{ scope: [], scp: ["api1.read"] }, "token_scope_missing"],
    [{ scope: [["api1.read"]] }, "token_scope_missing"],
  ])("%j: %s", async (claims, expected) => {
    const options = { ...anyone, scopes: ["api1.read"] };
    expect(await answer({ keys: [jwk(rs)], token: signed(rs, claims), options })).toBe(expected);
  });
});

describe("headers that say where a key is (SAP's jku: cloud-sdk-js#100; x5c and x5u of signed documents)", () => {
  const options = anyone;
  const where = { jku: "https://uaa.example/token_keys", x5u: "https://uaa.example/cert", x5c: ["MIIB"] };

  it.each(["jku", "x5u", "x5c"] as const)("%s is passed over where that is said, and refused else", async (name) => {
    const token = signed(rs, {}, { [name]: where[name] });
    expect(await answer({ keys: [jwk(rs)], token, options })).toBe("token_header_refused");
    const others = Object.keys(where).filter((each) => each !== name);
    expect(await answer({ keys: [jwk(rs)], token, options: { ...options, ignoredHeaders: others } })).toBe(
      "token_header_refused",
    );
    expect(await answer({ keys: [jwk(rs)], token, options: { ...options, ignoredHeaders: [name] } })).toBe("accepted");
  });

  it("no key is taken from them: another one's token stays a stranger's", async () => {
    const stranger = await testKey("RS256", "k1");
    const token = signed(stranger, {}, where);
    const ignoredHeaders = ["jku", "x5u", "x5c"];
    expect(await answer({ keys: [jwk(rs)], token, options: { ...options, ignoredHeaders } })).toBe("token_signature_invalid");
  });

  it.each(["crit", "jwk", "b64", "zip", "enc", "epk", "x5t", "JKU", ""])("%s can never be ignored", (name) => {
    const make = () => createVerifier({ keys: { keys: [jwk(rs)] }, ...options, ignoredHeaders: [name] } as never);
    expect(make).toThrow("ignoredHeaders must be a list of jku, x5u and x5c: no other can be ignored");
  });
});

describe("tokens without a kid (pyjwt#1072, jwcrypto#143, the KMS articles of altostra.com and repost.aws)", () => {
  const options = anyone;
  const token = (key: TestKey) => key.token({ alg: key.header.alg, typ: "JWT" }, { iss: "idp", exp: NOW + 600 });

  it.each([
    ["the only key, which has a name", () => [jwk(rs)], {}, "accepted"],
    ["the only key, which has none", () => [jwk(rs, { kid: undefined })], {}, "accepted"],
    [
      "the only key that is meant for signatures",
      () => [jwk(rs), jwk(rs, { kid: "e", use: "enc", alg: "RSA-OAEP" })],
      {},
      "accepted",
    ],
    ["one of several", () => [jwk(rs), jwk(es)], {}, "token_kid_missing"],
    ["the only key, where names are asked for", () => [jwk(rs)], { requireKid: true }, "token_kid_missing"],
    ["another key", () => [jwk(es)], {}, "token_algorithm_refused"],
  ])("of %s", async (_what, keys, more, expected) => {
    expect(await answer({ keys: keys(), token: token(rs), options: { ...options, ...more } })).toBe(expected);
  });
});

describe("integers of 64 bits (node-jws#111, nestjs/jwt#1329, krakend-documentation#136)", () => {
  const options = anyone;
  const check = (json: string, more: object = {}) =>
    answer({ keys: [jwk(rs)], token: signed(rs, `{"iss":"idp","exp":${NOW + 60},${json}}`), options: { ...options, ...more } });

  it.each([
    '"uid":9007199254740993',
    '"uid":-9007199254740992',
    '"uid":869976676795383809',
    '"a":[{"b":[1,12345678901234567890]}]',
    `"uid":1${"0".repeat(400)}`,
    '"\\u0075id":869976676795383809',
  ])("are refused, for no number of JavaScript's is sure to be the same: %s", async (json) => {
    expect(await check(json)).toBe("token_claims_malformed");
  });

  it.each([
    ['"uid":869976676795383809', '"869976676795383809"'],
    ['"uid":-869976676795383809', '"-869976676795383809"'],
    // Whatever their size: what reads them finds a text each time.
    ['"uid":7', '"7"'],
    ['"\\u0075id":7', '"7"'],
    ['"uid":[1,{"a":12345678901234567890}]', '["1",{"a":"12345678901234567890"}]'],
    ['"uid":"7"', '"7"'],
    ['"uid":1.5', "1.5"],
    ['"uid":{},"a":869976676795383809', "token_claims_malformed"],
    ['"a":{"uid":869976676795383809}', "token_claims_malformed"],
  ])("are texts where that is asked for: %s is %s", async (json, expected) => {
    expect(await check(json, { integersAsText: ["uid"] })).toBe(expected);
  });

  it("are compared as the texts that they are", async () => {
    const more = { integersAsText: ["uid"], claims: { uid: "869976676795383809" } };
    expect(await check('"uid":869976676795383809', more)).toBe('"869976676795383809"');
    expect(await check('"uid":869976676795383808', more)).toBe("token_claim_refused");
  });

  it("that can be told apart stay numbers, the largest as well", async () => {
    expect(await check('"uid":9007199254740991')).toBe("9007199254740991");
  });
});

it("null is a value in a token, and nowhere absent", async () => {
  for (const header of [{ kid: null }, { typ: null }]) {
    expect(await answer({ keys: [jwk(rs)], token: signed(rs, {}, header), options: anyone })).toBe("token_malformed");
  }
  for (const claims of [{ aud: null }, { nbf: null }, { sub: null }]) {
    expect(await answer({ keys: [jwk(rs)], token: signed(rs, claims), options: anyone })).toBe("token_claims_malformed");
  }
});
