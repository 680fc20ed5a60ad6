import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTokenSource, type TokenSourceOptions } from "../../src/client/index.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { tokenWith } from "./machine.js";

/** A server that answers what a test says, and remembers what it was asked. */
interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

const seconds = (): number => Math.floor(Date.now() / 1_000);
const good = (): string => tokenWith({ exp: seconds() + 900 });
const request = { claims: { aud: "api" }, ttl: 900 };
const asked: Asked[] = [];
let answers: { status?: number; body: unknown; headers?: Record<string, string> }[] = [];
let server: Server;
let url = "";

beforeAll(async () => {
  server = createServer(async (incoming, response) => {
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const { authorization = "" } = incoming.headers;
    asked.push({ path: incoming.url ?? "", authorization, body, headers: incoming.headers });
    const { status = 200, body: text, headers = {} } = answers.shift() ?? { body: { token: good() } };
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof text === "string" ? text : JSON.stringify(text));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  answers = [];
  asked.length = 0;
});

describe("a source that asks a server", () => {
  it("shows a secret, which is read anew for each token", async () => {
    let count = 0;
    const source = createTokenSource({ from: { url: `${url}/` }, as: { secret: () => `signet_${++count}` }, request });
    expect(await source.token()).toBe(await source.token());
    expect(asked).toMatchObject([{ path: "/issue", authorization: "Bearer signet_1", body: JSON.stringify(request) }]);
  });

  it("keeps the path of an issuer below one", async () => {
    await createTokenSource({ from: { url: `${url}/tenants/a` }, as: { secret: "signet_x" }, request }).token();
    expect(asked[0]?.path).toBe("/tenants/a/issue");
  });

  it("makes a new proof for each try", async () => {
    answers = [{ status: 503, body: "busy" }];
    let made = 0;
    const source = createTokenSource({ from: { url }, as: { assertion: async () => `a.b.${++made}` }, request });
    await source.token();
    expect(asked.map(({ authorization }) => authorization)).toStrictEqual(["Bearer a.b.1", "Bearer a.b.2"]);
  });

  it("signs as a role or user of AWS", async () => {
    const aws = { region: "eu-central-1", credentials: () => FAKE_CREDENTIALS };
    await createTokenSource({ from: { url }, as: { aws }, request }).token();
    expect(asked[0]?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/execute-api\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
    );
  });

  it("signs by the server's clock where its own is wrong, and is refused for good otherwise", async () => {
    const ahead = new Date(Date.now() + 7_200_000);
    answers = [{ status: 403, body: { message: "Signature expired" }, headers: { date: ahead.toUTCString() } }];
    const aws = { region: "eu-central-1", credentials: () => FAKE_CREDENTIALS };
    await createTokenSource({ from: { url }, as: { aws }, request }).token();
    const [before, after] = asked.map(({ headers }) => String(headers["x-amz-date"]).slice(0, 11));
    const hourOf = (date: Date) => date.toISOString().slice(0, 13).replaceAll("-", "");
    expect([hourOf(ahead), hourOf(new Date(ahead.getTime() + 60_000))]).toContain(after);
    expect(before).not.toBe(after);
    answers = [{ status: 403, body: { message: "Forbidden" } }];
    const refused = createTokenSource({ from: { url }, as: { aws }, request });
    await expect(refused.token()).rejects.toMatchObject({ code: "caller_not_allowed" });
    expect(asked).toHaveLength(3);
  });

  it.each([
    [
      401,
      { code: "caller_unknown", detail: "the secret belongs to no caller" },
      "caller_unknown",
      "the secret belongs to no caller",
    ],
    [403, { code: "audience_not_allowed", detail: "no" }, "audience_not_allowed", "answers 403"],
    [403, { message: "Forbidden" }, "caller_not_allowed", "is this caller allowed to ask there"],
    [404, "<html>", "config_invalid", "is this the issuer's URL?"],
    [302, "", "config_invalid", "no redirect is followed"],
    [200, "<html>", "issuer_unavailable", "answers 200 and no token"],
    [200, { token: "no.token" }, "issuer_unavailable", "is no JWT"],
  ])("tells what %i %j is", async (status, body, code, words) => {
    answers = [{ status, body, headers: { location: "http://127.0.0.1:1/" } }];
    const source = createTokenSource({ from: { url }, as: { secret: "signet_secret" }, request });
    const failure = await source.token().catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) });
    expect((failure as Error).message).not.toContain("signet_secret");
    expect(asked).toHaveLength(1);
  });

  it("waits as long as a server asks, and no longer than its own deadline", async () => {
    answers = [{ status: 429, body: { code: "rate_exceeded", detail: "slow" }, headers: { "retry-after": "60" } }];
    const source = createTokenSource({ from: { url }, as: { secret: "signet_x" }, request });
    await expect(source.token()).rejects.toMatchObject({ code: "rate_exceeded", retryAfterSeconds: 60 });
    expect(asked).toHaveLength(1);
  });

  it("says where nothing listens", async () => {
    const refusing: typeof fetch = async () => {
      throw Object.assign(new TypeError("fetch failed"), { cause: { code: "CERT_HAS_EXPIRED" } });
    };
    const options = { from: { url: "https://issuer.example" }, as: { secret: "signet_x" }, request, fetch: refusing };
    await expect(createTokenSource(options).token()).rejects.toMatchObject({
      code: "issuer_unavailable",
      message: expect.stringMatching(/^issuer\.example: it cannot be reached \(CERT_HAS_EXPIRED\)/),
    });
  });

  it("reckons the end by the server's clock", async () => {
    const ahead = seconds() + 7_200;
    const headers = { date: new Date(ahead * 1_000).toUTCString() };
    answers = [{ body: { token: tokenWith({ exp: ahead + 20 }) }, headers }];
    const source = createTokenSource({ from: { url }, as: { secret: "signet_x" }, request: { claims: {} }, minTtlSeconds: 30 });
    await expect(source.token()).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("lives 19 seconds"),
    });
  });
});

describe("a source that asks a token endpoint", () => {
  const answer = () => ({ body: { access_token: good(), token_type: "Bearer", expires_in: 900 } });
  const own = { claims: { aud: "api", scope: "a b" } };

  it("shows a secret as Basic", async () => {
    answers = [answer()];
    const as = { secret: "se:cret ü", caller: "we b" };
    await createTokenSource({ from: { tokenUrl: `${url}/token` }, as, request: own }).token();
    const [id, secret] = Buffer.from(asked[0]?.authorization.slice(6) ?? "", "base64")
      .toString()
      .split(":");
    expect([id, secret]).toStrictEqual(["we+b", "se%3Acret+%C3%BC"]);
    expect(asked[0]?.body).toBe("grant_type=client_credentials&audience=api&scope=a+b");
  });

  it("shows a proof as the grant of a JWT, with several audiences as resources", async () => {
    answers = [answer()];
    const from = { tokenUrl: `${url}/token` };
    const claims = { aud: ["https://a.example", "https://b.example"] };
    await createTokenSource({ from, as: { assertion: "a.b.c", caller: "ci" }, request: { claims } }).token();
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toMatchObject({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: "a.b.c",
      client_id: "ci",
    });
    expect(new URLSearchParams(asked[0]?.body).getAll("resource")).toStrictEqual(claims.aud);
  });

  it("tells its words for what was refused", async () => {
    answers = [{ status: 400, body: { error: "invalid_target", error_description: "aud is not allowed" } }];
    const source = createTokenSource({ from: { tokenUrl: `${url}/token` }, as: { assertion: "a.b.c" }, request: own });
    await expect(source.token()).rejects.toMatchObject({
      code: "audience_not_allowed",
      message: expect.stringContaining("aud is not allowed"),
    });
  });
});

describe("a source that asks a function", () => {
  const NAME = "signet";
  let aws: Awaited<ReturnType<typeof startFakeAws>>;
  const before = { ...process.env };
  const source = (more: Partial<TokenSourceOptions> = {}) =>
    createTokenSource({ from: { lambda: `${NAME}:web` }, request, ...more });

  beforeAll(async () => {
    aws = await startFakeAws();
  });
  afterAll(() => aws.close());
  beforeEach(() => {
    Object.assign(process.env, aws.env);
    aws.state.functions.set(`arn:aws:lambda:eu-central-1:111122223333:function:${NAME}`, new Map([["web", {}]]));
  });
  afterEach(() => {
    process.env = { ...before };
  });

  it("invokes the alias that is the caller", async () => {
    const token = good();
    const invoked: unknown[] = [];
    aws.runs(async (arn: string, event: unknown) => {
      invoked.push([arn, event]);
      return { token };
    });
    expect(await source().token()).toBe(token);
    expect(invoked).toStrictEqual([[`arn:aws:lambda:eu-central-1:111122223333:function:${NAME}:web`, request]]);
  });

  it("reads what the function has thrown", async () => {
    aws.runs(async () => {
      throw Object.assign(new Error("ttl is too long"), { name: "ttl_exceeds_limit" });
    });
    await expect(source().token()).rejects.toMatchObject({ code: "ttl_exceeds_limit", message: "ttl is too long" });
    aws.runs(async () => {
      throw Object.assign(new Error("Task timed out"), { name: "Sandbox.Timedout" });
    });
    await expect(source().token()).rejects.toMatchObject({ code: "aws_unavailable" });
  });

  it("says what IAM has to allow, and where no function is", async () => {
    const stranger = () => ({ accessKeyId: "AKIDNONE", secretAccessKey: "none" });
    await expect(source({ as: { aws: { credentials: stranger } } }).token()).rejects.toMatchObject({ code: "aws_credentials" });
    await expect(source({ from: { lambda: "other:web" } }).token()).rejects.toMatchObject({ code: "aws_not_found" });
  });

  it("knows the region of an ARN, and says where it knows none", async () => {
    delete process.env.AWS_REGION;
    const lambda = `arn:aws:lambda:eu-central-1:111122223333:function:${NAME}:web`;
    const token = good();
    aws.runs(async () => ({ token }));
    expect(await source({ from: { lambda } }).token()).toBe(token);
    await expect(source().token()).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("AWS_REGION"),
    });
  });
});

describe("a source is made of what it knows", () => {
  const as = { secret: "signet_x" };
  const issuer = { issue: async () => ({ token: good() }) };

  it.each<[string, unknown, string]>([
    ["nothing", {}, "from"],
    ["no place", { from: {}, request }, "from"],
    ["two places", { from: { url: "https://a.example", lambda: "a" }, request }, "from"],
    ["a misspelt member", { from: { url: "https://a.example", allowInsecure: true }, as, request }, "from"],
    ["a misspelt option", { from: issuer, request, minTtl: 5 }, "minTtl"],
    ["no URL", { from: { url: "issuer" }, as, request }, "from.url"],
    ["http beyond this machine", { from: { url: "http://issuer.example" }, as, request }, "from.url"],
    ["a URL with a password", { from: { url: "https://a:b@issuer.example" }, as, request }, "from.url"],
    ["a server without a caller", { from: { url: "https://a.example" }, request }, "as"],
    ["a local issuer with a caller", { from: issuer, as, request }, "as"],
    ["a function with a secret", { from: { lambda: "signet:web" }, as, request }, "as"],
    ["two identities", { from: { url: "https://a.example" }, as: { secret: "a", aws: {} }, request }, "as"],
    ["a secret that is none", { from: { url: "https://a.example" }, as: { secret: 7 }, request }, "as.secret"],
    [
      "a caller that a server does not ask for",
      { from: { url: "https://a.example" }, as: { ...as, caller: "a" }, request },
      "as.caller",
    ],
    ["an endpoint without a name", { from: { tokenUrl: "https://a.example/token" }, as, request: { claims: {} } }, "as.caller"],
    [
      "an endpoint that is asked for a life",
      { from: { tokenUrl: "https://a.example/token" }, as: { assertion: "x" }, request },
      "request.ttl",
    ],
    ["AWS at an endpoint", { from: { tokenUrl: "https://a.example/token" }, as: { aws: {} }, request: { claims: {} } }, "as.aws"],
    ["a misspelt identity of AWS", { from: { lambda: "a:b" }, as: { aws: { profile: "x" } }, request }, "profile"],
    ["no name of a function", { from: { lambda: "a/b" }, request }, "from.lambda"],
    ["a life that is too short", { from: issuer, request: { claims: {}, ttl: 60 }, minTtlSeconds: 60 }, "request.ttl"],
    [
      "a life that is too short to be reused",
      { from: issuer, request: { claims: {}, ttl: 60 }, reuseAtLeastSeconds: 60 },
      "request.ttl",
    ],
    ["a request with a function", { from: issuer, request: { claims: { a: () => 1 } } }, "request"],
  ])("not of %s", (_, options, field) => {
    expect(() => createTokenSource(options as never)).toThrow(expect.objectContaining({ code: "config_invalid", field }));
  });

  it("takes an issuer that was opened, which has a URL as well", async () => {
    const from = { url: "https://issuer.example", issueSync: () => undefined, ...issuer };
    expect(await createTokenSource({ from, request }).token()).toMatch(/^eyJ/);
  });

  it("keeps what was asked, whatever becomes of the object", async () => {
    const seen: unknown[] = [];
    const own = { claims: { aud: "api" }, ttl: 900 };
    const from = {
      issue: async (given: unknown) => {
        seen.push(given);
        return { token: good() };
      },
    };
    const source = createTokenSource({ from, request: own });
    own.claims.aud = "other";
    await source.token();
    expect(seen).toStrictEqual([{ claims: { aud: "api" }, ttl: 900 }]);
  });
});
