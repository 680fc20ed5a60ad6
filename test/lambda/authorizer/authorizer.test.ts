import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { publicJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createAuthorizer } from "../../../src/lambda/authorizer/authorizer.js";
import { TOKEN_OR_KEY } from "../../contracts/leaks.js";

const NOW = 1_800_000_000;
const METHOD = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/orders/7";
const STAGE = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/*";
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = publicJwk(privateKey, algorithmNamed("ES256"));

let server: Server;
let issuer: string;
let isDown = false;
let lines: string[] = [];

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    if (isDown) return outgoing.writeHead(500).end();
    const isDiscovery = incoming.url?.endsWith("openid-configuration");
    return outgoing.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
afterEach(() => {
  // No line holds a token or a claim.
  const said = lines;
  [lines, isDown] = [[], false];
  for (const line of said) {
    expect(line).not.toMatch(TOKEN_OR_KEY);
    expect(line).not.toContain("alice");
  }
});

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
function tokenOf(claims: object = {}, header: object = {}) {
  const all = { iss: issuer, sub: "alice", aud: "api", exp: NOW + 120, ...claims };
  const input = `${encoded({ alg: "ES256", kid: jwk.kid, typ: "JWT", ...header })}.${encoded(all)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function authorizer(more: Record<string, string> = {}) {
  const env = { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: "api", AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
  const handler = createAuthorizer(env, (line) => lines.push(line), { clock: () => NOW });
  return (event: object) => handler(event, { awsRequestId: "r-1" });
}

// As API Gateway's and AppSync's developer guides have them.
const EVENTS = {
  "a REST API's TOKEN": (token: string) => ({ type: "TOKEN", authorizationToken: `Bearer ${token}`, methodArn: METHOD }),
  "a REST API's REQUEST": (token: string) => ({
    type: "REQUEST",
    methodArn: METHOD,
    resource: "/orders/{id}",
    headers: { authorization: `bearer ${token}`, Host: "abc123.execute-api.eu-central-1.amazonaws.com" },
    queryStringParameters: null,
    requestContext: { apiId: "abc123", stage: "prod" },
  }),
  "a WebSocket API's $connect": (token: string) => ({
    type: "REQUEST",
    methodArn: METHOD.replace("GET/orders/7", "$connect"),
    headers: { Host: "abc123.execute-api.eu-central-1.amazonaws.com" },
    queryStringParameters: { token },
    requestContext: { routeKey: "$connect", eventType: "CONNECT", apiId: "abc123" },
  }),
  "a WebSocket API's $connect, by its protocols": (token: string) => ({
    type: "REQUEST",
    methodArn: METHOD.replace("GET/orders/7", "$connect"),
    headers: { "Sec-WebSocket-Protocol": `bearer, ${token}` },
    requestContext: { routeKey: "$connect", eventType: "CONNECT", apiId: "abc123" },
  }),
  "an HTTP API's payload 1.0": (token: string) => ({
    version: "1.0",
    type: "REQUEST",
    methodArn: METHOD,
    headers: { Authorization: token },
  }),
};
const allow = { Version: "2012-10-17", Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: STAGE }] };

describe("the authorizer", () => {
  it.each(Object.entries(EVENTS))(
    "answers %s with a policy for the whole stage, since it is cached for it",
    async (_what, eventOf) => {
      const authorize = authorizer({ SIGNET_TOKEN_QUERY: "token" });
      const answer = await authorize(eventOf(tokenOf({ groups: ["a", "b"], org: { id: 1 }, admin: false, level: 3 })));
      expect(answer).toStrictEqual({
        principalId: "alice",
        policyDocument: allow,
        context: { iss: issuer, sub: "alice", aud: "api", exp: NOW + 120, groups: "a b", admin: false, level: 3 },
      });
    },
  );

  it.each([
    ["identitySource", (token: string) => ({ identitySource: [`Bearer ${token}`], headers: {} })],
    ["its header", (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
  ])("answers an HTTP API's payload 2.0 simply, or with a policy where that is set (%s)", async (_where, partOf) => {
    const event = { version: "2.0", type: "REQUEST", routeArn: METHOD, routeKey: "GET /orders/{id}", ...partOf(tokenOf()) };
    expect(await authorizer()(event)).toMatchObject({ isAuthorized: true, context: { sub: "alice" } });
    expect(await authorizer({ SIGNET_AUTHORIZER_RESPONSE: "policy" })(event)).toMatchObject({ policyDocument: allow });
  });

  it("answers AppSync, which keeps the answer no longer than the token lives", async () => {
    const event = (token: string) => ({ authorizationToken: token, requestContext: { apiId: "a1", queryString: "query {}" } });
    expect(await authorizer()(event(tokenOf()))).toMatchObject({ isAuthorized: true, ttlOverride: 120 });
    expect(await authorizer()(event(tokenOf({ exp: NOW + 9_000 })))).toMatchObject({ ttlOverride: 300 });
    expect(await authorizer()(event(tokenOf({ exp: NOW - 400 })))).toStrictEqual({
      isAuthorized: false,
      resolverContext: {},
      ttlOverride: 300,
    });
  });

  it.each([
    ["none", () => ""],
    ["an expired one", () => tokenOf({ exp: NOW - 400 })],
    ["one of another issuer", () => tokenOf({ iss: "https://other.example" })],
    ["one for another audience", () => tokenOf({ aud: "other" })],
    ["one without a signature", () => `${tokenOf({}, { alg: "none" }).split(".").slice(0, 2).join(".")}.`],
    ["one of an unknown key", () => tokenOf({}, { kid: "unknown" })],
    ["one that was changed", () => tokenOf().replace(/.(?=.{20}$)/, (char) => (char === "A" ? "B" : "A"))],
    ["two at once", () => `${tokenOf()}, ${tokenOf()}`],
  ])("refuses %s with 401", async (_what, tokenFor) => {
    for (const eventOf of [EVENTS["a REST API's TOKEN"], EVENTS["a REST API's REQUEST"], EVENTS["an HTTP API's payload 1.0"]]) {
      await expect(authorizer()(eventOf(tokenFor()))).rejects.toThrow(/^Unauthorized$/);
    }
    expect(lines.some((line) => /"level":"WARN".*"outcome":"token_/.test(line))).toBe(true);
  });

  // Whoever stands behind may believe the other one.
  it.each([
    [
      "in two headers",
      (good: string, other: string) => ({ multiValueHeaders: { authorization: [`Bearer ${other}`, `Bearer ${good}`] } }),
    ],
    ["in two spellings of the header", (_good: string, other: string) => ({ headers: { Authorization: `Bearer ${other}` } })],
    [
      "in the query, twice",
      (good: string, other: string) => ({
        headers: {},
        queryStringParameters: { token: good },
        multiValueQueryStringParameters: { token: [other, good] },
      }),
    ],
    [
      "in the query beside two headers",
      (good: string, other: string) => ({
        headers: {},
        multiValueHeaders: { authorization: [`Bearer ${other}`, "Bearer x"] },
        queryStringParameters: { token: good },
      }),
    ],
  ])("refuses two tokens, %s", async (_what, partOf) => {
    const [good, other] = [tokenOf(), tokenOf({ sub: "bob" })];
    const event = EVENTS["a REST API's REQUEST"](good);
    const part: object = partOf(good, other);
    const headers = {
      ...("queryStringParameters" in part ? {} : event.headers),
      ...("headers" in part ? (part.headers as object) : {}),
    };
    const authorize = authorizer({ SIGNET_TOKEN_QUERY: "token" });
    expect(await authorize(event)).toMatchObject({ principalId: "alice" });
    await expect(authorize({ ...event, ...part, headers })).rejects.toThrow(/^Unauthorized$/);
  });

  it.each([
    ["SIGNET_SCOPES", ","],
    ["SIGNET_SCOPES", " "],
    ["SIGNET_CLAIMS", ", ,"],
    ["SIGNET_ROUTES", "{}"],
    ["SIGNET_ROUTES", " { } "],
  ])("does not start where %s is set to %j, which would narrow nothing", (name, text) => {
    expect(() => authorizer({ [name]: text })).toThrow(new RegExp(`^${name} is set and names no`));
    authorizer({ [name]: "" });
  });

  it("refuses a good token without the scope that is asked for with 403", async () => {
    const authorize = authorizer({ SIGNET_SCOPES: "orders:read" });
    const event = { version: "2.0", type: "REQUEST", routeArn: METHOD, identitySource: [tokenOf({ scope: "profile" })] };
    expect(await authorize(event)).toStrictEqual({ isAuthorized: false, context: {} });
    const denied = await authorize(EVENTS["a REST API's TOKEN"](tokenOf({ scope: "profile" })));
    expect(denied).toMatchObject({ policyDocument: { Statement: [{ Effect: "Deny", Resource: STAGE }] }, context: {} });
    expect(await authorize(EVENTS["a REST API's TOKEN"](tokenOf({ scope: "profile orders:read" })))).toMatchObject({
      policyDocument: allow,
    });
  });

  describe("with rules by route", () => {
    const rules = {
      SIGNET_ROUTES: JSON.stringify({
        "GET /orders/{id}": "orders:read",
        "ANY /orders": ["orders:read", "orders:write"],
        "* /health": [],
        $connect: ["chat"],
      }),
    };
    const routes = (...names: string[]) => names.map((name) => STAGE.replace("*", name));
    const any = (path: string) =>
      ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map((method) => `${method}/${path}`);
    const statement = (Effect: string, names: string[]) => ({ Action: "execute-api:Invoke", Effect, Resource: routes(...names) });
    const at = (route: string, scope: string, more: object = {}) => ({
      version: "2.0",
      type: "REQUEST",
      routeArn: METHOD.replace("GET/orders/7", route),
      routeKey: "the route",
      identitySource: [tokenOf({ scope }), "the route"],
      ...more,
    });

    it("answers a policy that holds for each route, whichever was asked for", async () => {
      const policyFor = (scope: string) => authorizer(rules)(EVENTS["a REST API's TOKEN"](tokenOf({ scope })));
      expect(await policyFor("orders:read")).toMatchObject({
        policyDocument: {
          Statement: [statement("Allow", ["GET/orders/*", ...any("health")]), statement("Deny", [...any("orders"), "$connect"])],
        },
      });
      expect(await policyFor("orders:read orders:write chat")).toMatchObject({
        policyDocument: { Statement: [statement("Allow", ["GET/orders/*", ...any("orders"), ...any("health"), "$connect"])] },
      });
    });

    it.each([
      ["GET/orders/7", "orders:read", true],
      ["GET/orders/7", "profile", false],
      ["POST/orders", "orders:read", false],
      ["POST/orders", "orders:read orders:write", true],
      ["GET/health", "", true],
      // What no rule names, nobody may; nor what only looks like it.
      ["GET/admin", "orders:read orders:write chat", false],
      ["GET/%6frders/7", "orders:read", false],
      ["DELETE/orders/7", "orders:read orders:write", false],
      ["GET/health/", "", false],
      // A method that may be any is no path that may be any.
      ["GET/admin/health", "orders:read orders:write chat", false],
      ["TRACE/health", "", false],
    ])("answers an HTTP API simply: %s with %j is %s", async (route, scope, isAuthorized) => {
      expect(await authorizer(rules)(at(route, scope))).toMatchObject({ isAuthorized });
    });

    it("refuses to answer where the answer would be kept for other routes, or where there are none", async () => {
      const kept = at("GET/orders/7", "orders:read", { identitySource: [tokenOf({ scope: "orders:read" })] });
      await expect(authorizer(rules)(kept)).rejects.toThrow("$context.routeKey");
      const appsync = { authorizationToken: tokenOf(), requestContext: { apiId: "a1" } };
      await expect(authorizer(rules)(appsync)).rejects.toThrow("AppSync");
    });

    // An answer is kept by the token and the route: another request of it would be answered by the first one's yes.
    const reader = "orders:read";
    it.each<[routeKey: string, scope: string, answer: boolean | string]>([
      ["$default", reader, "$default takes more than the token may do"],
      ["ANY /{proxy+}", reader, "add $context.httpMethod and $context.path"],
      ["GET /orders/{more+}", reader, true],
      ["ANY /orders/{id}", reader, "takes more"],
      ["ANY /orders/{id}", "profile", false],
      ["GET /orders/{id}", reader, true],
    ])("answers for all that a route takes: %s for %j is %s", async (routeKey, scope, answer) => {
      const of = (more: string[] = []) =>
        authorizer(rules)({
          ...at("GET/orders/7", scope, { routeKey, identitySource: [tokenOf({ scope }), routeKey, ...more] }),
          requestContext: { http: { method: "GET", path: "/orders/7" } },
        });
      if (typeof answer === "string") await expect(of()).rejects.toThrow(answer);
      else expect(await of()).toMatchObject({ isAuthorized: answer });
      expect(await of(["GET", "/orders/7"])).toMatchObject({ isAuthorized: answer !== false });
    });

    it("takes a route of any method, or path, where its rules allow all of that", async () => {
      const of = (given: object, routeKey: string, route: string) =>
        authorizer({ SIGNET_ROUTES: JSON.stringify(given) })(
          at(route, "a", { routeKey, identitySource: [tokenOf({ scope: "a" }), routeKey] }),
        );
      expect(await of({ "* /{any}": "a" }, "$default", "GET/x")).toMatchObject({ isAuthorized: true });
      expect(await of({ "ANY /x": "a", "GET /y": "b" }, "ANY /x", "GET/x")).toMatchObject({ isAuthorized: true });
      expect(await of({ "* /{any}": "a", "GET /xs/{id}": "b" }, "ANY /x/{id}", "GET/x/1")).toMatchObject({ isAuthorized: true });
      await expect(of({ "* /{any}": "a", "GET /x/{id}": "b" }, "$default", "GET/y")).rejects.toThrow("SIGNET_ROUTES");
      await expect(of({ "* /{any}": "a", "GET /x/1": "b" }, "ANY /x/{id}", "GET/x/2")).rejects.toThrow("SIGNET_ROUTES");
    });

    it.each([
      '{"/orders": "a"}',
      '{"GET orders": "a"}',
      '{"GET /a?b": "a"}',
      '{"GET /orders": 5}',
      '{"GET /orders": [""]}',
      "[]",
    ])("does not start with rules that are none (%s)", (text) => {
      expect(() => authorizer({ SIGNET_ROUTES: text })).toThrow("SIGNET_ROUTES");
    });
  });

  it("hands on the claims that are chosen, and no other", async () => {
    const answer = await authorizer({ SIGNET_CLAIMS: "sub, level" })(
      EVENTS["a REST API's TOKEN"](tokenOf({ level: 3, email: "a@b" })),
    );
    expect(answer).toMatchObject({ principalId: "alice" });
    expect((answer as { context: object }).context).toStrictEqual({ sub: "alice", level: 3 });
  });

  it("never hands on a claim that would pass for the principal", async () => {
    for (const more of [{}, { SIGNET_CLAIMS: "sub,principalId" }]) {
      const answer = await authorizer(more)(EVENTS["a REST API's TOKEN"](tokenOf({ principalId: "root" })));
      expect(answer).toMatchObject({ principalId: "alice" });
      expect((answer as { context: object }).context).not.toHaveProperty("principalId");
    }
  });

  it.each([[{ toString: false }], [{ toString: "x" }], [["a"]], [7], [null]])(
    "names no principal by a client_id that is no text (%j)",
    async (client) => {
      const answer = await authorizer()(EVENTS["a REST API's TOKEN"](tokenOf({ sub: undefined, client_id: client })));
      expect(answer).toMatchObject({ principalId: "unknown" });
    },
  );

  it("hands on no number that JSON has no word for", async () => {
    const token = tokenOf({ big: 1 }).split(".");
    const payload = Buffer.from(token[1] ?? "", "base64url")
      .toString()
      .replace('"big":1', '"big":1e999');
    const input = `${token[0]}.${Buffer.from(payload).toString("base64url")}`;
    const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url");
    const answer = await authorizer()(EVENTS["a REST API's TOKEN"](`${input}.${signature}`));
    expect((answer as { context: object }).context).not.toHaveProperty("big");
  });

  it.each([
    { headers: { authorization: { toString: false } } },
    { headers: { "sec-websocket-protocol": { toString: false } } },
    { headers: { authorization: ["Bearer x"] }, queryStringParameters: { token: 7 } },
    { headers: "authorization", queryStringParameters: ["token"] },
  ])("takes for no token what is no text (%j)", async (more) => {
    const event = { type: "REQUEST", methodArn: METHOD, ...more };
    await expect(authorizer({ SIGNET_TOKEN_QUERY: "token" })(event)).rejects.toThrow("Unauthorized");
  });

  it("refuses every token while there are no keys, and says so; the next token tries again", async () => {
    isDown = true;
    const authorize = authorizer();
    await expect(authorize(EVENTS["a REST API's TOKEN"](tokenOf()))).rejects.toThrow("cannot verify now");
    expect(lines.some((line) => /"level":"ERROR".*jwks_unavailable/.test(line))).toBe(true);
  });

  it.each([
    {},
    { type: "TOKEN", authorizationToken: "t" },
    { type: "REQUEST", version: "2.0", routeArn: "arn:aws:s3:::bucket/x" },
    { Records: [] },
  ])("answers no other event (%o)", async (event) => {
    const withToken = "type" in event ? { ...event, authorizationToken: tokenOf(), identitySource: [tokenOf()] } : event;
    const authorize = authorizer({ SIGNET_AUTHORIZER_RESPONSE: "policy" });
    await expect(authorize(withToken)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it.each([
    [{ SIGNET_ISSUER: "" }, "SIGNET_ISSUER"],
    [{ SIGNET_AUDIENCE: "" }, "SIGNET_AUDIENCE"],
    [{ SIGNET_ISSUER: "issuer" }, "issuer"],
    [{ SIGNET_TOKEN_HEADER: "Authorization: Bearer" }, "SIGNET_TOKEN_HEADER must be the name of a header"],
  ])("does not start with settings that let too much in (%o)", (more, words) => {
    expect(() => authorizer(more)).toThrow(words);
  });

  // Linux has all of 127.0.0.0/8 on this machine; to a URL's reader it is an address like any other.
  it.runIf(process.platform === "linux")("asks an issuer over http beyond this machine only where that is allowed", async () => {
    const elsewhere = "http://127.0.0.2:1";
    const words = async (more: Record<string, string>) => {
      await expect(authorizer({ SIGNET_ISSUER: elsewhere, ...more })(EVENTS["a REST API's TOKEN"](tokenOf()))).rejects.toThrow(
        "cannot verify",
      );
      return lines.at(-1);
    };
    expect(await words({})).toContain("or with SIGNET_ALLOW_INSECURE_ISSUER=true");
    expect(await words({ SIGNET_ALLOW_INSECURE_ISSUER: "true" })).toContain("ECONNREFUSED");
  });
});
