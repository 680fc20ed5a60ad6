import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { parsePrivateKeyText } from "../../src/algorithms/private-key-text.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { claimsFromPairs } from "../../src/cli/claim-pairs.js";
import { tokenGiven } from "../../src/cli/token-text.js";
import { checkConfig } from "../../src/config/load.js";
import { findingsOf } from "../../src/doctor/checks.js";
import { examine } from "../../src/doctor/evidence.js";
import { verdictsOf } from "../../src/doctor/verdicts.js";
import type { Visitor } from "../../src/doctor/visit.js";
import { parseDuration } from "../../src/encoding/durations.js";
import { type ErrorCode, isSignetError, statusOf } from "../../src/errors.js";
import { createIssuer } from "../../src/issue/issuer.js";
import { createAuthorizer } from "../../src/lambda/authorizer/authorizer.js";
import { createDecoderHandler } from "../../src/lambda/decoder/decoder.js";
import { createHandler } from "../../src/lambda/issuer/issuer.js";
import { perform } from "../../src/lambda/key-manager/request.js";
import type { CoreManager } from "../../src/rotation/manager.js";
import { authorize } from "../../src/verify/authorize.js";
import { bearerGuard } from "../../src/verify/bearer.js";
import { createVerifier } from "../../src/verify/create-verifier.js";
import { ISSUER, routesFor, signer } from "../http/routes-fixture.js";
import { listening, sent } from "../server/raw.js";

/** `npm run proof:fuzz` asks for many more. */
const RUNS = { numRuns: Number(process.env.SIGNET_FUZZ_RUNS) || 40 };

const jwk = publicJwk(generateKeyPairSync("ed25519").privateKey, algorithmNamed("EdDSA"));
const verifier = createVerifier({ keys: { keys: [jwk] }, issuer: ISSUER, audience: null });
const quiet = () => undefined;
const encoded = (text: string) => Buffer.from(text).toString("base64url");

/** Texts that some parser somewhere takes for something else. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    "a",
    "__proto__",
    "constructor",
    "toString",
    "\\",
    "\ud800",
    "\u0000",
    "\u001b[2J\u202e",
    "a.b.c",
    "%zz",
    "../",
    "x".repeat(9_000),
  ),
  fc.constantFrom(
    "sub",
    "aud",
    "iss",
    "api",
    ISSUER,
    "https://issuer.example/.well-known/jwks.json",
    "client_credentials",
    "ES256",
    "tick",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const number = fc.oneof(fc.constantFrom(0, -1, 1, 60, 1.5, 2 ** 53, -0, 1e308, 1_900_000_600), fc.double());
/** What JSON can hold, with members that code might call. */
const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom({ toString: false }, { toJSON: 1 }, { valueOf: null }, { length: -1 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(text, tie("value"), { maxKeys: 4 }),
  ),
})).value;

/** An object of known members, each right, missing or anything; and sometimes one more. */
function likely(members: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Record<string, unknown>> {
  const each = Object.fromEntries(Object.entries(members).map(([name, right]) => [name, fc.oneof(right, right, json)]));
  return fc
    .record(each, { requiredKeys: [] })
    .chain((known) => fc.dictionary(text, json, { maxKeys: 1 }).map((more) => ({ ...known, ...more })));
}

const claims = likely({
  sub: text,
  aud: fc.oneof(text, fc.array(text)),
  iss: fc.constant(ISSUER),
  exp: number,
  nbf: number,
  iat: number,
  jti: text,
});
const request = likely({ claims, ttl: number, setIat: fc.boolean(), setJti: fc.boolean(), setNbf: fc.boolean(), typ: text });
const issuing = fc.oneof(request, likely({ requests: fc.array(fc.oneof(request, json), { maxLength: 3 }) }), json);
const token = fc
  .tuple(
    likely({ alg: fc.constantFrom("EdDSA", "none", "HS256", "ES256"), kid: fc.constant(jwk.kid), typ: text, crit: json }),
    claims,
    text,
  )
  .map(
    ([header, payload, signature]) =>
      `${encoded(JSON.stringify(header))}.${encoded(JSON.stringify(payload))}.${encoded(signature)}`,
  );
const anyToken = fc.oneof(
  token,
  text,
  fc.string().map((each) => `${each}.${each}.${each}`),
);
const headers = fc.dictionary(
  fc.constantFrom("authorization", "Authorization", "content-type", "sec-websocket-protocol", "x"),
  fc.oneof(
    text,
    anyToken.map((each) => `Bearer ${each}`),
    fc.constant("application/json"),
    json,
  ),
  { maxKeys: 3 },
);
const METHOD = "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/orders/7";
const arn = fc.oneof(fc.constant(METHOD), text);
const httpEvent = likely({
  httpMethod: fc.constant("POST"),
  version: fc.constant("2.0"),
  path: fc.constantFrom("/issue", "/encode", "/decode"),
  rawPath: fc.constantFrom("/prod/issue", "/issue"),
  headers,
  body: fc.oneof(issuing, claims).map((value) => JSON.stringify(value)),
  isBase64Encoded: fc.boolean(),
  requestContext: likely({
    stage: text,
    http: likely({ method: fc.constant("POST") }),
    identity: likely({ userArn: text }),
    authorizer: likely({ iam: likely({ userArn: text }) }),
  }),
});

/** What is thrown is ours, or is not thrown. */
async function ours(work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    expect(isSignetError(error), String((error as Error)?.stack)).toBe(true);
    return undefined;
  }
}

describe("whatever comes to a front door, nothing but our own errors leaves it:", () => {
  it("the library's issuer", async () => {
    const issuer = createIssuer({ signer, issuer: ISSUER, limits: { allowedAudiences: ["api"], fixedClaims: { tenant: "a" } } });
    const odd = fc.oneof(
      issuing,
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withTypedArray: true,
        withSparseArray: true,
      }),
    );
    await fc.assert(
      fc.asyncProperty(odd, async (value) => void (await ours(() => issuer.issue(value as never)))),
      RUNS,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 3 }), async (all) => {
        for (const result of await issuer.issueMany(all as never)) expect(Object.keys(result)).toHaveLength(1);
      }),
      RUNS,
    );
  });

  it("the library's verifier, its guard and its wrapper", async () => {
    const guard = bearerGuard(verifier);
    const wrapped = authorize(verifier, () => "passed");
    const odd = fc.oneof(anyToken, fc.anything({ withBigInt: true, withNullPrototype: true }));
    await fc.assert(
      fc.asyncProperty(odd, headers, async (given, all) => {
        await ours(() => verifier.verify(given as never));
        expect((await guard(given as never)).refusal?.status).toBeGreaterThan(400);
        expect((await guard(`Bearer ${typeof given === "string" ? given : ""}`)).refusal?.status).toBeGreaterThan(400);
        for (const event of [given, { headers: all }, { multiValueHeaders: all }])
          expect(await wrapped(event as never, {})).toMatchObject({ statusCode: 401 });
      }),
      RUNS,
    );
  });

  it("the words of the command line", async () => {
    const word = fc.oneof(
      text,
      fc.tuple(text, fc.constantFrom("=", ":="), text).map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 4 }), anyToken, async (words, given) => {
        await ours(() => claimsFromPairs(words));
        await ours(() => parseDuration(words[0] ?? "", "--ttl"));
        await ours(() => tokenGiven(given === "-" ? "" : given));
        await ours(() => parsePrivateKeyText(words.join("")));
        await ours(() => checkConfig({ version: 1, [words[0] ?? ""]: words }, "signet.json", { env: {} }));
      }),
      RUNS,
    );
  });

  it("a key of a foreign JWKS", async () => {
    const key = likely({
      kty: fc.constantFrom("RSA", "EC", "OKP", "AKP"),
      crv: fc.constantFrom("P-256", "Ed25519"),
      alg: text,
      use: fc.constant("sig"),
      kid: text,
      n: text,
      e: fc.constant("AQAB"),
      x: text,
      y: text,
      pub: text,
      key_ops: json,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(key, json), { maxLength: 3 }), anyToken, async (keys, given) => {
        await ours(() => createVerifier({ keys: { keys } as never, issuer: null, audience: null }).verify(given));
      }),
      RUNS,
    );
  });

  it("the routes over HTTP, and no answer is a failure", async () => {
    const { handle, secret } = routesFor();
    const { port, server } = await listening(handle);
    const paths = [
      "/issue",
      "/encode",
      "/token",
      "/verify",
      "/decode",
      "/metrics",
      "/healthz",
      "/openapi.json",
      "/.well-known/jwks.json",
    ];
    const target = fc.oneof(
      fc.constantFrom(...paths),
      fc.constantFrom(...paths).map((path) => `${path}?a=%zz`),
      fc.webPath(),
      fc.constantFrom("//issue", "/x/../issue", "*", "http://[", "/\\issue"),
    );
    const body = fc.oneof(
      issuing.map((value) => JSON.stringify(value)),
      likely({ token: anyToken, audience: text, jwksUri: text }).map((value) => JSON.stringify(value)),
      fc.webQueryParameters(),
      fc.string({ unit: "binary" }),
    );
    const authorization = fc.constantFrom(
      `Bearer ${secret}`,
      `Basic ${Buffer.from(`web:${secret}`).toString("base64")}`,
      "Bearer x",
      "Basic %",
      "",
    );
    const type = fc.constantFrom(
      "application/json",
      "application/x-www-form-urlencoded",
      "text/plain",
      "application/json;charset=x",
    );
    const method = fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE");
    try {
      await fc.assert(
        fc.asyncProperty(method, target, authorization, type, body, async (verb, path, shown, kind, content) => {
          const bytes = Buffer.from(content.isWellFormed() ? content : "");
          const head = `${verb} ${path} HTTP/1.1\r\nhost: issuer.example\r\nconnection: close\r\nauthorization: ${shown}\r\ncontent-type: ${kind}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
          const { status } = await sent(port, Buffer.concat([Buffer.from(head), bytes]));
          expect(status).toBeGreaterThanOrEqual(200);
          expect(status).toBeLessThan(500);
        }),
        RUNS,
      );
    } finally {
      server.close();
    }
  });

  it("an event of the issuer's function", async () => {
    const env = { AWS_REGION: "eu-central-1", SIGNET_INSTALLATION: "a", SIGNET_HTTP: "true" };
    const handler = createHandler(env, quiet);
    const context = { awsRequestId: "r", invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:f" };
    await fc.assert(
      fc.asyncProperty(fc.oneof(issuing, httpEvent), async (event) => {
        const answer = (await handler(event, context).catch((error: Error) => error)) as
          | Error
          | { body: string }
          | { results: unknown };
        // What is right stops at the key, which nobody may read here.
        if ("results" in answer) {
          expect(JSON.stringify(answer)).not.toMatch(/"token":|"internal"/);
          return;
        }
        const code = answer instanceof Error ? answer.name : (JSON.parse(answer.body) as { code: string }).code;
        expect(statusOf(code as ErrorCode), code).toBeGreaterThanOrEqual(400);
        expect(code).not.toBe("internal");
      }),
      RUNS,
    );
  });

  it("an event of the authorizer", async () => {
    const handler = createAuthorizer(
      {
        SIGNET_ISSUER: "http://127.0.0.1:9",
        SIGNET_AUDIENCE: "api",
        SIGNET_TOKEN_QUERY: "token",
        SIGNET_ROUTES: '{"GET /a":"b"}',
      },
      quiet,
    );
    const event = likely({
      type: fc.constantFrom("TOKEN", "REQUEST"),
      version: fc.constantFrom("1.0", "2.0"),
      authorizationToken: anyToken,
      methodArn: arn,
      routeArn: arn,
      identitySource: fc.oneof(fc.array(anyToken), anyToken),
      headers,
      queryStringParameters: likely({ token: anyToken }),
      requestContext: likely({ apiId: text }),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(event, json), async (each) => {
        const failure = await handler(each, { awsRequestId: "r" }).then(
          () => undefined,
          (error: Error) => error,
        );
        expect(failure).toBeInstanceOf(Error);
        if (!isSignetError(failure)) expect(failure?.message).toMatch(/^(Unauthorized|the authorizer cannot verify now)$/);
      }),
      RUNS,
    );
  });

  it("a request to decode", async () => {
    const handler = createDecoderHandler({ SIGNET_DECODE_HOSTS: "idp.invalid" }, quiet);
    const event = fc.oneof(
      likely({
        jwksUri: fc.constantFrom("https://idp.example/", "http://127.0.0.1/", "file:///etc/passwd", "https://idp.example@x/"),
        token: anyToken,
      }),
      httpEvent,
      json,
    );
    await fc.assert(
      fc.asyncProperty(event, async (each) => {
        expect((await handler(each, { awsRequestId: "r" })).statusCode).toBeGreaterThanOrEqual(400);
      }),
      RUNS,
    );
  });

  it("an event of the key manager", async () => {
    const done = async () => ({ actions: [], blockedBy: null, alerts: [] });
    const manager = { tick: done, rotate: done, revoke: done, applySettings: done, explain: done } as unknown as CoreManager;
    const event = likely({
      action: fc.constantFrom("tick", "rotate", "revoke", "migrate", "explain"),
      dryRun: fc.boolean(),
      kid: text,
      reason: text,
      algorithm: text,
      custody: fc.constantFrom("kms", "file"),
      verifiersAccept: fc.array(text),
      "detail-type": fc.constant("Scheduled Event"),
      source: fc.constant("aws.events"),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(event, json), async (each) => void (await ours(() => perform(manager, each)))),
      RUNS,
    );
  });

  it("what a server tells doctor", async () => {
    const document = likely({
      issuer: fc.constant(ISSUER),
      jwks_uri: fc.constant(`${ISSUER}/jwks`),
      id_token_signing_alg_values_supported: fc.array(text),
    });
    const keys = likely({
      keys: fc.array(fc.oneof(json, likely({ kty: text, crv: text, alg: text, kid: text, use: text, x: text }))),
    });
    const answered = fc.dictionary(fc.constantFrom("etag", "date", "cache-control", "content-type"), text);
    await fc.assert(
      fc.asyncProperty(document, keys, answered, anyToken, async (discovery, jwks, told, given) => {
        const visit: Visitor = async (url) => ({
          url,
          status: 200,
          headers: told,
          bytes: 9,
          milliseconds: 1,
          json: url.endsWith("configuration") ? discovery : jwks,
        });
        const evidence = await examine(ISSUER, { visit, addresses: async () => [], now: () => 0, token: given });
        expect(findingsOf(evidence).length + verdictsOf(evidence).length).toBeGreaterThan(2);
      }),
      RUNS,
    );
  });
});
