import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { PublicJwk } from "../../../src/algorithms/jwk.js";
import { publicKeyFromJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createKms } from "../../../src/aws/kms.js";
import { createParameterStore } from "../../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../../src/aws/transport.js";
import { createKmsCustodian } from "../../../src/custody/kms/custodian.js";
import { createParameterStoreCustodian } from "../../../src/custody/parameter-store/custodian.js";
import { readCallers } from "../../../src/issue/callers-json.js";
import { createHandler } from "../../../src/lambda/issuer/issuer.js";
import { createAwsActiveStore } from "../../../src/storage/aws/active-store.js";
import { TOKEN_OR_KEY } from "../../contracts/leaks.js";
import { until } from "../../contracts/until.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../../fakes/aws/fake-aws.mjs";

const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
const context = (alias?: string) => ({ awsRequestId: "r-1", invokedFunctionArn: alias === undefined ? ARN : `${ARN}:${alias}` });

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let installations = 0;
let lines: string[] = [];

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
});

afterEach(() => {
  // Whatever was said and done: no line holds a token, a claim or a key.
  const said = lines;
  lines = [];
  for (const line of said) {
    expect(line).not.toMatch(TOKEN_OR_KEY);
    expect(line).not.toMatch(/alice|privateKey/);
  }
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

async function installed(custody: "kms" | "parameter-store", more: Record<string, string> = {}) {
  installations += 1;
  const installation = `lambda-${installations}`;
  const parameters = createParameterStore(transport);
  const path = `/signet/${installation}/keys`;
  const custodian =
    custody === "kms"
      ? createKmsCustodian({ kms: createKms(transport), installation })
      : createParameterStoreCustodian({ parameters, path });
  const publicJwk = await custodian.create("a", algorithmNamed("ES256"));
  const store = createAwsActiveStore(parameters, `/signet/${installation}/active`);
  const activate = async (sequence: number, jwk: PublicJwk, id: string) =>
    store.write({ sequence, kid: jwk.kid, alg: jwk.alg, maxTtlSeconds: 86_400, material: await custodian.material(id) });
  await activate(1, publicJwk, "a");
  const env = { ...aws.env, SIGNET_INSTALLATION: installation, AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
  return { handler: () => createHandler(env, (line) => lines.push(line)), publicJwk, custodian, activate, store };
}

const keyOf = (jwk: PublicJwk) => importJWK({ ...jwk } as never, jwk.alg);

describe("the function", () => {
  it.each(["parameter-store", "kms"] as const)("answers the request of a direct invocation (%s)", async (custody) => {
    const { handler, publicJwk } = await installed(custody);
    const answer = await handler()({ claims: { sub: "alice" }, setIat: true, setJti: true, ttl: 60 }, context());
    const { token } = answer as { token: string };
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", kid: publicJwk.kid, typ: "JWT" });
    const { payload } = await jwtVerify(token, await keyOf(publicJwk));
    expect(payload).toMatchObject({ sub: "alice", iat: expect.any(Number), jti: expect.any(String) });
  });

  it.each(["parameter-store", "kms"] as const)("makes tokens as SIGNET_TOKENS says, for whom it may be (%s)", async (custody) => {
    const { handler, publicJwk } = await installed(custody, {
      SIGNET_TOKENS: '{"iss":"ACCOUNT.USER.{fingerprint}","iat":60,"jti":true,"kid":false}',
      // Of a stack with an API: the URL is where that is.
      SIGNET_ISSUER: "https://abc123.execute-api.eu-central-1.amazonaws.com/v1",
      SIGNET_CALLERS: '{"ci":{"limits":{"fixedClaims":{"sub":"ACCOUNT.USER"}}}}',
      SIGNET_HTTP: "true",
    });
    const issue = handler();
    const http = {
      version: "2.0",
      rawPath: "/v1/encode",
      headers: { "content-type": "application/json" },
      requestContext: { http: { method: "POST" }, stage: "v1", authorizer: { iam: { userArn: ARN } } },
      body: "{}",
    };
    const { body } = (await issue(http, context())) as { body: string };
    const answers = [await issue({ claims: {} }, context()), await issue({ claims: {} }, context("ci")), JSON.parse(body)];
    const { results } = (await issue({ requests: [{ claims: {} }, { claims: { jti: "mine" } }] }, context("ci"))) as {
      results: { token: string; error: object }[];
    };
    const spki = publicKeyFromJwk(publicJwk).export({ type: "spki", format: "der" });
    const iss = `ACCOUNT.USER.SHA256:${createHash("sha256").update(spki).digest("base64")}`;
    for (const { token } of [...answers, results[0] as { token: string }]) {
      expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", typ: "JWT" });
      const { payload } = await jwtVerify(token, await keyOf(publicJwk), { issuer: iss });
      expect(Date.now() / 1_000 - (payload.iat ?? 0)).toBeGreaterThan(59);
      expect(payload).toHaveProperty("jti");
    }
    expect(decodeJwt((answers[1] as { token: string }).token).sub).toBe("ACCOUNT.USER");
    expect(results[1]?.error).toMatchObject({ code: "claim_not_allowed", field: "claims.jti" });
    await expect(issue({ claims: {}, tokens: {} }, context())).rejects.toMatchObject({ name: "unknown_field" });
  });

  it("reads once at a cold start, and calls KMS once a token", async () => {
    const { handler } = await installed("kms");
    const before = aws.calls.length;
    const issue = handler();
    for (let count = 0; count < 3; count++) await issue({ claims: {} }, context());
    expect(aws.calls.slice(before).map(({ action }) => action)).toStrictEqual([
      "ssm:GetParameters",
      "kms:Sign",
      "kms:Sign",
      "kms:Sign",
    ]);
  });

  it("answers a batch in order, with an error for each that is refused", async () => {
    const { handler } = await installed("parameter-store");
    const answer = await handler()(
      { requests: [{ claims: { n: 1 } }, { claims: {}, ttl: -1 }, { claims: { n: 3 } }] },
      context(),
    );
    const [first, second, third] = (answer as { results: { token: string; error: { code: string } }[] }).results;
    expect([decodeJwt(first?.token ?? "").n, second?.error.code, decodeJwt(third?.token ?? "").n]).toStrictEqual([
      1,
      "invalid_request",
      3,
    ]);
  });

  it.each([
    ["that a small function has no memory for", "128", "memory for the first 19"],
    ["whose answer Lambda would not take", "1024", "room for the first 33"],
  ])("refuses a batch %s, before anything is signed", async (_, memory, words) => {
    const { handler } = await installed("kms", { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory, SIGNET_HTTP: "true" });
    const issue = handler();
    const requests = Array.from({ length: 400 }, () => ({ claims: { data: "d".repeat(13_000) } }));
    const before = aws.calls.length;
    await expect(issue({ requests }, context())).rejects.toMatchObject({
      name: "request_too_large",
      message: expect.stringContaining(words),
    });
    const event = {
      version: "2.0",
      rawPath: "/issue",
      headers: { "content-type": "application/json" },
      requestContext: { http: { method: "POST" }, stage: "$default", authorizer: { iam: { userArn: ARN } } },
      body: JSON.stringify({ requests }),
    };
    expect(await issue(event, context())).toMatchObject({ statusCode: 413, body: expect.stringContaining(words) });
    expect(aws.calls.slice(before).map(({ action }) => action)).not.toContain("kms:Sign");
  });

  it("counts what every token gets towards the answer", async () => {
    const { handler } = await installed("parameter-store", {
      SIGNET_LIMITS: JSON.stringify({ fixedClaims: { data: "d".repeat(13_000) } }),
    });
    const requests = Array.from({ length: 400 }, () => ({ claims: {} }));
    await expect(handler()({ requests }, context())).rejects.toMatchObject({ name: "request_too_large" });
  });

  it.each([
    ["in the claims", { claims: { "\\": 1 } }],
    ["in front of other characters", { claims: { "\\u0": 1 } }],
    ["deep in the claims", { claims: { groups: [{ of: [{ "a\\n": 1 }] }] } }],
    ["beside the claims", { claims: {}, "\\": 60 }],
  ])("refuses a name that Lambda's parser may have misread, %s", async (_, request) => {
    const { handler } = await installed("parameter-store");
    const issue = handler();
    await expect(issue(request, context())).rejects.toMatchObject({
      name: "invalid_request",
      message: expect.stringContaining("rename the member"),
    });
    const { results } = (await issue({ requests: [request, { claims: { n: 1 } }, request] }, context())) as {
      results: { token: string; error: { code: string } }[];
    };
    expect([results[0]?.error.code, decodeJwt(results[1]?.token ?? "").n, results[2]?.error.code]).toStrictEqual([
      "invalid_request",
      1,
      "invalid_request",
    ]);
    expect(results).toHaveLength(3);
  });

  it("signs no name that the parser of its runtime has misread", async () => {
    const { handler } = await installed("parameter-store");
    JSON.parse('{"eleven":1,"\\\\":1}');
    const event: unknown = JSON.parse('{"claims":{"eleven":1,"\\u0062":2}}');
    const answer = await handler()(event, context()).catch((error: Error) => error.name);
    if (typeof answer === "string") expect(answer).toBe("invalid_request");
    else expect(decodeJwt((answer as { token: string }).token)).toMatchObject({ eleven: 1, b: 2 });
  });

  it("issues nothing to an alias whose caller may read metrics alone", async () => {
    const { handler } = await installed("parameter-store", { SIGNET_CALLERS: '{"prom":{"may":["metrics"]}}' });
    const issue = handler();
    await expect(issue({ claims: {} }, context("prom"))).rejects.toMatchObject({ name: "caller_not_allowed" });
    await expect(issue({ requests: [{ claims: {} }] }, context("prom"))).rejects.toMatchObject({ name: "caller_not_allowed" });
    expect(() => readCallers({ prom: { may: ["metric"] } })).toThrow(
      /callers\.prom\.may must be a list of what it may: issue, metrics/,
    );
  });

  it("lets an alias issue what its caller may, and refuses one that no caller names", async () => {
    const callers = { chat: { limits: { allowedAudiences: ["chat"], maxTtlSeconds: 60, defaultTtlSeconds: 60 } } };
    const { handler } = await installed("parameter-store", { SIGNET_CALLERS: JSON.stringify(callers) });
    const issue = handler();
    const { token } = (await issue({ claims: { aud: "chat" } }, context("chat"))) as { token: string };
    expect(decodeJwt(token).aud).toBe("chat");
    await expect(issue({ claims: { aud: "other" } }, context("chat"))).rejects.toMatchObject({ name: "audience_not_allowed" });
    for (const alias of ["other", "7"])
      await expect(issue({ claims: {} }, context(alias))).rejects.toMatchObject({ name: "function_unknown" });
    expect(await issue({ claims: {} }, context("$LATEST"))).toHaveProperty("token");
    for (const qualifier of [undefined, "$LATEST"]) {
      const named = issue({ claims: { client_id: "chat" } }, context(qualifier));
      await expect(named).rejects.toMatchObject({ name: "claim_not_allowed" });
      expect(await issue({ claims: { azp: "sts.amazonaws.com" } }, context(qualifier))).toHaveProperty("token");
    }
  });

  it.each(["3600s", "-1", "0", "1e9", "Infinity", "NaN", " "])("does not start with %j as the age of its key", (text) => {
    const env = { SIGNET_INSTALLATION: "a", SIGNET_ACTIVE_KEY_MAX_AGE_SECONDS: text };
    expect(() => createHandler(env, () => undefined)).toThrow(/SIGNET_ACTIVE_KEY_MAX_AGE_SECONDS must be a whole number/);
  });

  it("fails a bad request with its code and the field, without a trace of itself", async () => {
    const { handler } = await installed("parameter-store");
    const error: Error = (await handler()({ claims: { sub: "alice" }, ttl: "x" }, context()).then(
      String,
      (each: Error) => each,
    )) as Error;
    expect(error).toMatchObject({ name: "invalid_request", message: expect.stringContaining("ttl") });
    expect(error.stack).toBe(`${error.name}: ${error.message}`);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: "WARN", outcome: "invalid_request", field: "ttl", requestId: "r-1" },
    ]);
  });

  it("says at a failure only that the log says why, and there what to do", async () => {
    const { handler, publicJwk } = await installed("kms");
    aws.perform("kms", "DisableKey", { KeyId: publicJwk.kid });
    const issue = handler();
    await expect(issue({ claims: {} }, context())).rejects.toMatchObject({ name: "key_unusable" });
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ level: "ERROR", failure: expect.stringContaining("enable it") });
  });

  it("tries again after a start that failed", async () => {
    const { handler } = await installed("parameter-store");
    aws.inject({ action: "ssm:GetParameters", code: "AccessDeniedException", status: 400 });
    const issue = handler();
    await until("the log's line on the start that failed", () => lines.length > 0);
    expect(await issue({ claims: {} }, context())).toHaveProperty("token");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      level: "ERROR",
      requestId: "init",
      failure: expect.stringContaining("ssm:GetParameters"),
    });
  });

  it("signs with another key at once where the one it knew was disabled", async () => {
    const { handler, publicJwk, custodian, activate } = await installed("kms");
    const issue = handler();
    await issue({ claims: {} }, context());
    const next = await custodian.create("b", algorithmNamed("ES256"));
    await activate(2, next, "b");
    aws.perform("kms", "DisableKey", { KeyId: publicJwk.kid });
    const { token } = (await issue({ claims: {} }, context())) as { token: string };
    expect(decodeProtectedHeader(token).kid).toBe(next.kid);
    expect(publicKeyFromJwk(next).type).toBe("public");
  });
});

describe("the log", () => {
  const outcomes = async (more: Record<string, string>) => {
    const { handler } = await installed("parameter-store", more);
    const issue = handler();
    await issue({ claims: { sub: "alice" } }, context());
    await issue({ claims: { sub: "alice" }, ttl: -1 }, context()).catch(() => undefined);
    return lines;
  };

  it("has a line an invocation, with who, what and how long", async () => {
    const [first] = await outcomes({});
    expect(JSON.parse(first ?? "")).toMatchObject({
      level: "INFO",
      outcome: "issued",
      tokens: 1,
      kid: expect.any(String),
      alg: "ES256",
      ms: expect.any(Number),
    });
  });

  it("begins at the level that Lambda configures", async () => {
    expect(await outcomes({ AWS_LAMBDA_LOG_LEVEL: "WARN" })).toHaveLength(1);
  });

  it("is tab-separated text where Lambda wants text", async () => {
    const [first] = await outcomes({ AWS_LAMBDA_LOG_FORMAT: "Text" });
    expect(first).toMatch(/^\d{4}-[^\t]+\tr-1\tINFO\t\{"outcome":"issued"/);
  });

  it("has metrics where they are switched on", async () => {
    const metrics = (await outcomes({ SIGNET_METRICS: "true" })).map((line) => JSON.parse(line)).filter((line) => line._aws);
    expect(metrics).toMatchObject([{ Issued: 1, Refused: 0, SelfCheckFailures: 0 }, { Refused: 1 }]);
    expect(metrics[0]._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: "Signet", Dimensions: [["Installation"]] });
  });

  it.each(["TRACE", "ERROR", "FATAL"])(
    "has metrics of the level that is configured (%s), since Lambda drops what is below",
    async (level) => {
      const more = { SIGNET_METRICS: "true", AWS_LAMBDA_LOG_LEVEL: level };
      const metrics = (await outcomes(more)).map((line) => JSON.parse(line)).filter((line) => line._aws);
      const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
      expect(metrics).toMatchObject([
        { level, timestamp },
        { level, timestamp },
      ]);
    },
  );

  it("has signatures that were not right at ERROR, which alarms count", async () => {
    const { handler } = await installed("kms", { AWS_LAMBDA_LOG_LEVEL: "ERROR" });
    aws.inject({ action: "kms:Sign", kind: "corrupt-signature" });
    await handler()({ claims: { sub: "alice" } }, context());
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ level: "ERROR", unproven: 1 }]);
  });

  it("has what KMS takes in the metrics, a hundred values a line, and signatures that were not right", async () => {
    const { handler } = await installed("kms", { SIGNET_METRICS: "true" });
    const requests = Array.from({ length: 120 }, () => ({ claims: { sub: "alice" } }));
    aws.inject({ action: "kms:Sign", kind: "corrupt-signature" });
    await handler()({ requests }, context());
    const metrics = lines.map((line) => JSON.parse(line)).filter((line) => line._aws);
    expect(metrics).toMatchObject([{ Issued: 120, SelfCheckFailures: 1 }, {}]);
    expect(metrics.map(({ KmsMilliseconds }) => KmsMilliseconds.length)).toStrictEqual([100, 21]);
    expect(metrics[1]._aws.CloudWatchMetrics[0].Metrics).toStrictEqual([{ Name: "KmsMilliseconds", Unit: "Milliseconds" }]);
  });
});

describe("an event of API Gateway or a function URL", () => {
  const iam = { userArn: "arn:aws:iam::111122223333:role/app" };
  const rest = {
    httpMethod: "POST",
    path: "/issue",
    headers: { "Content-Type": "application/json" },
    requestContext: { identity: iam },
  };
  const http = {
    version: "2.0",
    rawPath: "/prod/issue",
    headers: { "content-type": "application/json" },
    requestContext: { stage: "prod", http: { method: "POST" }, authorizer: { iam } },
  };

  it.each([
    ["REST", rest],
    ["payload format 2.0", http],
  ])("of %s is answered where it is switched on", async (_, event) => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    const answer = (await handler()({ ...event, body: '{"claims":{"sub":"alice"}}' }, context())) as {
      statusCode: number;
      body: string;
    };
    expect(answer.statusCode).toBe(200);
    expect(decodeJwt(JSON.parse(answer.body).token).sub).toBe("alice");
  });

  it.each([
    [rest, 200],
    [{ ...rest, path: "/other" }, 404],
    [http, 200],
    [{ ...rest, requestContext: { identity: { userArn: `arn:aws:sts::111122223333:assumed-role/${"r".repeat(300)}` } } }, 200],
  ])("has a line that says whom IAM has authenticated (%#)", async (event, status) => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    expect(await handler()({ ...event, body: '{"claims":{}}' }, context())).toMatchObject({ statusCode: status });
    const { identity } = JSON.parse(lines.at(-1) as string) as { identity: string };
    expect(identity).toMatch(/^arn:aws:(iam|sts)::111122223333:/);
    expect(identity.length).toBeLessThanOrEqual(256);
  });

  it.each([
    [{ ...rest, path: { toString: false } }, 404],
    [{ ...rest, path: ["/issue"] }, 404],
    [{ ...http, rawPath: { toString: false } }, 404],
    [{ ...http, requestContext: { ...http.requestContext, stage: { toString: 1 } } }, 404],
    [{ ...rest, headers: { "content-type": { split: 1 } } }, 415],
    [{ ...rest, headers: { "content-type": 7 } }, 415],
    [{ ...rest, httpMethod: { toString: false } }, 405],
    [{ ...rest, path: "/a", resource: { toString: false } }, 404],
    [{ ...rest, path: "/a", resource: "/{proxy+}", pathParameters: { proxy: { toString: false } } }, 404],
    [{ ...rest, path: "/a", resource: "/{proxy+}", pathParameters: "/issue" }, 404],
    [{ ...http, rawPath: "/a", routeKey: ["POST /issue"] }, 404],
  ])("that holds no text where one belongs is refused, and never made one of (%j)", async (event, status) => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    expect(await handler()({ body: '{"claims":{}}', ...event }, context())).toMatchObject({ statusCode: status });
  });

  // What AWS sends: "REST API" and "HTTP API" behind a domain's base path, each with its stage (powertools-lambda-python#576, #579).
  it.each([
    ["REST, base path", { ...rest, resource: "/issue", path: "/auth/issue" }],
    ["REST, a slash at the end", { ...rest, resource: "/issue", path: "/issue/" }],
    ["REST, base path, catch-all", { ...rest, resource: "/{proxy+}", path: "/auth/issue", pathParameters: { proxy: "issue" } }],
    ["2.0, base path", { ...http, routeKey: "POST /issue", rawPath: "/auth/issue" }],
    ["2.0, base path and stage", { ...http, routeKey: "ANY /issue", rawPath: "/auth/prod/issue" }],
    ["2.0, catch-all", { ...http, routeKey: "ANY /{proxy+}", rawPath: "/auth/issue", pathParameters: { proxy: "issue" } }],
    ["2.0, no route", { ...http, routeKey: "$default", rawPath: "/prod/issue" }],
    ["1.0 of an HTTP API, no route", { ...rest, resource: "$default", path: "/issue" }],
  ])("is found by what the API has matched (%s)", async (_, event) => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    expect(await handler()({ ...event, body: '{"claims":{}}' }, context())).toMatchObject({ statusCode: 200 });
  });

  it("is found below the path of the issuer's URL, which a proxy before a function URL hands on", async () => {
    const { handler } = await installed("parameter-store", {
      SIGNET_HTTP: "true",
      SIGNET_ISSUER: "https://example.com/tenant/a",
    });
    const answered = (rawPath: string) => {
      const event = { ...http, routeKey: "$default", rawPath, requestContext: { ...http.requestContext, stage: "$default" } };
      return handler()({ ...event, body: '{"claims":{}}' }, context());
    };
    for (const path of ["/tenant/a/issue", "/issue", "/tenant/a/encode"])
      expect([path, await answered(path)]).toMatchObject([path, { statusCode: 200 }]);
    for (const path of ["/tenant/b/issue", "/tenant/a", "/tenant/aissue", "/tenant/a/tenant/a/issue", "/a/issue"])
      expect([path, await answered(path)]).toMatchObject([path, { statusCode: 404 }]);
  });

  it("takes no route from the path where the API has matched another one", async () => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    const event = { ...rest, resource: "/other", path: "/issue", body: '{"claims":{}}' };
    expect(await handler()(event, context())).toMatchObject({ statusCode: 404 });
  });

  it("encodes as system B's callers expect", async () => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    const body = Buffer.from('{"userId":7}').toString("base64");
    const answer = (await handler()({ ...rest, path: "/encode", body, isBase64Encoded: true }, context())) as { body: string };
    const { sub, iat, exp } = decodeJwt(JSON.parse(answer.body).token);
    expect([sub, (exp ?? 0) - (iat ?? 0)]).toStrictEqual(["7", 86_400]);
  });

  it.each([
    [{ ...rest, requestContext: { identity: { userArn: null } } }, 401, "caller_unknown"],
    [{ ...rest, requestContext: {} }, 401, "caller_unknown"],
    [{ ...http, requestContext: { ...http.requestContext, authorizer: { jwt: { claims: {} } } } }, 401, "caller_unknown"],
    [{ ...rest, path: "/Issue" }, 404, "not_found"],
    [{ ...rest, httpMethod: "GET" }, 405, "method_not_allowed"],
    [{ ...rest, headers: { "content-type": "text/plain" } }, 415, "unsupported_media_type"],
    [{ ...rest, body: '{"claims":{},"claims":{}}' }, 400, "duplicate_member"],
    [{ ...rest, body: "{" }, 400, "invalid_json"],
  ])("that is not as it must be is refused (%#)", async (event, status, code) => {
    const { handler } = await installed("parameter-store", { SIGNET_HTTP: "true" });
    const answer = (await handler()({ body: '{"claims":{}}', ...event }, context())) as { statusCode: number; body: string };
    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, status });
  });

  it("is an unknown request where it is not switched on", async () => {
    const { handler } = await installed("parameter-store");
    await expect(handler()({ ...rest, body: '{"claims":{}}' }, context())).rejects.toMatchObject({ name: "unknown_field" });
  });
});

describe("settings", () => {
  it.each([
    [{ SIGNET_INSTALLATION: "" }, "SIGNET_INSTALLATION"],
    [{ SIGNET_LIMITS: "{" }, "SIGNET_LIMITS"],
    [{ SIGNET_TOKENS: '{"iat":301}' }, "SIGNET_TOKENS"],
    [{ SIGNET_TOKENS: "{" }, "SIGNET_TOKENS"],
    [{ SIGNET_CALLERS: "3" }, "SIGNET_CALLERS"],
  ])("that are wrong are named (%o)", (more, name) => {
    const env = { ...aws.env, SIGNET_INSTALLATION: "a", ...more };
    expect(() => createHandler(env, () => undefined)).toThrow(expect.objectContaining({ code: "config_invalid", field: name }));
  });
});
