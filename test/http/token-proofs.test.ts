import { beforeAll, describe, expect, it } from "vitest";
import { SignetError } from "../../src/errors.js";
import { causeOf } from "../../src/server/log.js";
import { jwksOf, memoryOnce } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import {
  answerOf,
  assertion,
  assertionBy,
  CLIENT_CREDENTIALS,
  failingOnce,
  IDP,
  ISSUER,
  JWT_BEARER,
  keyOf,
  NOW,
  proofBy,
  provenRoutes,
  ruleOf,
  SUBJECT,
} from "./proofs-fixture.js";
import { claimsOf } from "./routes-fixture.js";

const ES = "ES256";
let idp: TestKey;
let own: TestKey;
beforeAll(async () => {
  [idp, own] = await Promise.all([keyOf(ES, "idp"), keyOf("EdDSA", "own")]);
});

/** An issuer whose caller "ci" is proven by its workload's token, and whose caller "own" signs for itself. */
function routes(more: object = {}, once = memoryOnce()) {
  const ci = {
    trusts: [ruleOf(idp, { claimsFromProof: { repository: "repo" }, ...more })],
    limits: { allowedAudiences: ["api", "b"] },
  };
  return provenRoutes({ ci, own: { keys: { jwks: jwksOf(own) } as never }, other: {} }, once);
}

const credentials = (token: string, more: object = {}) => ({
  grant_type: CLIENT_CREDENTIALS,
  audience: "api",
  ...assertion(token),
  ...more,
});
const grant = (token: string, more: object = {}) => ({ grant_type: JWT_BEARER, audience: "api", assertion: token, ...more });

async function accessToken(answer: Response): Promise<Record<string, unknown>> {
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return claimsOf(token);
}

describe("a token of another issuer", () => {
  it.each([
    ["authenticates a client", credentials],
    ["is a grant that names its client", grant],
  ])("%s, which gets what the proof gives", async (_name, form) => {
    const { token, notes } = routes();
    const answer = await token(form(proofBy(idp, { repository: "acme/app" })));
    expect(answer.status).toBe(200);
    expect(await accessToken(answer)).toMatchObject({
      iss: ISSUER,
      sub: "ci",
      client_id: "ci",
      aud: "api",
      repo: "acme/app",
      exp: NOW + 900,
    });
    const proof = { rule: "trusts.0", issuer: IDP, subject: SUBJECT };
    expect(notes[0]).toStrictEqual({ route: "/token", caller: "ci", proof, tokens: 1 });
  });

  it("may be the grant of a client that shows a secret, or another proof, and is the same caller", async () => {
    const { token } = routes();
    expect(await accessToken(await token(grant(proofBy(idp, { repository: "r" })), "ci"))).toMatchObject({
      sub: "ci",
      repo: "r",
    });
    expect(await answerOf(token(grant(proofBy(idp), { ...assertion(proofBy(idp, { jti: "2" })) })))).toBe("token");
    expect(await answerOf(token(grant(proofBy(idp), { ...assertion(proofBy(idp)) })))).toBe("token");
    expect(await answerOf(token(grant(proofBy(idp)), "other"))).toBe("400 invalid_grant");
    expect(await answerOf(token(grant(proofBy(idp), assertion(assertionBy(own)))))).toBe("400 invalid_grant");
  });

  it.each(["/issue", "/encode"])("is what a caller shows at %s", async (path) => {
    const { bearer, notes } = routes();
    const answer = await bearer(
      proofBy(idp, { repository: "acme/app" }),
      path,
      path === "/issue" ? { claims: { sub: "a", aud: "api" } } : { aud: "api" },
    );
    expect(answer.status).toBe(200);
    expect(claimsOf(((await answer.json()) as { token: string }).token)).toMatchObject({ repo: "acme/app", aud: "api" });
    expect(notes[0]).toMatchObject({ caller: "ci", proof: { rule: "trusts.0" }, tokens: 1 });
  });

  it("proves callers at every route that wants one, and no other token does", async () => {
    const { ask, bearer, secretOf } = routes({ singleUse: true });
    const metrics = (token: string) => ask("/metrics", { headers: { authorization: `Bearer ${token}` } });
    expect((await metrics(proofBy(idp))).status).toBe(200);
    expect((await metrics(proofBy(idp))).status).toBe(401);
    expect((await metrics(proofBy(own))).status).toBe(401);
    expect((await bearer(secretOf("ci"), "/issue", { claims: { aud: "b" } })).status).toBe(200);
  });

  it("gives no claim that a request overrides", async () => {
    const { bearer } = routes();
    const answer = await bearer(proofBy(idp, { repository: "acme/app" }), "/issue", {
      claims: { aud: "api", repo: "acme/other" },
    });
    expect(await answerOf(answer)).toBe("403 claim_not_allowed");
  });
});

describe("why a proof was refused", () => {
  it.each([
    ["a claim of it that no rule has", { sub: "repo:acme/other" }, "ci (trusts.0): the claim sub"],
    ["a claim that it lacks", {}, "the claim tenant comes from the claim tenant_id"],
  ])("stands in the log alone: %s", async (_name, claims, why) => {
    const limits = { fixedClaims: { tenant: "{proof.tenant_id}" } };
    const { token, bearer, notes } = provenRoutes({ ci: { trusts: [ruleOf(idp)], limits } });
    const shown = proofBy(idp, claims);
    const answers = await Promise.all([token(credentials(shown)), token(grant(shown)), bearer(shown)]);
    for (const [at, answer] of answers.entries()) {
      expect(await answer.text()).not.toMatch(/trusts|tenant|claim|sub/);
      const { failure = "" } = causeOf(notes[at]?.failure);
      expect(failure).toContain(why);
      expect(failure).not.toContain("acme");
    }
  });
});

describe("a rule that is taken away while its token is judged", () => {
  it("proves nobody any more, and another one does", async () => {
    const disabled = { ci: { trusts: [ruleOf(idp, { disabled: true })] } };
    const kept = { ci: { trusts: [ruleOf(idp, { disabled: true }), ruleOf(idp)] } };
    const answers = [disabled, kept].flatMap((edited) =>
      [credentials, grant].map((form) => {
        const { token, editMeanwhile } = routes();
        editMeanwhile(edited);
        return answerOf(token(form(proofBy(idp))));
      }),
    );
    expect(await Promise.all(answers)).toStrictEqual(["401 invalid_client", "400 invalid_grant", "token", "token"]);
  });
});

describe("client_id", () => {
  const two = () => {
    const rule = ruleOf(idp);
    const other = ruleOf(idp, { claims: { sub: "another" } });
    return provenRoutes({ one: { trusts: [rule] }, two: { trusts: [rule] }, three: { trusts: [other] } });
  };

  it.each([
    [undefined, "401 invalid_client"],
    ["one", "token"],
    ["two", "token"],
    ["three", "401 invalid_client"],
    ["nobody", "401 invalid_client"],
  ])("%s chooses among the callers that a token proves, and never widens", async (id, expected) => {
    const { token } = two();
    const more = { audience: undefined, client_id: id };
    const answer = await token(credentials(proofBy(idp), more));
    expect(await answerOf(answer)).toBe(expected);
    if (expected === "token") expect(await accessToken(answer)).toMatchObject({ sub: id, client_id: id });
    const wanted = expected === "token" ? expected : "400 invalid_grant";
    expect(await answerOf(token(grant(proofBy(idp), more)))).toBe(wanted);
  });

  it("of a client that signs for itself is its name", async () => {
    const { token } = routes();
    expect(await answerOf(token(credentials(assertionBy(own), { client_id: "ci" })))).toBe("401 invalid_client");
    expect(await answerOf(token(credentials(assertionBy(own), { client_id: "own" })))).toBe("token");
  });
});

describe("a request at /token", () => {
  it.each<[string, (a: string, secret: string) => object, string, string?]>([
    ["a secret in the header and an assertion", (a) => credentials(a), "400 invalid_request", "ci"],
    [
      "a secret in the header and a type of assertions",
      () => ({ grant_type: CLIENT_CREDENTIALS, client_assertion_type: "x" }),
      "400 invalid_request",
      "ci",
    ],
    [
      "a secret in the form and an assertion",
      (a, s) => credentials(a, { client_id: "ci", client_secret: s }),
      "400 invalid_request",
    ],
    ["an assertion without its type", (a) => credentials(a, { client_assertion_type: undefined }), "400 invalid_request"],
    ["a type without its assertion", (a) => credentials(a, { client_assertion: undefined }), "400 invalid_request"],
    [
      "another type of assertion",
      (a) => credentials(a, { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" }),
      "401 invalid_client",
    ],
    ["an assertion that is no token", () => credentials("nonsense"), "401 invalid_client"],
    ["a grant without its assertion", () => grant("x", { assertion: undefined }), "400 invalid_request"],
    ["a grant that is no token", () => grant("nonsense"), "400 invalid_grant"],
    ["a proof without a grant", (a) => credentials(a, { grant_type: undefined }), "400 invalid_request"],
    ["a proof for a password", (a) => credentials(a, { grant_type: "password" }), "400 unsupported_grant_type"],
    ["an assertion as another grant", (a) => grant(a, { grant_type: CLIENT_CREDENTIALS }), "401 invalid_client"],
    ["an audience that is given twice", (a) => credentials(a, { audience: ["api", "b"] }), "400 invalid_request"],
    ["an assertion that is given twice", (a) => credentials(a, { client_assertion: [a, a] }), "400 invalid_request"],
    ["an audience that the limits lack", (a) => credentials(a, { audience: "other" }), "400 invalid_target"],
    [
      "one resource of two that the limits lack",
      (a) => credentials(a, { audience: undefined, resource: ["https://r.example", "urn:x"] }),
      "400 invalid_target",
    ],
    ["a scope that is none", (a) => credentials(a, { scope: "a  b" }), "400 invalid_scope"],
  ])("is refused with %s", async (_name, form, expected, basic) => {
    const { token, secretOf, notes } = routes();
    const answer = await token(form(proofBy(idp), secretOf("ci")) as never, basic);
    expect(await answerOf(answer)).toBe(expected);
    expect(notes[0]?.tokens).toBeUndefined();
    const body = (await answer.json()) as object;
    expect(Object.keys(body)).toStrictEqual(["error", "error_description"]);
  });

  it("is for all of the resources that it names (RFC 8707)", async () => {
    const own = { trusts: [ruleOf(idp)], limits: { allowedAudiences: ["https://a.example", "https://b.example"] } };
    const { token } = provenRoutes({ ci: own });
    const resource = ["https://b.example", "https://a.example", "https://b.example"];
    const answer = await token(credentials(proofBy(idp), { audience: undefined, resource }));
    expect(await accessToken(answer)).toMatchObject({ aud: ["https://b.example", "https://a.example"] });
  });

  it("takes 64 KB in all, and 16 KB of each token", async () => {
    const { token, bearer } = routes();
    const long = proofBy(idp, { jti: "x".repeat(11_900) });
    expect([long.length > 16_000, long.length <= 16_384]).toStrictEqual([true, true]);
    expect(await answerOf(token(credentials(long)))).toBe("token");
    const beyond = `${proofBy(idp).split(".", 2).join(".")}.${"A".repeat(16_384)}`;
    for (const form of [credentials(beyond), grant(beyond)]) expect(await answerOf(token(form))).toBe("413 invalid_request");
    expect(await answerOf(bearer(beyond))).toBe("413 request_too_large");
    expect(await answerOf(token(credentials(proofBy(idp), { x: "x".repeat(65_536) })))).toBe("413 invalid_request");
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])("is a POST and no %s", async (method) => {
    const answer = await routes().ask("/token", { method });
    expect([answer.status, answer.headers.get("allow")]).toStrictEqual([405, "POST"]);
  });
});

describe("a proof that is taken once", () => {
  it("is a replay the second time, whatever it is shown for", async () => {
    const { token, bearer } = routes({ singleUse: true });
    expect(await answerOf(token(credentials(proofBy(idp))))).toBe("token");
    expect(await answerOf(token(credentials(proofBy(idp))))).toBe("401 invalid_client");
    expect(await answerOf(token(grant(proofBy(idp))))).toBe("400 invalid_grant");
    expect(await answerOf(bearer(proofBy(idp), "/issue", { claims: { aud: "api" } }))).toBe("401 proof_replayed");
    expect(await answerOf(bearer(proofBy(idp, { jti: "2" }), "/encode", { aud: "api" }))).toBe("token");
  });

  it("is every one that a client has signed itself", async () => {
    const { token } = routes();
    expect(await answerOf(token(credentials(assertionBy(own))))).toBe("token");
    expect(await answerOf(token(credentials(assertionBy(own))))).toBe("401 invalid_client");
    expect(await answerOf(token(credentials(assertionBy(own, { jti: "b" }))))).toBe("token");
  });

  it("is not used up by what is refused for another reason", async () => {
    const once = memoryOnce();
    const { token, bearer } = routes({ singleUse: true }, once);
    const refused = ["audience=other", "audience=api&scope=%22", "audience=api&resource=urn:x"];
    for (const more of refused) {
      const form = new URLSearchParams(Object.entries({ grant_type: CLIENT_CREDENTIALS, ...assertion(proofBy(idp)) }));
      expect(await answerOf(token(`${form}&${more}`))).toMatch(/^400 invalid_/);
    }
    expect(await answerOf(bearer(proofBy(idp), "/issue", { claims: { aud: "other" } }))).toBe("403 audience_not_allowed");
    expect(await answerOf(bearer(proofBy(idp), "/issue", { requests: 1 }))).toBe("400 invalid_request");
    expect(once.uses).toHaveLength(0);
    expect(await answerOf(token(credentials(proofBy(idp))))).toBe("token");
  });

  it("is not used up by a caller that is over its rate", async () => {
    const once = memoryOnce();
    const ci = { trusts: [ruleOf(idp, { singleUse: true })], limits: { maxTokensPerMinute: 1 } };
    const { token } = provenRoutes({ ci }, once);
    const codes = [];
    for (const jti of ["1", "2"]) codes.push(await answerOf(token(credentials(proofBy(idp, { jti })))));
    expect([codes, once.uses.length]).toStrictEqual([["token", "429 temporarily_unavailable"], 1]);
  });

  it("is used once for a batch, before anything of it is issued", async () => {
    const { bearer } = routes({ singleUse: true });
    const batch = { requests: [{ claims: { aud: "api" } }, { claims: { aud: "no" } }, { claims: { aud: "b" } }] };
    const answer = (await (await bearer(proofBy(idp), "/issue", batch)).json()) as { results: object[] };
    expect(answer.results.map((each) => Object.keys(each)[0])).toStrictEqual(["token", "error", "token"]);
    expect(await answerOf(bearer(proofBy(idp), "/issue", batch))).toBe("401 proof_replayed");
  });

  it.each(["replay_store_full", "replay_store_failed"] as const)(
    "is not taken where its use cannot be remembered: %s",
    async (code) => {
      const { token, bearer, notes } = routes(
        { singleUse: true },
        failingOnce(new SignetError(code, "the folder /secret is full")) as never,
      );
      for (const form of [credentials(proofBy(idp)), grant(proofBy(idp))]) {
        const answer = await token(form);
        expect([await answerOf(answer), answer.headers.get("retry-after")]).toStrictEqual(["503 temporarily_unavailable", "10"]);
        expect(await answer.text()).not.toContain("/secret");
      }
      expect(await answerOf(bearer(proofBy(idp), "/issue", { claims: { aud: "api" } }))).toBe(`503 ${code}`);
      expect(notes.every(({ tokens, failure }) => tokens === undefined && failure !== undefined)).toBe(true);
    },
  );
});

describe("what the API's document and the metadata say of /token", () => {
  const read = async (path: string) => JSON.parse(await (await routes().ask(path)).text());

  it("is what it takes", async () => {
    const { schemas } = (await read("/openapi.json")).components;
    const { grant_types_supported: grants } = await read("/.well-known/oauth-authorization-server");
    const { properties } = schemas.TokenRequest;
    expect(properties.grant_type.enum).toStrictEqual(grants);
    const { token } = routes();
    const codes = grants.map(async (grant: string) => answerOf(await token({ grant_type: grant }, "other")));
    expect(await Promise.all(codes)).toStrictEqual(["token", "400 invalid_request", "400 invalid_request"]);
    for (const name of [
      "client_assertion",
      "client_assertion_type",
      "assertion",
      "subject_token",
      "actor_token_type",
      "resource",
    ]) {
      expect(properties).toHaveProperty(name);
    }
  });
});
