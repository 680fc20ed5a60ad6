import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, describe, expect, it } from "vitest";
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
});
