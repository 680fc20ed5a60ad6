import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { memoryOnce } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import {
  answerOf,
  assertion,
  exchangeOf,
  IDP,
  ISSUER,
  keyOf,
  NOW,
  type ProvenCaller,
  proofBy,
  provenRoutes,
  ruleOf,
  TOKEN_EXCHANGE,
  TYPE,
} from "./proofs-fixture.js";
import { claimsOf } from "./routes-fixture.js";

let idp: TestKey;
beforeAll(async () => {
  idp = await keyOf("ES256", "idp");
});

const API = "https://api.example";
const OTHER = "https://other.example";

/** A subject's token, with changes. */
const user = (claims: object = {}, header: object = {}) =>
  proofBy(idp, { sub: "user:alice", scope: "read write admin", jti: "u", ...claims }, header);
/** A token of the party that acts. */
const service = (claims: object = {}) => proofBy(idp, { sub: "user:svc", jti: "s", ...claims });

/** An issuer whose caller "gate" exchanges tokens. */
function gate(exchange: object = {}, more: ProvenCaller = {}, once = memoryOnce()) {
  return provenRoutes({ gate: { exchanges: [exchangeOf(idp, exchange)], ...more }, web: {} }, once);
}

const exchange = (subject: string, more: object = {}) => ({
  grant_type: TOKEN_EXCHANGE,
  subject_token: subject,
  subject_token_type: `${TYPE}access_token`,
  ...more,
});
const acting = (token: string) => ({ actor_token: token, actor_token_type: `${TYPE}jwt` });

interface Exchanged {
  readonly claims: Record<string, unknown>;
  readonly answer: Record<string, unknown>;
}

async function exchanged(answer: Response): Promise<Exchanged> {
  const { access_token: token, ...rest } = (await answer.json()) as { access_token: string };
  return { claims: claimsOf(token), answer: rest };
}

describe("token exchange", () => {
  it("gives a token of the subject, for the client, within what both allow", async () => {
    const { token, notes } = gate();
    const { claims, answer } = await exchanged(await token(exchange(user()), "gate"));
    expect(answer).toStrictEqual({
      issued_token_type: `${TYPE}access_token`,
      token_type: "Bearer",
      expires_in: 300,
      scope: "read write",
    });
    const { jti, ...rest } = claims;
    expect(rest).toStrictEqual({
      iss: ISSUER,
      sub: "user:alice",
      client_id: "gate",
      aud: API,
      scope: "read write",
      iat: NOW,
      exp: NOW + 300,
    });
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    const proof = { rule: "exchanges.0", issuer: IDP, subject: "user:alice" };
    expect(notes[0]).toStrictEqual({ route: "/token", caller: "gate", proof, tokens: 1 });
  });

  it("names who acts, and holds both tokens to their end", async () => {
    const { token } = gate();
    const act = { sub: "user:first" };
    const form = exchange(user({ act }), {
      ...acting(service({ exp: NOW + 100 })),
      scope: "read",
      requested_token_type: `${TYPE}jwt`,
    });
    const { claims, answer } = await exchanged(await token(form, "gate"));
    expect(claims).toMatchObject({ sub: "user:alice", scope: "read", exp: NOW + 100 });
    expect(claims.act).toStrictEqual({ iss: IDP, sub: "user:svc", act: { iss: IDP, sub: "user:first" } });
    expect(answer).toMatchObject({ issued_token_type: `${TYPE}jwt`, expires_in: 100, scope: "read" });
  });

  it("takes any number of audiences and resources, all of which the exchange allows", async () => {
    const { token } = gate({ audiences: [API, OTHER, "third"] });
    const form = exchange(user(), { audience: ["third", API], resource: [API, OTHER] });
    expect((await exchanged(await token(form, "gate"))).claims.aud).toStrictEqual(["third", API, OTHER]);
    expect((await exchanged(await token(exchange(user(), { resource: OTHER }), "gate"))).claims.aud).toBe(OTHER);
    expect(await answerOf(token(exchange(user()), "gate"))).toBe("400 invalid_target");
    expect(await answerOf(token(exchange(user(), { audience: [API, "fourth"] }), "gate"))).toBe("400 invalid_target");
    expect(await answerOf(token(exchange(user(), { audience: API, resource: "https://fourth.example" }), "gate"))).toBe(
      "400 invalid_target",
    );
    expect(await answerOf(token(exchange(user(), { resource: [API, `${API}/#x`] }), "gate"))).toBe("400 invalid_target");
  });

  it("is for clients that have proven themselves by something else than the subject's token", async () => {
    const trusts = [ruleOf(idp, { claims: { sub: { prefix: "user:" } } })];
    const { token } = gate({}, { trusts });
    const workload = service();
    expect(await answerOf(token(exchange(user(), assertion(workload))))).toBe("token");
    expect(await answerOf(token(exchange(user())))).toBe("401 invalid_client");
    expect(await answerOf(token(exchange(user(), { client_id: "gate" })))).toBe("401 invalid_client");
    expect(await answerOf(token(exchange(user(), assertion(user()))))).toBe("400 invalid_request");
    const [header, payload] = workload.split(".");
    const twice = `${header}.${payload}.${service().split(".")[2]}`;
    expect(await answerOf(token(exchange(twice, assertion(workload))))).toBe("400 invalid_request");
  });

  it("notes which token was exchanged, and which one proved who asked", async () => {
    const { token, notes } = gate({}, { trusts: [ruleOf(idp, { claims: { sub: "user:svc" } })] });
    expect(await answerOf(token(exchange(user(), assertion(service()))))).toBe("token");
    const client = { rule: "trusts.0", issuer: IDP, subject: "user:svc" };
    const proof = { rule: "exchanges.0", issuer: IDP, subject: "user:alice", client };
    expect(notes[0]).toStrictEqual({ route: "/token", caller: "gate", proof, tokens: 1 });
    expect(await answerOf(token(exchange(user({ sub: "nobody" }), assertion(service()))))).toBe("400 invalid_request");
    expect(notes[1]).toMatchObject({ caller: "gate", proof: client });
  });

  it.each<[string, string, () => object, string]>([
    [
      "no subject_token",
      "gate",
      () => exchange(user(), { subject_token: undefined, subject_token_type: undefined }),
      "invalid_request",
    ],
    ["a subject_token without its type", "gate", () => exchange(user(), { subject_token_type: undefined }), "invalid_request"],
    ["a type without its subject_token", "gate", () => exchange(user(), { subject_token: undefined }), "invalid_request"],
    ["an actor_token without its type", "gate", () => exchange(user(), { actor_token: service() }), "invalid_request"],
    ["a type without its actor_token", "gate", () => exchange(user(), { actor_token_type: `${TYPE}jwt` }), "invalid_request"],
    ["a SAML assertion", "gate", () => exchange(user(), { subject_token_type: `${TYPE}saml2` }), "invalid_request"],
    ["a refresh token", "gate", () => exchange(user(), { subject_token_type: `${TYPE}refresh_token` }), "invalid_request"],
    ["the wish for an ID token", "gate", () => exchange(user(), { requested_token_type: `${TYPE}id_token` }), "invalid_request"],
    [
      "the wish for a refresh token",
      "gate",
      () => exchange(user(), { requested_token_type: `${TYPE}refresh_token` }),
      "invalid_request",
    ],
    ["a client that exchanges nothing", "web", () => exchange(user()), "invalid_request"],
    ["a scope that the subject lacks", "gate", () => exchange(user({ scope: "read" }), { scope: "read write" }), "invalid_scope"],
    ["a scope that the exchange lacks", "gate", () => exchange(user(), { scope: "admin" }), "invalid_scope"],
    ["a scope of a subject without any", "gate", () => exchange(user({ scope: undefined }), { scope: "read" }), "invalid_scope"],
    [
      "a scope that the actor lacks",
      "gate",
      () => exchange(user(), { ...acting(service({ scope: "write" })), scope: "read" }),
      "invalid_scope",
    ],
    [
      "another actor than may act",
      "gate",
      () => exchange(user({ may_act: { sub: "user:other" } }), acting(service())),
      "invalid_request",
    ],
    ["another client than may act", "gate", () => exchange(user({ may_act: { client_id: "web" } })), "invalid_request"],
    ["five that act", "gate", () => exchange(user({ act: deep(4) }), acting(service())), "invalid_request"],
    ["a subject's token that is bound to a key", "gate", () => exchange(user({ cnf: { jkt: "x" } })), "invalid_request"],
    ["a subject's token that ends now", "gate", () => exchange(user({ exp: NOW - 30 })), "invalid_request"],
  ])("refuses %s", async (_name, client, form, error) => {
    const { token, notes } = gate();
    const answer = await token(form() as never, client);
    expect(await answerOf(answer)).toBe(`400 ${error}`);
    expect(await answer.text()).not.toMatch(/may_act|\bact\b|cnf|exchanges\.|idp\.example/);
    expect(notes[0]?.tokens).toBeUndefined();
  });

  it("is none by a rule that is taken away while the subject's token is judged", async () => {
    const { token, editMeanwhile } = gate();
    editMeanwhile({ gate: { exchanges: [exchangeOf(idp, { disabled: true })] } });
    expect(await answerOf(token(exchange(user()), "gate"))).toBe("400 invalid_request");
  });

  it("lets act who may", async () => {
    const { token } = gate();
    expect(await answerOf(token(exchange(user({ may_act: { sub: "user:svc" } }), acting(service())), "gate"))).toBe("token");
    expect(await answerOf(token(exchange(user({ may_act: { client_id: "gate" } })), "gate"))).toBe("token");
  });

  it("takes ID tokens and JWTs, and gives no scope where the subject's token has none", async () => {
    const { token } = gate();
    for (const type of ["jwt", "id_token"]) {
      const form = exchange(user({ scope: undefined }), { subject_token_type: TYPE + type });
      const { claims, answer } = await exchanged(await token(form, "gate"));
      expect([claims, answer].some((each) => "scope" in each)).toBe(false);
    }
  });

  it("takes no access token for an ID token", async () => {
    const { token } = gate({ types: ["at+jwt"] });
    const form = exchange(user({}, { typ: "application/at+jwt" }));
    expect(await answerOf(token({ ...form, subject_token_type: `${TYPE}id_token` }, "gate"))).toBe("400 invalid_request");
    expect(
      await answerOf(token({ ...form, ...acting(user({}, { typ: "at+jwt" })), actor_token_type: `${TYPE}id_token` }, "gate")),
    ).toBe("400 invalid_request");
    for (const type of ["jwt", "access_token"]) {
      expect(await answerOf(token({ ...form, subject_token_type: TYPE + type }, "gate"))).toBe("token");
    }
  });

  it("takes tokens once where the rule says so, and uses none up in vain", async () => {
    const once = memoryOnce();
    const { token } = gate({ singleUse: true }, {}, once);
    expect(await answerOf(token(exchange(user(), { scope: "admin" }), "gate"))).toBe("400 invalid_scope");
    expect(await answerOf(token(exchange(user(), acting(service({ cnf: {} }))), "gate"))).toBe("400 invalid_request");
    expect(once.uses).toHaveLength(0);
    expect(await answerOf(token(exchange(user(), acting(service())), "gate"))).toBe("token");
    expect(once.uses).toHaveLength(2);
    expect(await answerOf(token(exchange(user()), "gate"))).toBe("400 invalid_request");
    expect(await answerOf(token(exchange(user({ jti: "v" }), acting(service())), "gate"))).toBe("400 invalid_request");
  });
});

function deep(many: number): object {
  return { sub: `user:${many}`, ...(many > 1 && { act: deep(many - 1) }) };
}

describe("a client's limits", () => {
  const ask = async (limits: ProvenCaller["limits"], form: object = {}, rule: object = {}) => {
    const { token } = gate(rule, { limits });
    const answer = await token(exchange(user(), form), "gate");
    return answer.status === 200 ? (await exchanged(answer)).claims : answerOf(answer);
  };

  it("hold for what it exchanges", async () => {
    expect(await ask({ maxTtlSeconds: 60 })).toMatchObject({ exp: NOW + 60 });
    expect(await ask({ allowedAudiences: [OTHER] })).toBe("400 invalid_target");
    expect(await ask({ allowedClaims: ["aud"] }, { scope: "read" })).toBe("400 invalid_scope");
    expect(await ask({ allowedClaims: ["aud"] })).not.toHaveProperty("scope");
    expect(await ask({ allowedClaims: ["aud", "scope"] })).toMatchObject({ exp: NOW + 300, scope: "read write" });
    expect(await ask({ requiredClaims: ["tenant"] })).toBe("400 invalid_request");
  });

  it("fix no more than the exchange allows", async () => {
    expect(await ask({ fixedClaims: { scope: "read" } })).toMatchObject({ scope: "read", aud: API });
    expect(await ask({ fixedClaims: { scope: "read admin" } })).toBe("400 invalid_scope");
    expect(await ask({ fixedClaims: { aud: API } })).toMatchObject({ aud: API });
    expect(await ask({ fixedClaims: { aud: OTHER } })).toBe("400 invalid_target");
    expect(await ask({ fixedClaims: { aud: [API, OTHER] } }, {}, { audiences: [API, OTHER] })).toMatchObject({
      aud: [API, OTHER],
    });
    expect(await ask({ fixedClaims: { sub: "fixed" } })).toBe("400 invalid_request");
    expect(await ask({ fixedClaims: { act: { sub: "fixed" } } }, acting(service()))).toBe("400 invalid_request");
    expect(await ask({ fixedClaims: { tenant: "acme" } })).toMatchObject({ tenant: "acme", sub: "user:alice" });
  });

  it("give the type of access tokens", async () => {
    const { token } = gate({}, { limits: { allowedTypes: ["at+jwt"] } });
    const { access_token: issued = "" } = (await (await token(exchange(user()), "gate")).json()) as { access_token?: string };
    expect(JSON.parse(Buffer.from(issued.split(".")[0] ?? "", "base64url").toString())).toMatchObject({ typ: "at+jwt" });
  });

  it("count what was refused", async () => {
    const { token } = gate({}, { limits: { maxTokensPerMinute: 2 } });
    const codes = [];
    for (const scope of ["admin", "read", "read"]) codes.push(await answerOf(token(exchange(user(), { scope }), "gate")));
    expect(codes).toStrictEqual(["400 invalid_scope", "token", "429 temporarily_unavailable"]);
  });
});

describe("the subject of an exchange", () => {
  it("has the prefix of its rule, and never a caller's name", async () => {
    const claims = { group: "staff" };
    const asked = (rule: object, sub: string) => gate({ claims, ...rule }).token(exchange(user({ ...claims, sub })), "gate");
    expect((await exchanged(await asked({ subjectPrefix: "idp:" }, "web"))).claims.sub).toBe("idp:web");
    expect(await answerOf(asked({}, "web"))).toBe("400 invalid_request");
    expect((await exchanged(await asked({}, "alice"))).claims.sub).toBe("alice");
  });

  it("gives the claims that the rule copies", async () => {
    const { token } = gate({ claimsFromProof: { email: "mail" } });
    const { claims } = await exchanged(await token(exchange(user({ email: "a@example.org" })), "gate"));
    expect(claims).toMatchObject({ mail: "a@example.org", sub: "user:alice" });
  });
});

describe("whatever is exchanged over HTTP", () => {
  const all = ["read", "write", "admin"];
  const scopes = fc.subarray(all, { minLength: 2 });
  const side = fc.record({ scope: scopes, exp: fc.integer({ min: NOW + 1, max: NOW + 2_000 }) });
  const asked = fc.record({
    subject: side,
    actor: fc.option(side, { nil: undefined }),
    rule: fc.record({ audiences: fc.subarray([API, OTHER, "third"], { minLength: 2 }), scopes }),
    audience: fc.subarray([API, OTHER, "third"], { minLength: 1, maxLength: 2 }),
    scope: fc.option(fc.subarray(all, { minLength: 1, maxLength: 1 }), { nil: undefined }),
  });
  const said = ({ exp, scope }: { exp: number; scope: readonly string[] }) => ({ exp, scope: scope.join(" ") });

  it("is within the tokens, the rule and the limits", async () => {
    let given = 0;
    const holds = async ({ subject, actor, rule, audience, scope }: typeof asked extends fc.Arbitrary<infer T> ? T : never) => {
      const { token } = gate(rule, { limits: { allowedAudiences: [API, OTHER] } });
      const more = { ...(actor && acting(service(said(actor)))), audience, scope: scope?.join(" ") };
      const answer = await token(exchange(user(said(subject)), more), "gate");
      if (answer.status !== 200) {
        expect(await answerOf(answer)).toMatch(/^400 invalid_(scope|target)$/);
        return;
      }
      given += 1;
      const { claims } = await exchanged(answer);
      expect([claims.aud].flat()).toStrictEqual(audience);
      for (const allowed of [rule.audiences, [API, OTHER]]) expect(allowed).toEqual(expect.arrayContaining(audience));
      const got = typeof claims.scope === "string" ? claims.scope.split(" ") : [];
      for (const names of [subject.scope, rule.scopes, actor?.scope ?? all, scope ?? all]) {
        expect(names).toEqual(expect.arrayContaining(got));
      }
      expect(claims.exp).toBeLessThanOrEqual(Math.min(subject.exp, actor?.exp ?? subject.exp, NOW + 900));
    };
    await fc.assert(fc.asyncProperty(asked, holds), { numRuns: 60 });
    expect(given).toBeGreaterThan(2);
  });
});

describe("an issuer whose keys cannot be had", () => {
  it("refuses only its own callers, for now, and says whose they are in the log alone", async () => {
    const judged = async () => Promise.reject(Object.assign(new Error("no route"), { code: "ECONNREFUSED" }));
    const far = { issuer: "https://far.example", jwks: undefined, jwksUrl: "https://far.example/keys" };
    const trusts = [ruleOf(idp), ruleOf(idp, far as never)];
    const { token, bearer, notes } = provenRoutes({ ci: { trusts, exchanges: [exchangeOf(idp, far as never)] } }, memoryOnce(), {
      judged,
    });
    const lost = proofBy(idp, { iss: "https://far.example" });
    const client = { grant_type: "client_credentials", ...assertion(lost) };
    const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: lost };
    const subject = proofBy(idp, { iss: "https://far.example", sub: "user:a" });
    for (const [form, basic] of [[client], [grant], [exchange(subject), "ci"]] as const) {
      const answer = await token(form as never, basic);
      expect([await answerOf(answer), Number(answer.headers.get("retry-after")) > 0]).toStrictEqual([
        "503 temporarily_unavailable",
        true,
      ]);
      expect(await answer.text()).not.toContain("far.example");
    }
    expect(await answerOf(bearer(lost))).toBe("503 jwks_unavailable");
    expect(notes.every(({ failure }) => failure !== undefined)).toBe(true);
    expect(await answerOf(token({ ...client, ...assertion(proofBy(idp)) }))).toBe("token");
  });
});
