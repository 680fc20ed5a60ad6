import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createAuthorizer } from "../../src/lambda/authorizer/authorizer.js";
import { TOKEN_OR_KEY } from "../contracts/leaks.js";

const NOW = 1_800_000_000;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = publicJwk(privateKey, algorithmNamed("ES256"));

let server: Server;
let issuer: string;
const lines: string[] = [];

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const isDiscovery = incoming.url?.endsWith("openid-configuration");
    outgoing.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
afterEach(() => {
  for (const line of lines.splice(0)) expect(line).not.toMatch(TOKEN_OR_KEY);
});

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
function tokenOf(claims: object = {}) {
  const all = { iss: issuer, sub: "alice", aud: "api", exp: NOW + 120, ...claims };
  const input = `${encoded({ alg: "ES256", kid: jwk.kid, typ: "JWT" })}.${encoded(all)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function authorizer(more: Record<string, string> = {}) {
  const env = { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: "api", AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
  const handler = createAuthorizer(env, (line) => lines.push(line), { clock: () => NOW });
  return (event: unknown) => handler(event, { awsRequestId: "r-1" });
}
const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

// developer guide of API Gateway, "Working with AWS Lambda authorizers for HTTP APIs" (doc_source/http-api-lambda-authorizer.md), and
// aws/aws-lambda-go, events/testdata/apigw-v2-custom-authorizer-v2-request.json. "Header names are case-insensitive", and come in small letters.
const http2 = (identitySource: unknown, more: object = {}) => ({
  version: "2.0",
  type: "REQUEST",
  routeArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/orders/7",
  identitySource,
  routeKey: "GET /orders/{id}",
  rawPath: "/orders/7",
  rawQueryString: "parameter1=value1&parameter1=value2&parameter2=value",
  cookies: ["cookie1", "cookie2"],
  headers: { header1: "value1", header2: "value1,value2" },
  queryStringParameters: { parameter1: "value1,value2", parameter2: "value" },
  requestContext: {
    accountId: "123456789012",
    apiId: "api-id",
    authentication: { clientCert: { clientCertPem: "CERT_CONTENT", serialNumber: "a1:a1:a1:a1:a1:a1:a1:a1" } },
    domainName: "id.execute-api.us-east-1.amazonaws.com",
    domainPrefix: "id",
    http: { method: "GET", path: "/orders/7", protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" },
    requestId: "id",
    routeKey: "GET /orders/{id}",
    stage: "test",
    time: "12/Mar/2020:19:03:58 +0000",
    timeEpoch: 1_583_348_638_390,
  },
  pathParameters: { id: "7" },
  stageVariables: { stageVariable1: "value1", stageVariable2: "value2" },
  ...more,
});

// aws/aws-lambda-go, events/testdata/apigw-v2-custom-authorizer-v1-request.json
const http1 = (identitySource: string, headers: object = {}) => ({
  version: "1.0",
  type: "REQUEST",
  methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request",
  identitySource,
  authorizationToken: identitySource,
  resource: "/request",
  path: "/request",
  httpMethod: "GET",
  headers: { "X-AMZ-Date": "20170718T062915Z", Accept: "*/*", HeaderAuth1: "headerValue1", ...headers },
  queryStringParameters: { QueryString1: "queryValue1" },
  pathParameters: {},
  stageVariables: { StageVar1: "stageValue1" },
  requestContext: {
    path: "/request",
    accountId: "123456789012",
    resourceId: "05c7jb",
    stage: "test",
    identity: { apiKey: "...", sourceIp: "192.0.2.1" },
    resourcePath: "/request",
    httpMethod: "GET",
    apiId: "abcdef123",
  },
});

// aws/aws-lambda-go, events/testdata/apigw-custom-auth-request-type-request.json
const rest = (headers: Record<string, string>, more: object = {}) => ({
  type: "REQUEST",
  methodArn: "arn:aws:execute-api:us-east-1:123456789012:s4x3opwd6i/test/GET/request",
  resource: "/request",
  path: "/request",
  httpMethod: "GET",
  headers: { Accept: "*/*", "CloudFront-Viewer-Country": "US", "X-Forwarded-For": "192.0.2.1, 192.0.2.2", ...headers },
  multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  queryStringParameters: { QueryString1: "queryValue1" },
  multiValueQueryStringParameters: { QueryString1: ["queryValue1"] },
  pathParameters: {},
  stageVariables: { StageVar1: "stageValue1" },
  requestContext: { path: "/request", accountId: "123456789012", stage: "test", apiId: "s4x3opwd6i" },
  ...more,
});

// developer guide of API Gateway, "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers"
const webSocket = (headers: Record<string, string>, query?: Record<string, string>) => ({
  ...rest({ Connection: "upgrade", "Sec-WebSocket-Version": "13", Upgrade: "websocket", ...headers }),
  methodArn: "arn:aws:execute-api:us-east-1:123456789012:abcdef123/default/$connect",
  queryStringParameters: query,
  multiValueQueryStringParameters: query && Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
  requestContext: { routeKey: "$connect", eventType: "CONNECT", messageDirection: "IN", stage: "default", apiId: "abcdef123" },
});

type Case = [what: string, eventOf: (token: string) => object, env?: Record<string, string>];

const SIMPLE: Case[] = [
  ["the guide's two sources, the token first", (token) => http2([`Bearer ${token}`, "123"])],
  ["the guide's two sources, the token last", (token) => http2(["user1", token])],
  ["$context.routeKey behind it, as the guide advises", (token) => http2([`Bearer ${token}`, "GET /orders/{id}"])],
  ["$context.routeKey in front of it", (token) => http2(["GET /orders/{id}", `bearer ${token}`])],
  [
    "a header that is both the source and there",
    (token) => http2([`Bearer ${token}`], { headers: { authorization: `Bearer ${token}` } }),
  ],
  // pennsieve/pennsieve-go-api, authorizer: "token expected to be first identity source", and a data set from the query behind it.
  [
    "an identifier of the query in front of it",
    (token) => http2(["N:dataset:3c10091e-4ef8-45ac-b3ae-4497eb34c7dc", `Bearer ${token}`]),
  ],
  [
    "$context.domainName in front of it, which has dots too",
    (token) => http2(["edge.api.example.com", "eyes.example.com", "192.0.2.1", token]),
  ],
  ["the cookies in front of it", (token) => http2(["theme=dark; session=4f.7a.9c", token])],
  [
    "another header than Authorization, beside Basic",
    (token) => http2([token], { headers: { authorization: "Basic dTpw", "x-token": token } }),
  ],
  [
    "another header that is named, beside a token for the service behind",
    (token) => http2([token], { headers: { authorization: `Bearer ${tokenOf({ sub: "bob" })}`, "x-token": token } }),
    { SIGNET_TOKEN_HEADER: "X-Token" },
  ],
  ["no sources, and the header", (token) => http2(null, { headers: { authorization: `Bearer ${token}` } })],
  [
    "no sources, and a header that is named",
    (token) => http2(null, { headers: { "x-token": token } }),
    { SIGNET_TOKEN_HEADER: "X-Token" },
  ],
  ["no sources, and the query", (token) => http2([], { queryStringParameters: { token } }), { SIGNET_TOKEN_QUERY: "token" }],
  // The authorizer of umccr's htsget has an event of 2021-09 in its comment: the stage is $default, the path is deep.
  [
    "the stage $default and a deep path",
    (token) =>
      http2([`Bearer ${token}`], {
        routeArn: "arn:aws:execute-api:ap-southeast-2:111122223333:jyp1fujvkf/$default/GET/variants/data/10g/https/HG00096",
        routeKey: "ANY /variants/data/10g/https/{id}",
      }),
  ],
];

const POLICY: Case[] = [
  ["an HTTP API's 1.0, the token in front", (token) => http1(`Bearer ${token},123`, { Authorization: `Bearer ${token}` })],
  [
    "an HTTP API's 1.0, $context.routeKey in front",
    (token) => http1(`GET /request,Bearer ${token}`, { authorization: `Bearer ${token}` }),
  ],
  ["an HTTP API's 1.0, of another header", (token) => http1(`user1,${token}`, { "X-Token": token })],
  [
    "an HTTP API's 2.0 without simple responses",
    (token) => http2(["user1", `Bearer ${token}`]),
    { SIGNET_AUTHORIZER_RESPONSE: "policy" },
  ],
  // aws/aws-lambda-go, events/testdata/apigw-custom-auth-request.json
  [
    "a REST API's TOKEN",
    (token) => ({
      type: "TOKEN",
      authorizationToken: token,
      methodArn: "arn:aws:execute-api:us-west-2:123456789012:ymy8tbxw7b/*/GET/",
    }),
  ],
  ["a REST API's REQUEST", (token) => rest({ Authorization: `Bearer ${token}` })],
  // dherault/serverless-offline#1766: "I'm using a JWT header that is named something else and can't be easily changed"
  ["a REST API's REQUEST by another header", (token) => rest({ "Access-Key": token }), { SIGNET_TOKEN_HEADER: "access-key" }],
  // dherault/serverless-offline, createAuthScheme.js: account and API have made-up names, and a region may be "undefined".
  [
    "serverless-offline's TOKEN",
    (token) => ({
      type: "TOKEN",
      authorizationToken: `Bearer ${token}`,
      methodArn: "arn:aws:execute-api:undefined:random-account-id:random-api-id/dev/GET/user",
      enhancedAuthContext: {},
      requestContext: { accountId: "random-account-id", apiId: "random-api-id", resourcePath: "/user", httpMethod: "GET" },
    }),
  ],
  ["a WebSocket API's $connect by its header", (token) => webSocket({ Authorization: `Bearer ${token}` })],
  ["a WebSocket API's $connect by its protocols", (token) => webSocket({ "Sec-WebSocket-Protocol": `bearer, ${token}` })],
  ["a WebSocket API's $connect by its query", (token) => webSocket({}, { token }), { SIGNET_TOKEN_QUERY: "token" }],
];

describe("a token is found wherever API Gateway shows it:", () => {
  it.each(SIMPLE)("%s", async (_what, eventOf, env) => {
    expect(await authorizer(env)(eventOf(tokenOf()))).toMatchObject({ isAuthorized: true, context: { sub: "alice" } });
  });

  it.each(POLICY)("%s", async (_what, eventOf, env) => {
    const event = eventOf(tokenOf()) as { methodArn?: string; routeArn?: string };
    const [api, stage] = (event.methodArn ?? event.routeArn ?? "").split("/");
    expect(await authorizer(env)(event)).toMatchObject({
      principalId: "alice",
      policyDocument: { Statement: [{ Effect: "Allow", Resource: `${api}/${stage}/*` }] },
    });
  });

  it("rules by route hold with $context.routeKey on either side", async () => {
    const authorize = authorizer({ SIGNET_ROUTES: '{"GET /orders/{id}":"orders:read"}' });
    for (const scope of ["orders:read", "orders:write"]) {
      const sources = [`Bearer ${tokenOf({ scope })}`, "GET /orders/{id}"];
      const answers = [await authorize(http2(sources)), await authorize(http2(sources.toReversed()))];
      expect(answers).toMatchObject(Array(2).fill({ isAuthorized: scope === "orders:read" }));
    }
  });
});

describe("AppSync is answered in its own words:", () => {
  // aws/aws-lambda-go, events/testdata/appsync-lambda-auth-request.json
  const requestContext = {
    apiId: "aaaaaa123123123example123",
    accountId: "111122223333",
    requestId: "f4081827-1111-4444-5555-5cf4695f339f",
    queryString: "mutation CreateEvent {...}\n\nquery MyQuery {...}\n",
    operationName: "MyQuery",
    variables: {},
  };

  it("a GraphQL API has a context for resolvers", async () => {
    const answer = await authorizer()({ authorizationToken: `Bearer ${tokenOf({ level: 3 })}`, requestContext });
    expect(answer).toMatchObject({ isAuthorized: true, resolverContext: { sub: "alice", level: 3 }, ttlOverride: 120 });
  });

  // AppSync Events guide, "Configuring authorization and authentication to secure Event APIs"; its handlerContext holds texts.
  it.each(["EVENT_CONNECT", "EVENT_SUBSCRIBE", "EVENT_PUBLISH"])(
    "an Event API has one for handlers, of texts (%s)",
    async (operation) => {
      const { apiId, accountId, requestId } = requestContext;
      const isConnect = operation === "EVENT_CONNECT";
      const channel = isConnect ? {} : { channelNamespaceName: "news", channel: "/news/latest" };
      const event = (token: string) => ({
        authorizationToken: token,
        requestContext: { apiId, accountId, requestId, operation, ...channel },
        requestHeaders: { host: "example.appsync-api.us-east-1.amazonaws.com" },
      });
      expect(await authorizer()(event(tokenOf({ level: 3, admin: false })))).toStrictEqual({
        isAuthorized: true,
        handlerContext: { iss: issuer, sub: "alice", aud: "api", exp: String(NOW + 120), level: "3", admin: "false" },
        ttlOverride: 120,
      });
      expect(await authorizer()(event("x"))).toStrictEqual({ isAuthorized: false, handlerContext: {}, ttlOverride: 300 });
    },
  );
});

describe("two tokens are none, and a token that an answer is not kept by is none:", () => {
  const one = () => tokenOf({ sub: "mallory" });
  const refusals: [what: string, event: (good: string, other: string) => object, hint: RegExp][] = [
    ["two sources", (good, other) => http2([`Bearer ${good}`, other]), /more than one token/],
    [
      "two sources, the other without a signature",
      (good, other) => http2([good, `${other.split(".", 2).join(".")}.`]),
      /more than one/,
    ],
    [
      "a source and another one in the header",
      (good, other) => http2([good], { headers: { authorization: `Bearer ${other}` } }),
      /more than one/,
    ],
    ["two sources, the other of two parts", (good, other) => http2([good, other.split(".", 2).join(".")]), /more than one/],
    [
      "1.0 whose source is one of two headers",
      (good, other) => ({
        ...http1(`Bearer ${good}`),
        multiValueHeaders: { authorization: [`Bearer ${good}`, `Bearer ${other}`] },
      }),
      /more than one/,
    ],
    ["two headers that are joined", (good, other) => http2([`Bearer ${good},Bearer ${other}`]), /^$/],
    [
      "one of two headers is the source",
      (good, other) => http2([`Bearer ${good}`], { headers: { authorization: `Bearer ${good},Bearer ${other}` } }),
      /more than one/,
    ],
    // Each is a way in which some reader of a header finds a token.
    ...["Bearer\t", "DPoP ", "Token ", "Basic x, Bearer ", "Bearer,", 'Bearer "', "x;"].map(
      (before): (typeof refusals)[number] => [
        `a source and another one in the header, behind ${JSON.stringify(before)}`,
        (good, other) => http2([good], { headers: { authorization: before + other } }),
        /more than one/,
      ],
    ),
    ["two sources, one behind a tab", (good, other) => http2([`Bearer ${good}`, `Bearer\t${other}`]), /more than one/],
    [
      "a header and another one in the query",
      (good, other) => webSocket({ Authorization: `Bearer ${good}` }, { token: other }),
      /more/,
    ],
    [
      "a header and another one in the protocols",
      (good, other) => webSocket({ Authorization: good, "Sec-WebSocket-Protocol": `bearer, ${other}` }),
      /more/,
    ],
    [
      "the protocols and another one in the query",
      (good, other) => webSocket({ "Sec-WebSocket-Protocol": `bearer, ${good}` }, { token: other }),
      /more/,
    ],
    [
      "a header and two in the query",
      (good, other) => ({
        ...webSocket({ Authorization: `Bearer ${good}` }, { token: good }),
        multiValueQueryStringParameters: { token: [other, good] },
      }),
      /more/,
    ],
    ["1.0 with two", (good, other) => http1(`Bearer ${good}, ${other}`), /more than one/],
    [
      "a source that holds none",
      (good) => http2(["user1", "GET /orders/{id}"], { headers: { authorization: `Bearer ${good}` } }),
      /add the header/,
    ],
    ["1.0 whose source holds none", (good) => http1("user1,123", { Authorization: `Bearer ${good}` }), /add the header/],
    [
      "a source that holds none, and a query",
      (good) => http2(["user1"], { queryStringParameters: { token: good } }),
      /none of the identity sources/,
    ],
  ];

  it.each(refusals)("%s", async (_what, eventOf, hint) => {
    const authorize = authorizer({ SIGNET_TOKEN_QUERY: "token" });
    await expect(authorize(eventOf(tokenOf(), one()))).rejects.toThrow(/^Unauthorized$/);
    const [entry] = logged().filter(({ level }) => level === "WARN");
    expect(entry).toMatchObject({ outcome: "token_malformed" });
    expect(entry?.hint ?? "").toMatch(hint);
  });
});

describe("an event that is none of an authorizer's is logged by its members' names, without a value:", () => {
  const token = "a.secret.value";
  const strangers: [what: string, event: unknown, members: string[]][] = [
    [
      "the HTTP request itself, where the function was made a route's integration",
      { version: "2.0", routeKey: "$default", rawPath: "/", headers: { authorization: token }, requestContext: { apiId: "a" } },
      ["version", "routeKey", "rawPath", "headers", "requestContext"],
    ],
    ["EventBridge's", { "detail-type": token, source: token, detail: { token } }, ["detail-type", "source", "detail"]],
    ["SQS's", { Records: [{ body: token }] }, ["Records"]],
    ["the console's test event", { key1: token, key2: token, key3: token }, ["key1", "key2", "key3"]],
    ["IoT's", { token, signatureVerified: false, protocols: ["mqtt"] }, ["token", "signatureVerified", "protocols"]],
    ["one whose names are values", { [token]: 1, [`${"x".repeat(33)}`]: 1, "a b": 1, type: token }, ["type"]],
    [
      "one of too many",
      Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`m${at}`, token])),
      Array.from({ length: 20 }, (_, at) => `m${at}`),
    ],
    ["a list", [token], []],
    ["a text", token, []],
    ["nothing", null, []],
  ];

  it.each(strangers)("%s", async (_what, event, members) => {
    await expect(authorizer()(event)).rejects.toMatchObject({ code: "invalid_request" });
    const entry = { level: "ERROR", outcome: "failed", code: "invalid_request", members };
    expect(logged()).toContainEqual(
      expect.objectContaining({ ...entry, failure: expect.stringContaining("is this function the authorizer of an API?") }),
    );
    expect(lines.join("")).not.toContain("secret");
  });

  it("and one of a method that has no stage says what was expected", async () => {
    const event = { type: "TOKEN", authorizationToken: tokenOf(), methodArn: "arn:aws:s3:::bucket/secret" };
    await expect(authorizer()(event)).rejects.toMatchObject({ code: "invalid_request" });
    expect(logged()).toContainEqual(expect.objectContaining({ level: "ERROR", failure: expect.stringContaining("methodArn") }));
    expect(lines.join("")).not.toContain("secret");
  });
});
