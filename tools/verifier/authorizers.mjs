/** The authorizer that ships, on Lambda's Runtime API, with events as API Gateway and AppSync send them (their developer guides' examples). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { startRuntimeApi } from "../../bench/runtime-api.mjs";
import { AUDIENCE, makeKeys, signedToken } from "./tokens.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const API = "arn:aws:execute-api:us-east-1:123456789012:abcdef123";

/** @type {Record<string, (token: string) => object>} */
const EVENTS = {
  "a REST API's TOKEN": (token) => ({
    type: "TOKEN",
    authorizationToken: `Bearer ${token}`,
    methodArn: `${API}/test/GET/request`,
  }),
  "a REST API's REQUEST": (token) => ({
    type: "REQUEST",
    methodArn: `${API}/test/GET/request`,
    resource: "/request",
    path: "/request",
    httpMethod: "GET",
    headers: {
      "X-AMZ-Date": "20170718T062915Z",
      Accept: "*/*",
      Authorization: `Bearer ${token}`,
      "CloudFront-Viewer-Country": "US",
      Host: "abcdef123.execute-api.us-east-1.amazonaws.com",
    },
    queryStringParameters: { QueryString1: "queryValue1" },
    pathParameters: {},
    stageVariables: { StageVar1: "stageValue1" },
    requestContext: {
      path: "/request",
      accountId: "123456789012",
      resourceId: "05c7jb",
      stage: "test",
      requestId: "...",
      identity: {
        apiKey: "...",
        sourceIp: "203.0.113.5",
        clientCert: { serialNumber: "a1:a1:a1:a1", validity: { notBefore: "May 28 12:30:02 2019 GMT" } },
      },
      resourcePath: "/request",
      httpMethod: "GET",
      apiId: "abcdef123",
    },
  }),
  "a WebSocket API's $connect": (token) => ({
    type: "REQUEST",
    methodArn: `${API}/prod/$connect`,
    headers: {
      Connection: "upgrade",
      "content-length": "0",
      Host: "abcdef123.execute-api.us-east-1.amazonaws.com",
      Authorization: token,
      "Sec-WebSocket-Version": "13",
    },
    multiValueHeaders: { Connection: ["upgrade"] },
    queryStringParameters: null,
    stageVariables: {},
    requestContext: {
      routeKey: "$connect",
      eventType: "CONNECT",
      connectionId: "...",
      domainName: "abcdef123.execute-api.us-east-1.amazonaws.com",
      apiId: "abcdef123",
      stage: "prod",
    },
  }),
  "an HTTP API's payload 2.0": (token) => ({
    version: "2.0",
    type: "REQUEST",
    routeArn: `${API}/test/GET/request`,
    identitySource: ["$default", `Bearer ${token}`],
    routeKey: "$default",
    rawPath: "/my/path",
    rawQueryString: "parameter1=value1&parameter1=value2&parameter2=value",
    cookies: ["cookie1", "cookie2"],
    headers: { header1: "value1", header2: "value2" },
    queryStringParameters: { parameter1: "value1,value2", parameter2: "value" },
    requestContext: {
      accountId: "123456789012",
      apiId: "abcdef123",
      authentication: { clientCert: { clientCertPem: "CERT_CONTENT", subjectDN: "www.example.com" } },
      domainName: "id.execute-api.us-east-1.amazonaws.com",
      http: { method: "POST", path: "/my/path", protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "agent" },
      requestId: "id",
      routeKey: "$default",
      stage: "$default",
      time: "12/Mar/2020:19:03:58 +0000",
      timeEpoch: 1583348638390,
    },
    pathParameters: { parameter1: "value1" },
    stageVariables: { stageVariable1: "value1" },
  }),
  "an HTTP API's payload 1.0": (token) => ({
    version: "1.0",
    type: "REQUEST",
    methodArn: `${API}/test/GET/request`,
    identitySource: `GET /request,Bearer ${token}`,
    authorizationToken: `GET /request,Bearer ${token}`,
    resource: "/request",
    path: "/request",
    httpMethod: "GET",
    headers: { "X-AMZ-Date": "20170718T062915Z", Accept: "*/*", authorization: `Bearer ${token}` },
    queryStringParameters: { QueryString1: "queryValue1" },
    requestContext: {
      path: "/request",
      accountId: "123456789012",
      stage: "test",
      resourcePath: "/request",
      httpMethod: "GET",
      apiId: "abcdef123",
    },
  }),
  "AppSync's": (token) => ({
    authorizationToken: token,
    requestContext: {
      apiId: "aaaaaa123123123example123",
      accountId: "111122223333",
      requestId: "f4081827-1111-4444-5555-5cf4695f339f",
      queryString: "mutation CreateEvent {...}",
      operationName: "MyQuery",
      variables: {},
    },
    requestHeaders: { header: "value" },
  }),
};

/** @param {{ check: (what: string, isRight: boolean, seen?: unknown) => void }} options */
export async function authorizers({ check }) {
  const keys = makeKeys();
  const server = createServer((_, answer) => void answer.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const issuer = `http://127.0.0.1:${port}`;
  const api = await startRuntimeApi();
  const env = {
    AWS_LAMBDA_RUNTIME_API: api.address,
    SIGNET_ISSUER: issuer,
    SIGNET_JWKS_URL: `${issuer}/keys`,
    SIGNET_AUDIENCE: AUDIENCE,
  };
  const files = [`${root}bench/bootstrap.cjs`, `${root}dist/lambda/authorizer.cjs`];
  const child = spawn(process.execPath, files, { env, stdio: ["ignore", "ignore", "inherit"] });
  const answerTo = (event) =>
    api.invoke(JSON.stringify(event)).then(
      (answer) => outcomeOf(answer),
      (error) => error.message,
    );
  for (const [name, eventOf] of Object.entries(EVENTS)) {
    const answers = [];
    for (const key of keys) answers.push(await answerTo(eventOf(tokenOf(key, issuer, {}))));
    check(`${name} event: good tokens of each algorithm are let in`, answers.join() === "yes,yes,yes", answers);
    const bad = [];
    for (const claims of [{ exp: 5 }, { aud: "other" }, { iss: "https://other.example" }])
      bad.push(await answerTo(eventOf(tokenOf(keys[0], issuer, claims))));
    bad.push(await answerTo(eventOf("")), await answerTo(eventOf(`${tokenOf(keys[0], issuer, {}).slice(0, -6)}AAAAAA`)));
    check(
      `${name} event: bad ones are not`,
      bad.every((each) => each === (name === "AppSync's" ? "no" : "Unauthorized")),
      bad,
    );
  }
  child.kill("SIGKILL");
  api.close();
  server.closeAllConnections();
  server.close();
}

function tokenOf(key, issuer, claims) {
  return signedToken(key, { iss: issuer, aud: AUDIENCE, sub: "alice", exp: Math.floor(Date.now() / 1000) + 600, ...claims });
}

/** What API Gateway would make of an answer: it takes contexts of texts, numbers and booleans, and policies that reach the whole stage. */
function outcomeOf({ isAuthorized, policyDocument, principalId, context = {} }) {
  const isFlat = Object.values(context).every((value) => ["string", "number", "boolean"].includes(typeof value));
  if (!isFlat) return "a context that is not flat";
  if (isAuthorized !== undefined) return isAuthorized ? "yes" : "no";
  const [{ Effect, Resource }] = policyDocument.Statement;
  if (principalId !== "alice" || !Resource.endsWith("/*")) return "a policy that does not reach the stage";
  return Effect === "Allow" ? "yes" : "no";
}
