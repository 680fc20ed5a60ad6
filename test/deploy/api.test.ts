import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { askResource, startStack } from "./stack.js";

const CALLER = "arn:aws:iam::111122223333:user/ops";
const PARAMETERS = { IssueRoutes: "on", DecodeRoute: "on" };

let bucket: Awaited<ReturnType<typeof startAnswerBucket>>;
let stack: Awaited<ReturnType<typeof startStack>>;
let call: ReturnType<typeof stack.api>;

beforeAll(async () => {
  bucket = await startAnswerBucket();
  stack = await startStack(bucket.url);
  await askResource(stack, bucket, { parameters: PARAMETERS, id: "Keys", type: "Create" });
  call = stack.api(stack.put(PARAMETERS));
});
afterAll(async () => {
  bucket.close();
  await stack.aws.close();
});

const JSON_BODY = { "content-type": "application/json" };
const post = (path: string, body: unknown) =>
  call("POST", path, { headers: JSON_BODY, text: JSON.stringify(body), caller: CALLER });

describe("the stack's API", () => {
  it.each(["/.well-known/jwks.json", "/.well-known/openid-configuration"])(
    "answers %s from the bucket, to everybody",
    async (path) => {
      const { status, headers, text } = await call("GET", path);
      expect(status).toBe(200);
      expect(headers).toStrictEqual({
        "cache-control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
        "content-type": "application/json",
        "access-control-allow-origin": "*",
        etag: expect.stringMatching(/^".+"$/),
      });
      expect(JSON.parse(text)).toStrictEqual(stack.read(path.slice(1)));
      const again = await call("GET", path, { headers: { "If-None-Match": String(headers.etag) } });
      expect(again).toStrictEqual({
        status: 304,
        headers: { "cache-control": headers["cache-control"], etag: headers.etag },
        text: "",
      });
      expect(await call("GET", path, { headers: { "If-None-Match": '"another"' } })).toMatchObject({ status: 200, text });
    },
  );

  it("says that nothing is published where there is nothing, and that one may try again where S3 fails", async () => {
    const missing = { status: 404, headers: { "content-type": "application/json" }, text: '{"message":"not published"}' };
    const { objects } = stack.aws.state.buckets.get(stack.bucket);
    const kept = objects.get(".well-known/jwks.json");
    objects.delete(".well-known/jwks.json");
    expect(await call("GET", "/.well-known/jwks.json")).toStrictEqual(missing);
    objects.set(".well-known/jwks.json", kept);
    const { statements } = stack.roles.Api;
    stack.roles.Api.statements = [];
    // Without s3:ListBucket this is also what S3 says of an object that is not there.
    expect(await call("GET", "/.well-known/jwks.json")).toStrictEqual(missing);
    stack.roles.Api.statements = statements;
    stack.aws.inject({ action: "s3:GetObject", times: 1, code: "SlowDown", status: 503 });
    expect(await call("GET", "/.well-known/jwks.json")).toMatchObject({ status: 503, text: '{"message":"try again"}' });
    expect((await call("GET", "/.well-known/jwks.json")).status).toBe(200);
  });

  it("serves the keyring to no client", async () => {
    expect((await call("GET", "/keyring.json")).status).toBe(403);
    expect(stack.roles.Api.statements).toMatchObject([
      { Action: "s3:GetObject", Resource: expect.stringMatching(/\/\.well-known\/\*$/) },
    ]);
  });

  it.each(["/issue", "/encode", "/decode"])("asks for a signature at %s", async (path) => {
    expect((await call("POST", path, { headers: JSON_BODY, text: "{}" })).status).toBe(403);
  });

  it("issues what its own JWKS verifies", async () => {
    const { status, text } = await post("/issue", { claims: { sub: "alice" }, ttl: 60 });
    expect(status).toBe(200);
    const jwks = JSON.parse((await call("GET", "/.well-known/jwks.json")).text);
    const { payload } = await jwtVerify((JSON.parse(text) as { token: string }).token, createLocalJWKSet(jwks));
    expect(payload).toMatchObject({ sub: "alice", iss: "https://abc123.execute-api.eu-central-1.amazonaws.com/v1" });
  });

  it.each(["/issue", "/encode", "/decode"])("finds %s behind a domain's base path", async (path) => {
    const body = path === "/issue" ? { claims: { sub: "alice" } } : path === "/encode" ? { userId: 7 } : { jwksUri: 5 };
    const request = { headers: JSON_BODY, text: JSON.stringify(body), caller: CALLER, basePath: "auth" };
    const { status, text } = await call("POST", path, request);
    if (path === "/decode") expect(JSON.parse(text)).toMatchObject({ code: "invalid_request" });
    else expect([status, Object.keys(JSON.parse(text))]).toStrictEqual([200, ["token"]]);
  });

  it("has no route that was not asked for", async () => {
    const bare = stack.api(stack.put({}));
    for (const path of ["/issue", "/encode", "/decode"]) {
      expect((await bare("POST", path, { headers: JSON_BODY, text: "{}", caller: CALLER })).text).toContain(
        "Missing Authentication Token",
      );
    }
    stack.put(PARAMETERS);
  });
});

describe("/decode of a stack", () => {
  const decode = async (jwksUri: unknown, token = "a.b.c") => {
    const { status, text } = await post("/decode", { jwksUri, token });
    return { status, ...(JSON.parse(text) as { code: string; detail: string }) };
  };

  it.each([
    "https://169.254.169.254/latest/meta-data/",
    "https://elsewhere.example/jwks.json",
    "http://abc123.execute-api.eu-central-1.amazonaws.com/v1/.well-known/jwks.json",
    "https://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "file:///proc/self/environ",
  ])("fetches nothing from %s", async (url) => {
    expect(await decode(url)).toMatchObject({ status: 400, code: "jwks_url_refused" });
  });

  it("says what is wrong with a request, and logs neither token nor URL", async () => {
    expect(await decode(5)).toMatchObject({ status: 400, code: "invalid_request" });
    expect((await call("POST", "/decode", { headers: {}, text: "{}", caller: CALLER })).status).toBe(415);
    const lines = stack.lines.filter((line) => line.includes("jwks_url_refused"));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).not.toMatch(/https?:|file:|169\.254/);
  });
});
