import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { USES_QUERY } from "../../src/operator/logged-uses.js";
import { startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { jwksOf, keyOf } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import { askResource, context, managerContext, startStack } from "./stack.js";

const US = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1";
const IDP = "https://idp.example";
const FAR = "https://far.example";
const API = "https://api.example";
const now = () => Math.floor(Date.now() / 1_000);

let bucket: Awaited<ReturnType<typeof startAnswerBucket>>;
let stack: Awaited<ReturnType<typeof startStack>>;
let call: ReturnType<typeof stack.api>;
let parameters: Record<string, string>;
let key: TestKey;
let fetched = 0;
let published: TestKey;
let jti = 0;
const issuerOfFar = createServer((_, response) => {
  fetched += 1;
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(jwksOf(published)));
});

beforeAll(async () => {
  key = published = await keyOf("ES256");
  await new Promise((resolve) => issuerOfFar.listen(0, "127.0.0.1", () => resolve(undefined)));
  const jwksUrl = `http://127.0.0.1:${(issuerOfFar.address() as AddressInfo).port}/jwks.json`;
  const jwks = jwksOf(key);
  const callers = {
    ci: {
      limits: { maxTtlSeconds: 300, allowedAudiences: [API] },
      trusts: [
        {
          issuer: IDP,
          jwks,
          claims: { sub: { prefix: "repo:acme/" } },
          singleUse: true,
          claimsFromProof: { repository: "repo" },
        },
      ],
    },
    far: { trusts: [{ issuer: FAR, jwksUrl, privateNetwork: true, claims: { sub: "far" } }] },
    plain: {
      limits: { allowedAudiences: [API], maxTokensPerMinute: 2 },
      trusts: [{ issuer: IDP, jwks, claims: { sub: "plain" } }],
    },
    off: { trusts: [{ issuer: IDP, jwks, claims: { sub: "off" }, disabled: true }] },
    agent: {
      keys: { jwks },
      exchanges: [{ issuer: IDP, jwks, claims: { kind: "user" }, subjectPrefix: "idp:", audiences: [API], scopes: ["read"] }],
    },
    chat: { limits: { maxTtlSeconds: 60 } },
  };
  parameters = { TokenRoute: "on", Callers: JSON.stringify(callers) };
  bucket = await startAnswerBucket();
  stack = await startStack(bucket.url);
  expect((await askResource(stack, bucket, { parameters, id: "Keys", type: "Create" })).outcome).toBe("SUCCESS");
  restart();
});
afterAll(async () => {
  issuerOfFar.close();
  bucket.close();
  await stack.aws.close();
});

/** Cold starts of both functions; of the issuer's as its aliases are invoked. */
function restart(more: Record<string, string> = {}): void {
  const resolved = stack.put({ ...parameters, ...more });
  call = stack.api(resolved);
  const issue = stack.start(resolved, "Issuer");
  stack.aws.runs((arn: string, event: unknown) => issue(event, context(arn)));
}
afterEach(() => restart());

const proof = (claims: object = {}): string =>
  key.token(
    { ...key.header },
    {
      iss: IDP,
      aud: US,
      sub: "repo:acme/app",
      repository: "acme/app",
      iat: now() - 1,
      exp: now() + 200,
      jti: `${jti++}`,
      ...claims,
    },
  );
const own = (claims: object = {}): string => proof({ iss: "agent", sub: "agent", ...claims });

async function ask(form: Record<string, string>, headers: Record<string, string> = {}) {
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const text = new URLSearchParams(form).toString();
  const answer = await call("POST", "/token", { headers: { ...type, ...headers }, text });
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) as Record<string, string> };
}
const GRANT = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", audience: API };
const CREDENTIALS = {
  grant_type: "client_credentials",
  audience: API,
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
};
const withProof = (claims?: object) => ask({ ...GRANT, assertion: proof(claims) });

async function claimsOf(token: string | undefined) {
  const { payload } = await jwtVerify(token ?? "", createLocalJWKSet(stack.read(".well-known/jwks.json")));
  return payload;
}

describe("POST /token of a stack", () => {
  it("gives a caller that a pasted key proves a token of the issuer's, with claims of the proof, and fetches nothing", async () => {
    const { status, headers, body } = await withProof();
    expect([status, headers["cache-control"], body.token_type]).toStrictEqual([200, "no-store", "Bearer"]);
    expect(await claimsOf(body.access_token)).toMatchObject({ iss: US, sub: "ci", client_id: "ci", aud: API, repo: "acme/app" });
    expect(fetched).toBe(0);
  });

  it("fetches the keys of another issuer where its rule says so", async () => {
    const { body } = await withProof({ iss: FAR, sub: "far" });
    expect(await claimsOf(body.access_token)).toMatchObject({ sub: "far", client_id: "far" });
    expect(fetched).toBe(1);
  });

  it("believes no key that was withdrawn before the keys were due, and fetches nothing behind its answer, as Lambda stands still then", async () => {
    const warm = stack.start(stack.put(parameters), "Token");
    const ask = async () => {
      const body = new URLSearchParams({ ...GRANT, assertion: proof({ iss: FAR, sub: "far" }) }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const event = { httpMethod: "POST", resource: "/token", headers, requestContext: {}, body };
      const answer = (await warm(event, context(stack.issuerArn))) as unknown as { statusCode: number };
      return [answer.statusCode, fetched - before];
    };
    const before = fetched;
    expect([await ask(), await ask()]).toStrictEqual([
      [200, 1],
      [200, 1],
    ]);
    published = await keyOf("ES256", "another");
    const later = Date.now() + 301_000;
    const clock = vi.spyOn(Date, "now").mockImplementation(() => later);
    onTestFinished(() => {
      published = key;
      clock.mockRestore();
    });
    expect(await ask()).toStrictEqual([400, 2]);
  });

  it("takes what a caller has signed with its own key, and exchanges by that", async () => {
    const first = await ask({ ...CREDENTIALS, client_assertion: own() });
    expect(await claimsOf(first.body.access_token)).toMatchObject({ sub: "agent", client_id: "agent" });
    const { body } = await ask({
      ...CREDENTIALS,
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_assertion: own(),
      subject_token: proof({ sub: "alice", kind: "user", scope: "read write" }),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });
    expect(await claimsOf(body.access_token)).toMatchObject({ sub: "idp:alice", client_id: "agent", aud: API, scope: "read" });
  });

  it("takes a proof once, whichever instance of the function sees it", async () => {
    const assertion = proof();
    expect((await ask({ ...GRANT, assertion })).status).toBe(200);
    restart();
    expect(await ask({ ...GRANT, assertion })).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  it("does not use a proof up where the limits refuse what is asked", async () => {
    const assertion = proof();
    expect((await ask({ ...GRANT, assertion, audience: "https://other.example" })).body.error).toBe("invalid_target");
    expect((await ask({ ...GRANT, assertion })).status).toBe(200);
  });

  it("does not ask the issuer for what the limits refuse, by a rule whose proofs may be shown again as well, and names what is at fault", async () => {
    const before = invocations().length;
    const assertion = proof({ sub: "plain" });
    const refused = await ask({ ...GRANT, assertion, audience: "https://other.example" });
    expect([refused.status, refused.body.error]).toStrictEqual([400, "invalid_target"]);
    const scoped = await ask({ ...GRANT, assertion, scope: "a\u0000b" });
    expect([scoped.status, scoped.body.error]).toStrictEqual([400, "invalid_scope"]);
    expect(invocations()).toHaveLength(before);
    expect((await ask({ ...GRANT, assertion })).status).toBe(200);
  });

  it("says when to come again, as the issuer does", async () => {
    const asked = () => withProof({ sub: "plain" });
    expect([(await asked()).status, (await asked()).status]).toStrictEqual([200, 200]);
    const { status, headers } = await asked();
    expect(status).toBe(429);
    expect(Number(headers["retry-after"])).toBeGreaterThan(30);
    const throttled = (stack?: string) =>
      Object.assign(new Error("kms:Sign: throttled"), { name: "aws_throttled", ...(stack && { stack }) });
    for (const [stackText, seconds] of [
      [undefined, "1"],
      ["aws_throttled: kms:Sign\nretryAfterSeconds 7", "7"],
    ] as const) {
      stack.aws.runs(async () => Promise.reject(throttled(stackText)));
      expect(await asked()).toMatchObject({ status: 503, headers: { "retry-after": seconds } });
    }
  });

  it("tries once more where S3 is at work on the same name, and issues nothing where it cannot tell", async () => {
    const fault = { action: "s3:PutObject", code: "ConditionalRequestConflict", status: 409 };
    stack.aws.inject({ ...fault, times: 1 });
    expect((await withProof()).status).toBe(200);
    const before = invocations().length;
    stack.aws.inject({ ...fault, times: 2 });
    expect(await withProof()).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
    const { buckets } = stack.aws.state;
    const used = buckets.get(stack.usedProofs);
    buckets.delete(stack.usedProofs);
    expect((await withProof()).status).toBe(503);
    buckets.set(stack.usedProofs, used);
    expect(invocations()).toHaveLength(before);
  });

  it.each<[string, () => ReturnType<typeof ask>, number, string]>([
    ["a proof that no rule matches", () => withProof({ sub: "repo:acme-evil/app" }), 400, "invalid_grant"],
    ["a rule that is switched off", () => withProof({ sub: "off" }), 400, "invalid_grant"],
    ["a caller without rules", () => withProof({ iss: "chat", sub: "chat" }), 400, "invalid_grant"],
    ["a further audience", () => withProof({ aud: [US, "https://attacker.example"] }), 400, "invalid_grant"],
    [
      "a secret",
      () => ask({ grant_type: "client_credentials" }, { authorization: `Basic ${btoa("ci:signet_x")}` }),
      401,
      "invalid_client",
    ],
    ["another media type", () => ask({}, { "content-type": "application/json" }), 415, "invalid_request"],
    ["nothing", () => ask({}), 401, "invalid_client"],
  ])("refuses %s", async (_, asked, status, error) => {
    const before = invocations().length;
    expect(await asked()).toMatchObject({ status, body: { error } });
    expect(invocations()).toHaveLength(before);
  });

  it("says nothing of what it warms in INIT, and calls nothing for it", async () => {
    [stack.lines.length, stack.aws.calls.length] = [0, 0];
    expect((await call("GET", "/authorize")).status).toBe(400);
    expect(stack.lines).toHaveLength(1);
    expect(stack.aws.calls).toStrictEqual([]);
  });

  it("says that there is no login", async () => {
    expect(await call("GET", "/authorize")).toMatchObject({
      status: 400,
      text: expect.stringContaining("unsupported_response_type"),
    });
  });

  it("answers 503 where the issuer's function could not run, and 429 where it is over its caller's rate", async () => {
    stack.aws.runs(async () => {
      throw Object.assign(new Error("RequestId: r-1 Error: Task timed out"), { name: "Sandbox.Timedout" });
    });
    expect(await withProof()).toMatchObject({ status: 503, body: { error: "temporarily_unavailable" } });
    restart();
    const rate = Object.assign(new Error("more than 5 tokens within a minute"), { name: "rate_exceeded" });
    stack.aws.runs(async () => Promise.reject(rate));
    expect((await withProof()).status).toBe(429);
  });

  it("logs who got a token by which rule, and why another did not, and nothing of what was sent", async () => {
    stack.lines.length = 0;
    await withProof();
    await withProof({ sub: "repo:other/app", repository: "private-name" });
    const lines = stack.lines.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(
      expect.objectContaining({ outcome: "issued", caller: "ci", rule: "trusts.0", issuer: IDP, subject: "repo:acme/app" }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ level: "WARN", outcome: "proof_refused" }));
    expect(stack.lines.join("")).not.toMatch(/eyJ|acme\/app","repo|private-name|signet_/);
  });

  it("counts a caller that was proven under its own name in the issuer's log, and not under its alias", async () => {
    stack.lines.length = 0;
    await withProof();
    const issue = stack.start(stack.put(parameters), "Issuer");
    await issue({ claims: {} }, context(`${stack.issuerArn}:chat`));
    await issue({ claims: {} }, context(stack.issuerArn));
    // The function of POST /token has a log of its own, and knows no kid.
    const lines = stack.lines.filter((line) => line.includes('"kid"')).map((message) => ({ timestamp: Date.now(), message }));
    stack.aws.state.logs.groups.set("log", { createdAt: 0, retentionDays: 90, lines });
    const asked = { logGroupName: "log", queryString: USES_QUERY, startTime: now() - 60, endTime: now() };
    const { queryId } = stack.aws.perform("logs", "StartQuery", asked);
    const { results } = stack.aws.perform("logs", "GetQueryResults", { queryId });
    const used = results.map((row: { field: string; value: string }[]) =>
      row.map(({ field, value }) => `${field} ${value.slice(0, 4)}`),
    );
    const year = `lastUsed ${new Date().getUTCFullYear()}`;
    expect(used).toStrictEqual([
      ["caller ci", year, "tokens 1"],
      ["caller chat", year, "tokens 1"],
      [year, "tokens 1"],
    ]);
  });
});

const invocations = () => stack.aws.calls.filter(({ action }) => action === "lambda:InvokeFunction");

/** Starts anew where some callers are others. */
const restartWith = (callers: object) =>
  restart({ Callers: JSON.stringify({ ...JSON.parse(parameters.Callers ?? ""), ...callers }) });

describe("a caller whose rules are wrong", () => {
  const SUB = { claims: { sub: "far" } };
  it.each<[string, string, object, object]>([
    ["fix no identity", "trusts.0.claims", {}, {}],
    ["give a claim that no proof sets", "trusts.0.claimsFromProof.r", { ...SUB, claimsFromProof: { r: "scope" } }, {}],
    ["give a sub without a prefix", "trusts.0.claimsFromProof.sub", { ...SUB, claimsFromProof: { sub: "sub" } }, {}],
    ["begin a sub as a caller without rules is called", "trusts.0.subjectPrefix", { ...SUB, subjectPrefix: "ch" }, {}],
    ["fix its audience by a proof", "limits.fixedClaims.aud", SUB, { fixedClaims: { aud: "{proof.team}" } }],
  ])(
    "proves nothing where they %s, says so in the log, and leaves the others as they are",
    async (_what, member, rule, limits) => {
      stack.lines.length = 0;
      restartWith({ far: { limits, trusts: [{ issuer: FAR, jwks: jwksOf(key), ...rule }] } });
      expect((await withProof()).status).toBe(200);
      expect((await withProof({ iss: FAR, sub: "far", team: API, r: "admin" })).body.error).toBe("invalid_grant");
      const failed = { level: "ERROR", caller: "far", failure: expect.stringContaining(`callers.far.${member}`) };
      expect(stack.lines.map((line) => JSON.parse(line))).toContainEqual(expect.objectContaining(failed));
    },
  );
});

describe("the name of a caller", () => {
  const exchange = (sub: string) =>
    ask({
      ...CREDENTIALS,
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_assertion: own(),
      subject_token: proof({ sub }),
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    });

  it.each(["chat", "far"])("is no subject of another issuer's where it has no rules, or wrong ones: %s", async (name) => {
    const jwks = jwksOf(key);
    restartWith({
      agent: { keys: { jwks }, exchanges: [{ issuer: IDP, jwks, audiences: [API] }] },
      far: { trusts: [{ issuer: FAR, jwks }] },
    });
    expect((await exchange("alice")).status).toBe(200);
    const before = invocations().length;
    expect(await exchange(name)).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    expect(invocations()).toHaveLength(before);
  });
});

describe("a stack without the route", () => {
  const ids = ["Token", "TokenRole", "TokenLog", "TokenPermission", "UsedProofs", "UsedProofsPolicy"];

  it("has nothing of it, and keeps its key where it comes from a release that has no such parameter", async () => {
    const old = await startStack(bucket.url);
    const asked = { parameters: {}, id: "Keys" };
    const { Data } = await askResource(old, bucket, { ...asked, type: "Create", more: { TokenRoute: undefined } });
    const { TokenRoute: _, ...before } = old.put({}).properties("Keys");
    const update = await askResource(old, bucket, { ...asked, type: "Update", old: before });
    expect(update).toMatchObject({ outcome: "SUCCESS", Data });
    const bare = old.put({});
    expect(bare.made.filter((id) => ids.includes(id))).toStrictEqual([]);
    expect(Object.keys(bare.outputs()).filter((name) => /Token|Used/.test(name))).toStrictEqual([]);
    expect(old.put(parameters).made).toStrictEqual(expect.arrayContaining(ids));
    expect(old.put({ TokenRoute: "on", JwksEndpoint: "off" }).refusals()).toStrictEqual(["TokenRoute needs JwksEndpoint on"]);
    await old.aws.close();
  });

  it("has one deployment of its API for each form of it", () => {
    for (const TokenRoute of ["on", "off"]) {
      for (const IssueRoutes of ["on", "off"]) {
        for (const DecodeRoute of ["on", "off"]) {
          const { made, properties } = stack.put({ TokenRoute, IssueRoutes, DecodeRoute });
          const deployments = made.filter((id) => /^Deployment/.test(id));
          expect(deployments).toHaveLength(1);
          expect(properties("Stage").DeploymentId).toBe(`signet-${deployments[0]?.toLowerCase()}`);
        }
      }
    }
  });
});

describe("the aliases for proofs", () => {
  const invoke = (alias: string, event: object) =>
    stack.start(stack.put(parameters), "Issuer")(event, context(`${stack.issuerArn}:${alias}`)) as Promise<object>;
  const proven = {
    request: { claims: { aud: API }, ttl: 60 },
    proof: { rule: "trusts.0", claims: {}, claimsForTokens: { repo: "acme/app" } },
  };

  it("are made for callers that can prove themselves, where the route is on", async () => {
    const aliases = () => [...(stack.aws.state.functions.get(stack.issuerArn)?.keys() ?? [])].sort();
    expect(aliases()).toStrictEqual(
      ["agent", "chat", "ci", "far", "off", "plain", "agent-proof", "ci-proof", "far-proof", "off-proof", "plain-proof"].sort(),
    );
    const on = stack.put(parameters).properties("Keys");
    const off = { ...parameters, TokenRoute: "off" };
    expect((await askResource(stack, bucket, { parameters: off, id: "Keys", type: "Update", old: on })).outcome).toBe("SUCCESS");
    expect(aliases()).toStrictEqual(["agent", "chat", "ci", "far", "off", "plain"]);
    await askResource(stack, bucket, { parameters, id: "Keys", type: "Update", old: stack.put(off).properties("Keys") });
    expect(aliases()).toContain("ci-proof");
  });

  it("take what the route sends, within the caller's limits, and nothing else", async () => {
    expect(await invoke("ci-proof", proven)).toStrictEqual({ token: expect.any(String) });
    await expect(invoke("ci-proof", proven.request)).rejects.toThrow("POST /token");
    await expect(invoke("ci-proof", { requests: [proven.request] })).rejects.toThrow("POST /token");
    await expect(invoke("ci-proof", { ...proven, request: { claims: { aud: API }, ttl: 301 } })).rejects.toThrow("maxTtlSeconds");
    await expect(invoke("ci-proof", { ...proven, request: { claims: { aud: API, repo: "x" }, ttl: 60 } })).rejects.toThrow(
      "repo",
    );
    const other = { ...proven.proof, claimsForTokens: { role: "admin" } };
    await expect(invoke("ci-proof", { ...proven, proof: other })).rejects.toThrow("role");
    await expect(invoke("ci-proof", { ...proven, of: { sub: "alice" } })).rejects.toThrow("no exchanges");
  });

  it.each(["ci", "chat"])("are the only ones to take a proof: %s refuses it", async (alias) => {
    await expect(invoke(alias, proven)).rejects.toThrow("unknown field");
    await expect(invoke(alias, { claims: {}, ttl: 60, proof: proven.proof })).rejects.toThrow("unknown field");
    await expect(invoke("ci", { claims: { aud: API, repo: "acme/app" }, ttl: 60 })).rejects.toThrow("proof alone");
  });

  it.each(["chat-proof", "nobody-proof", "-proof"])("are no caller's without rules: %s", async (alias) => {
    await expect(invoke(alias, proven)).rejects.toThrow("no caller has the name");
  });
});

describe("the metadata of a stack", () => {
  const METADATA = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

  it("says where and how clients get tokens, where the route is on, to the next tick and after it", async () => {
    const manage = stack.start(stack.put(parameters), "Manager");
    for (const path of METADATA) {
      expect(JSON.parse((await call("GET", path)).text)).toMatchObject({
        issuer: US,
        jwks_uri: `${US}/.well-known/jwks.json`,
        token_endpoint: `${US}/token`,
        authorization_endpoint: `${US}/authorize`,
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
      });
    }
    const puts = () => stack.aws.calls.filter(({ action, resource }) => action === "s3:PutObject" && /well-known/.test(resource));
    const before = puts().length;
    await manage({ action: "tick" }, managerContext);
    expect(puts()).toHaveLength(before);
  });

  it("names no endpoint where the route is off, and has it again where it is on again", async () => {
    const off = { ...parameters, TokenRoute: "off" };
    const members = async () => Object.keys(JSON.parse((await call("GET", "/.well-known/openid-configuration")).text));
    const update = (to: Record<string, string>, from: Record<string, string>) =>
      askResource(stack, bucket, { parameters: to, id: "Keys", type: "Update", old: stack.put(from).properties("Keys") });
    expect((await update(off, parameters)).outcome).toBe("SUCCESS");
    restart({ TokenRoute: "off" });
    expect(await members()).not.toContain("token_endpoint");
    expect((await call("GET", "/.well-known/oauth-authorization-server")).status).toBe(403);
    expect((await call("POST", "/token")).status).toBe(403);
    expect((await update(parameters, off)).outcome).toBe("SUCCESS");
    expect(await members()).toContain("token_endpoint");
  });
});

describe("the role of the route's function", () => {
  const may = (action: string, resource: string, given: Record<string, string> = {}) =>
    stack.may(stack.roles.Token, { action, resource, context: given });
  const used = () => `arn:aws:s3:::${stack.usedProofs}/00/x`;

  it("invokes the aliases for proofs, and no other", () => {
    expect(may("lambda:InvokeFunction", `${stack.issuerArn}:ci-proof`)).toBe(true);
    for (const end of ["", ":ci", ":chat", ":$LATEST", ":proof"])
      expect(may("lambda:InvokeFunction", stack.issuerArn + end)).toBe(false);
    expect(may("lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:111122223333:function:other:ci-proof")).toBe(false);
  });

  it("puts what is not there, and can neither read nor replace nor delete", () => {
    expect(may("s3:PutObject", used(), { "s3:if-none-match": "*" })).toBe(true);
    expect(may("s3:PutObject", used())).toBe(false);
    expect(may("s3:PutObject", `arn:aws:s3:::${stack.bucket}/keyring.json`, { "s3:if-none-match": "*" })).toBe(false);
    for (const action of ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket"]) expect(may(action, used())).toBe(false);
  });

  it("has nothing else but its log", () => {
    const { statements } = stack.roles.Token as unknown as { statements: readonly { Action: string | string[] }[] };
    expect(statements.flatMap(({ Action }) => Action)).toStrictEqual([
      "lambda:InvokeFunction",
      "s3:PutObject",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });
});
