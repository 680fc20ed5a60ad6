import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { publicJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createAuthorizer } from "../../../src/lambda/authorizer/authorizer.js";
import { TOKEN_OR_KEY } from "../../contracts/leaks.js";
import { rsaPair } from "../../contracts/rsa-keys.mjs";

const NOW = 1_800_000_000;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = rsaPair(2_048).privateKey;
const jwk = publicJwk(ec, algorithmNamed("ES256"));
const { alg: _, ...rsaJwk } = publicJwk(rsa, algorithmNamed("RS256"));

let server: Server;
let issuer: string;
let answer: (path: string) => { status?: number; body: unknown };
const lines: string[] = [];
const usual = (path: string) => ({
  body: path.endsWith("openid-configuration") ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] },
});

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const { status = 200, body } = answer(incoming.url ?? "");
    outgoing.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answer = usual;
});
afterAll(() => void server.close());
afterEach(() => {
  answer = usual;
  for (const line of lines.splice(0)) expect(line).not.toMatch(TOKEN_OR_KEY);
});

const encoded = (value: string) => Buffer.from(value).toString("base64url");
function tokenOf(claims: object, header: object = {}, key: KeyObject = ec) {
  const all = { iss: issuer, sub: "alice", aud: "api", exp: NOW + 120, ...claims };
  const head = { alg: key === rsa ? "RS256" : "ES256", kid: (key === rsa ? rsaJwk : jwk).kid, typ: "JWT", ...header };
  // A number of more digits than a double has is written in quotes above, and without them here.
  const payload = JSON.stringify(all).replace(/"#(\d+)"/g, "$1");
  const input = `${encoded(JSON.stringify(head))}.${encoded(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function authorizer(more: Record<string, string | undefined> = {}) {
  const env = { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: "api", AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
  const handler = createAuthorizer(env, (line) => lines.push(line), { clock: () => NOW });
  const methodArn = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/orders/7";
  return (token: string) => handler({ type: "TOKEN", authorizationToken: `Bearer ${token}`, methodArn }, { awsRequestId: "r" });
}
const outcome = async (token: string, more?: Record<string, string | undefined>): Promise<string> => {
  const answered = authorizer(more)(token) as Promise<{ policyDocument: { Statement: { Effect: string }[] } }>;
  return answered.then(
    ({ policyDocument }) => policyDocument.Statement.map(({ Effect }) => Effect).join(),
    ({ message }: Error) => message,
  );
};

describe("tokens of others are taken where a variable says so, and not before:", () => {
  const big = "9007199254740993";
  const cases: [what: string, token: () => string, settings: Record<string, string | undefined>][] = [
    [
      "Cognito's access tokens, without aud",
      () => tokenOf({ aud: undefined, client_id: "c-1", token_use: "access" }),
      { SIGNET_AUDIENCE: undefined, SIGNET_CLIENT_IDS: "c-0, c-1", SIGNET_EXACT_CLAIMS: '{"token_use":"access"}' },
    ],
    ["a header with x5c", () => tokenOf({}, { x5c: ["AA=="] }), { SIGNET_IGNORED_HEADERS: "x5c,jku" }],
    ["a type of one's own", () => tokenOf({}, { typ: "session+jwt" }), { SIGNET_TYPES: "session+jwt, jwt" }],
    ["any type", () => tokenOf({}, { typ: "session+jwt" }), { SIGNET_TYPES: "*" }],
    ["an id of 64 bits", () => tokenOf({ uid: `#${big}` }), { SIGNET_INTEGERS_AS_TEXT: "uid" }],
    ["an iss that is no URL", () => tokenOf({ iss: "accounts" }), { SIGNET_ISSUER: "accounts", SIGNET_JWKS_URL: "/keys" }],
    [
      "two spellings of an issuer, as Google has them",
      () => tokenOf({ iss: "accounts" }),
      {
        SIGNET_ISSUER: "accounts,https://accounts.example",
        SIGNET_JWKS_URL: '{"accounts":"/keys","https://accounts.example":"/keys"}',
      },
    ],
  ];

  it.each(cases)("%s", async (_what, token, settings) => {
    const { SIGNET_JWKS_URL: url } = settings;
    const at = url?.replaceAll("/keys", `${issuer}/keys`);
    expect(await outcome(token(), { ...settings, ...(at && { SIGNET_JWKS_URL: at }) })).toBe("Allow");
    expect(await outcome(token())).toBe("Unauthorized");
  });

  it("RSA keys that name no algorithm, as Entra's", async () => {
    answer = (path) => (path.endsWith("keys") ? { body: { keys: [rsaJwk] } } : usual(path));
    expect(await outcome(tokenOf({}, {}, rsa), { SIGNET_KEY_ALGORITHMS: "RS256" })).toBe("Allow");
    expect(await outcome(tokenOf({}, {}, rsa), { SIGNET_KEY_ALGORITHMS: "PS256" })).not.toBe("Allow");
  });

  it("access tokens of RFC 9068 by default, and no other purpose's", async () => {
    expect(await outcome(tokenOf({}, { typ: "at+jwt" }))).toBe("Allow");
    expect(await outcome(tokenOf({}, { typ: "application/at+jwt" }))).toBe("Allow");
    expect(await outcome(tokenOf({}, { typ: "logout+jwt" }))).toBe("Unauthorized");
    expect(await outcome(tokenOf({}), { SIGNET_TYPES: "at+jwt" })).toBe("Unauthorized");
  });

  it("IdentityServer's lists of scopes, for every route and by route", async () => {
    expect(await outcome(tokenOf({ scope: ["openid", "orders:read"] }), { SIGNET_SCOPES: "orders:read" })).toBe("Allow");
    expect(await outcome(tokenOf({ scope: ["openid"] }), { SIGNET_SCOPES: "orders:read" })).toBe("Deny");
    const rules = { SIGNET_ROUTES: '{"GET /orders/{id}":"orders:read"}' };
    expect(await outcome(tokenOf({ scope: ["openid", "orders:read"] }), rules)).toBe("Allow");
    expect(await outcome(tokenOf({ scope: ["openid"] }), rules)).toBe("Deny");
  });

  it("an integer that was named is handed on as its own digits", async () => {
    const { context } = (await authorizer({ SIGNET_INTEGERS_AS_TEXT: "uid" })(tokenOf({ uid: `#${big}`, level: 3 }))) as {
      context: object;
    };
    expect(context).toMatchObject({ uid: big, level: 3 });
  });
});

describe("what narrows goes on narrowing:", () => {
  it.each([
    ["another client", { aud: undefined, client_id: "c-2", token_use: "access" }],
    ["a client of a token that is for another audience", { aud: "other", client_id: "c-1", token_use: "access" }],
    ["an ID token", { aud: undefined, client_id: "c-1", token_use: "id" }],
    ["a claim in a list", { aud: undefined, client_id: "c-1", token_use: ["access"] }],
    ["no such claim", { aud: undefined, client_id: "c-1" }],
  ])("%s is refused", async (_what, claims) => {
    const cognito = { SIGNET_CLIENT_IDS: "c-1", SIGNET_EXACT_CLAIMS: '{"token_use":"access"}' };
    expect(await outcome(tokenOf(claims), cognito)).toBe("Unauthorized");
    expect(await outcome(tokenOf(claims), { ...cognito, SIGNET_AUDIENCE: undefined })).toBe("Unauthorized");
  });

  it.each([
    ["SIGNET_CLIENT_IDS", ","],
    ["SIGNET_TYPES", " "],
    ["SIGNET_KEY_ALGORITHMS", ","],
    ["SIGNET_KEY_ALGORITHMS", "HS256"],
    ["SIGNET_KEY_ALGORITHMS", "none"],
    ["SIGNET_IGNORED_HEADERS", "crit"],
    ["SIGNET_IGNORED_HEADERS", "jwk"],
    ["SIGNET_INTEGERS_AS_TEXT", "exp"],
    ["SIGNET_EXACT_CLAIMS", "{}"],
    ["SIGNET_EXACT_CLAIMS", "access"],
    ["SIGNET_EXACT_CLAIMS", '{"token_use":null}'],
    ["SIGNET_EXACT_CLAIMS", '{"a":"b","a":"c"}'],
    ["SIGNET_JWKS_URL", "keys"],
    ["SIGNET_JWKS_URL", '{"other":"https://issuer.example/keys"}'],
    ["SIGNET_ALLOW_INSECURE_ISSUER", "yes"],
    ["SIGNET_AUDIENCE", ","],
    ["SIGNET_ISSUER", ","],
    ["SIGNET_ISSUER", "accounts"],
    ["SIGNET_ISSUER", "https://issuer.example,accounts"],
  ])("it does not start with %s set to %j, and names the variable", (name, text) => {
    expect(() => authorizer({ [name]: text })).toThrow(new RegExp(`^${name}\\b`));
  });

  it("nor with clients beside any audience, which would narrow nothing, nor without either", () => {
    expect(() => authorizer({ SIGNET_AUDIENCE: "*", SIGNET_CLIENT_IDS: "c" })).toThrow(/^SIGNET_CLIENT_IDS narrows nothing/);
    expect(() => authorizer({ SIGNET_AUDIENCE: undefined })).toThrow(/^SIGNET_AUDIENCE is not set/);
  });
});

describe("what lasts is not told as an outage:", () => {
  const failure = (more?: Record<string, string>) =>
    authorizer(more)(tokenOf({})).then(String, ({ name, message }: Error) => `${name}: ${message}`);
  const codes = () => lines.map((line) => JSON.parse(line)).filter(({ requestId }) => requestId === "r");

  it.each([
    [
      "a discovery document of another issuer",
      () => ({ body: { issuer: "https://other.example", jwks_uri: `${issuer}/keys` } }),
      /another issuer/,
    ],
    ["no JWKS", (path: string) => (path.endsWith("keys") ? { body: {} } : usual(path)), /no JWKS/],
    [
      "no key that can be used",
      (path: string) => (path.endsWith("keys") ? { body: { keys: [rsaJwk] } } : usual(path)),
      /does not name its alg: give SIGNET_KEY_ALGORITHMS/,
    ],
  ])("%s", async (_what, broken, words) => {
    answer = broken;
    expect(await failure()).toBe("jwks_misconfigured: the authorizer cannot verify until what its log names is mended");
    expect(codes()).toMatchObject([
      { level: "ERROR", outcome: "failed", code: "jwks_misconfigured", failure: expect.stringMatching(words) },
    ]);
  });

  it("and an outage is one", async () => {
    answer = () => ({ status: 500, body: {} });
    expect(await failure()).toBe("jwks_unavailable: the authorizer cannot verify now");
    expect(codes()).toMatchObject([{ level: "ERROR", code: "jwks_unavailable" }]);
  });
});
