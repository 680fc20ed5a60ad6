import { generateKeyPairSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localSigner } from "../../src/algorithms/signature.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createAuthorizer } from "../../src/lambda/authorizer/authorizer.js";
import { textOf } from "../house/repository.js";
import { parseTemplate, resolveStack } from "./cloudformation.mjs";
import { authorizerEvent } from "./identity-sources.mjs";

const textsOf = (folder: string) =>
  readdirSync(new URL(`../../${folder}/`, import.meta.url)).map((name) => textOf(`${folder}/${name}`));
const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:authorizer";
const template = { Conditions: {}, ...parseTemplate(textOf("examples/authorizer/template.yaml")) };
const stack = resolveStack(template, {
  parameters: { AuthorizerFunctionArn: FUNCTION },
  pseudo: {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "111122223333",
    "AWS::StackName": "apis",
  },
  attributes: (id, name) => `${id}.${name}`,
  ref: (id) => id,
});
const signer = localSigner({ privateKey: generateKeyPairSync("ed25519").privateKey, alg: "EdDSA" });

let server: Server;
let issuer: string;
beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const isDiscovery = incoming.url?.endsWith("openid-configuration");
    outgoing.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [signer.publicJwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const tokenOf = (aud: string, scope = "orders:read") =>
  createIssuer({ signer, issuer }).issueSync({ claims: { sub: "alice", aud, scope } }).token;
const authorize = (event: object, more: Record<string, string> = {}) =>
  createAuthorizer({ SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: "my-api", ...more }, () => undefined)(event, { awsRequestId: "r" });

const API = "arn:aws:execute-api:eu-central-1:111122223333:abc123";
const KINDS = {
  HttpAuthorizer: { arn: `${API}/$default/GET/orders/7`, routeKey: "GET /orders/{id}", shown: "authorization" },
  WebSocketAuthorizer: { arn: `${API}/live/$connect`, routeKey: "$connect", shown: "Sec-WebSocket-Protocol" },
  RestAuthorizer: { arn: `${API}/live/GET/`, routeKey: "", shown: "Authorization" },
} as const;
const eventFor = (id: keyof typeof KINDS, token: string | undefined) => {
  const { arn, routeKey, shown } = KINDS[id];
  const value = shown === "Sec-WebSocket-Protocol" ? `bearer, ${token}` : `Bearer ${token}`;
  return authorizerEvent(stack.properties(id), {
    arn,
    routeKey,
    query: {},
    headers: token === undefined ? {} : { [shown]: value },
  });
};

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])("the example's %s", (id) => {
  it("lets a good token in, and no other", async () => {
    const allowed = await authorize(eventFor(id, tokenOf("my-api")) as object);
    expect(allowed).toMatchObject(
      id === "HttpAuthorizer" ? { isAuthorized: true } : { policyDocument: { Statement: [{ Effect: "Allow" }] } },
    );
    await expect(authorize(eventFor(id, tokenOf("other")) as object)).rejects.toThrow(/^Unauthorized$/);
    expect(eventFor(id, undefined)).toBeUndefined();
  });

  it("invokes the function, and may", () => {
    const { AuthorizerUri } = stack.properties(id);
    expect(AuthorizerUri).toBe(`arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${FUNCTION}/invocations`);
    const { FunctionName, SourceArn, Principal } = stack.properties(id.replace("Authorizer", "Permission"));
    expect([FunctionName, Principal]).toStrictEqual([FUNCTION, "apigateway.amazonaws.com"]);
    expect(SourceArn).toBe(`arn:aws:execute-api:eu-central-1:111122223333:${id.replace("Authorizer", "Api")}/authorizers/${id}`);
  });

  it("guards its route", () => {
    const route = stack.properties(id.replace("Authorizer", id === "RestAuthorizer" ? "Method" : "Route"));
    expect(route).toMatchObject({ AuthorizationType: "CUSTOM", AuthorizerId: id });
  });
});

it("rules by route hold in the example's HTTP API, whose answers are kept by the route too", async () => {
  const rules = { SIGNET_ROUTES: '{"GET /orders/{id}":"orders:read"}' };
  const may = (scope: string) => authorize(eventFor("HttpAuthorizer", tokenOf("my-api", scope)) as object, rules);
  expect([await may("orders:read"), await may("orders:write")]).toMatchObject([{ isAuthorized: true }, { isAuthorized: false }]);
});

it("the example's GraphQL API asks the function, and may", () => {
  const { LambdaAuthorizerConfig, AuthenticationType } = stack.properties("GraphQLApi");
  expect([AuthenticationType, LambdaAuthorizerConfig.AuthorizerUri]).toStrictEqual(["AWS_LAMBDA", FUNCTION]);
  expect(stack.properties("GraphQLPermission")).toMatchObject({
    Principal: "appsync.amazonaws.com",
    SourceArn: "GraphQLApi.Arn",
  });
});

describe("the authorizer's template", () => {
  const source = textOf("src/deploy/authorizer.yaml").replace("{{authorizer}}", "x").replaceAll("{{hash}}", "1");
  const installed = parseTemplate(source);
  const resolved = (parameters: Record<string, string>) =>
    resolveStack(installed, {
      parameters,
      pseudo: {
        "AWS::Partition": "aws",
        "AWS::Region": "r",
        "AWS::AccountId": "1",
        "AWS::StackName": "s",
        "AWS::URLSuffix": "u",
      },
      attributes: (id, name) => `${id}.${name}`,
      ref: (id) => id,
    });
  const variablesOf = (parameters: Record<string, string>): Record<string, string> =>
    (resolved(parameters).properties("Authorizer") as { Environment: { Variables: Record<string, string> } }).Environment
      .Variables;

  it("has a parameter for every variable that the function reads, but none that takes an issuer over http", () => {
    const readBy = textsOf("src/lambda/authorizer").flatMap((text) => text.match(/\bSIGNET_[A-Z_]*[A-Z]/g) ?? []);
    const named = new Set(readBy.filter((name) => name !== "SIGNET_ALLOW_INSECURE_ISSUER"));
    expect(Object.keys(variablesOf({})).sort()).toStrictEqual([...named].sort());
  });

  it("hands on each of them", async () => {
    const given = {
      Issuer: `accounts,${issuer}`,
      ClientIds: "c-1",
      JwksUrl: JSON.stringify({ accounts: `${issuer}/keys` }),
      Scopes: "orders:read",
      ExactClaims: '{"token_use":"access"}',
      Types: "session+jwt",
      KeyAlgorithms: "EdDSA",
      IgnoredHeaders: "x5c",
      IntegersAsText: "uid",
      Routes: '{"GET /orders/{id}":"orders:read"}',
      ContextClaims: "sub",
      TokenHeader: "X-Token",
      TokenQuery: "t",
      Response: "policy",
    };
    const claims = { sub: "alice", iss: "accounts", client_id: "c-1", token_use: "access", scope: "orders:read" };
    const { token } = createIssuer({ signer, limits: { allowedTypes: ["session+jwt"] } }).issueSync({
      claims,
      typ: "session+jwt",
    });
    const routeArn = `${API}/$default/GET/orders/7`;
    const event = { version: "2.0", type: "REQUEST", routeArn, routeKey: "GET /orders/{id}", identitySource: null };
    const ask = (more: object) =>
      createAuthorizer(variablesOf(given), () => undefined)({ ...event, ...more }, { awsRequestId: "r" });
    for (const shown of [{ headers: { "x-token": token } }, { headers: {}, queryStringParameters: { t: token } }]) {
      const allowed = { principalId: "alice", context: { sub: "alice" }, policyDocument: { Statement: [{ Effect: "Allow" }] } };
      expect(await ask(shown)).toMatchObject(allowed);
    }
  });

  it("asks for an audience or for clients, and takes an iss that is no URL, or one of Auth0's, but none over http", () => {
    expect(resolved({ Issuer: "https://issuer.example" }).refusals()).toHaveLength(1);
    for (const more of [{ Audience: "my-api" }, { ClientIds: "c-1" }]) expect(resolved(more).refusals()).toStrictEqual([]);
    const pattern = new RegExp(installed.Parameters.Issuer.AllowedPattern);
    const taken = ["https://issuer.example", "https://tenant.auth0.com/", "accounts", "accounts,https://a.example"];
    expect(taken.filter((each) => pattern.test(each))).toStrictEqual(taken);
    expect(["http://a.example", "a,http://a.example", "a b", "", "a,"].filter((each) => pattern.test(each))).toStrictEqual([]);
  });
});
