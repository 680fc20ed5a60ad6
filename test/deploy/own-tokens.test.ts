import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { jwksOf, keyOf } from "../trust/fixture.js";
import { answerBucketAt, askResource, context, startStack } from "./stack.js";

const bucket = await answerBucketAt(1_800_000_000_000);
const stack = await startStack(bucket.url);
afterAll(() => stack.aws.close());

const GITHUB = '{"iss":"12345","iat":60,"kid":false}';
const parameters = { Tokens: GITHUB, IssueRoutes: "on", Callers: '{"ci":{}}' };

describe("a stack whose tokens differ from the usual", () => {
  it("makes exactly such tokens for each that may ask, and publishes keys and no discovery document", async () => {
    const made = await askResource(stack, bucket, { parameters, id: "Keys", type: "Create" });
    expect(made.outcome).toBe("SUCCESS");
    const resolved = stack.put(parameters);
    const issue = stack.start(resolved, "Issuer");
    for (const arn of [stack.issuerArn, `${stack.issuerArn}:ci`]) {
      const { token = "" } = await issue({ claims: {} }, context(arn));
      expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", typ: "JWT" });
      expect(decodeJwt(token)).toStrictEqual({ iss: "12345", iat: 1_800_000_000 - 60, exp: 1_800_000_000 + 900 });
    }
    const get = stack.api(resolved);
    expect((await get("GET", "/.well-known/jwks.json")).status).toBe(200);
    expect((await get("GET", "/.well-known/openid-configuration")).status).toBe(404);
  });

  it("is neither given nor loses an iss afterwards, and takes other changes of its tokens", async () => {
    const old = (await askResource(stack, bucket, { parameters, id: "Keys", type: "Update" })).ResourceProperties;
    const deploy = (Tokens: string) =>
      askResource(stack, bucket, { parameters: { ...parameters, Tokens }, id: "Keys", type: "Update", old });
    expect((await deploy("{}")).outcome).toMatch(/^FAILED .*issuer/i);
    expect((await deploy('{"iss":"12345","iat":999}')).outcome).toMatch(/^FAILED .*Tokens\.iat/);
    expect((await deploy('{"iss":"54321"}')).outcome).toBe("SUCCESS");
  });

  it("gives them at POST /token to whom a proof lets in: a workload gets what GitHub takes, and never sees the key", async () => {
    const key = await keyOf("ES256");
    const trusts = [{ issuer: "https://idp.example", audience: "us", jwks: jwksOf(key), claims: { sub: "repo:acme/app" } }];
    const Callers = JSON.stringify({ ci: { limits: { allowedClaims: ["aud"] }, trusts } });
    const granting = { ...parameters, TokenRoute: "on", Callers };
    expect((await askResource(stack, bucket, { parameters: granting, id: "Keys", type: "Update" })).outcome).toBe("SUCCESS");
    const resolved = stack.put(granting);
    const issue = stack.start(resolved, "Issuer");
    stack.aws.runs((arn: string, event: unknown) => issue(event, context(arn)));
    const now = 1_800_000_000;
    const claims = { iss: "https://idp.example", aud: "us", sub: "repo:acme/app", iat: now, exp: now + 60, jti: "a" };
    const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: key.token({ ...key.header }, claims) };
    const { status, text } = await stack.api(resolved)("POST", "/token", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      text: new URLSearchParams(form).toString(),
    });
    expect(status, text).toBe(200);
    const { access_token: token } = JSON.parse(text) as { access_token: string };
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", typ: "JWT" });
    expect(decodeJwt(token)).toMatchObject({ iss: "12345", iat: now - 60, exp: now + 900, sub: "ci" });
  });
});
