import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTokenFunction } from "../../../src/lambda/token/token.js";
import { startFakeAws } from "../../fakes/aws/fake-aws.mjs";
import { jwksOf, keyOf } from "../../trust/fixture.js";
import type { TestKey } from "../../verify/tokens.js";

const lines: Readonly<Record<string, unknown>>[] = [];
let key: TestKey;
let rule: object;
beforeAll(async () => {
  key = await keyOf("ES256");
  rule = { issuer: "https://idp.example", jwks: jwksOf(key) };
});
beforeEach(() => {
  lines.length = 0;
});

function start(limits: object = {}, more: Record<string, string> = {}) {
  const callers = {
    ci: { trusts: [{ ...rule, claims: { sub: "ci" }, claimsFromProof: { repository: "repo" } }] },
    web: { trusts: [{ ...rule, claims: { sub: "web" }, claimsFromProof: { repository: "team" } }] },
  };
  const env = {
    AWS_REGION: "eu-central-1",
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
    AWS_LAMBDA_LOG_FORMAT: "JSON",
    SIGNET_ISSUER: "https://issuer.example",
    SIGNET_ISSUER_FUNCTION: "arn:aws:lambda:eu-central-1:111122223333:function:issuer",
    SIGNET_USED_PROOFS: "used-proofs",
    SIGNET_LIMITS: JSON.stringify(limits),
    SIGNET_CALLERS: JSON.stringify(callers),
    ...more,
  };
  return startTokenFunction(env, (line) => lines.push(JSON.parse(line)));
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const asked = { httpMethod: "POST", resource: "/token", requestContext: {}, body: "grant_type=client_credentials" };

describe("the function of POST /token", () => {
  it("leaves out the callers whose rules give what the issuer's limits do not allow, and says so", async () => {
    await start({ allowedClaims: ["aud", "team"] }).ready;
    const failure = expect.stringContaining("callers.ci.trusts.0.claimsFromProof.repository becomes repo, which is not among");
    expect(lines).toStrictEqual([expect.objectContaining({ level: "ERROR", caller: "ci", code: "config_invalid", failure })]);
  });

  it.each([
    ["no octet stands for", "Basic \u20ac", {}, 401, "invalid_client"],
    ["end its line", "Basic a\r\nx: b", {}, 401, "invalid_client"],
    ["are no text", "Basic a\0", {}, 401, "invalid_client"],
    ["are of another form", undefined, { "content-type": "application/x-www-form-urlencoded\u20ac" }, 415, "invalid_request"],
  ])("takes a header with characters that %s for none that it expects", async (_what, authorization, more, status, error) => {
    const headers = { ...FORM, ...(authorization !== undefined && { authorization }), ...more };
    const answer = await start().handler({ ...asked, headers }, { awsRequestId: "r" });
    expect([answer.statusCode, answer.headers["content-type"]]).toStrictEqual([status, "application/json"]);
    expect(JSON.parse(answer.body)).toMatchObject({ error });
  });

  it("logs what nobody foresaw by its kind and place, and tells nobody else", async () => {
    const event = {
      ...asked,
      get headers() {
        throw new TypeError("a secret");
      },
    };
    const answer = await start().handler(event, { awsRequestId: "r" });
    expect([answer.statusCode, JSON.parse(answer.body).code]).toStrictEqual([500, "internal"]);
    expect(answer.body).not.toMatch(/TypeError|secret|\.[jt]s/);
    const at = expect.arrayContaining([expect.stringContaining("http-request")]);
    expect(lines).toStrictEqual([
      expect.objectContaining({ level: "ERROR", requestId: "r", outcome: "internal", failure: "TypeError", at }),
    ]);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("logs a path that it has not as a refusal", async () => {
    const answer = await start().handler({ ...asked, resource: "/other" }, { awsRequestId: "r" });
    expect(answer.statusCode).toBe(404);
    expect(lines).toStrictEqual([expect.objectContaining({ level: "WARN", requestId: "r", outcome: "not_found" })]);
  });

  it("has no token issued twice where the issuer's answer is lost, or its service fails", async () => {
    const aws = await startFakeAws();
    const arn = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
    aws.createBucket("used-proofs");
    aws.state.functions.set(arn, new Map([["web-proof", {}]]));
    aws.runs(async () => ({ token: "a.b.c" }));
    const { handler, ready } = start({}, { ...aws.env, AWS_LAMBDA_LOG_FORMAT: "JSON" });
    await ready;
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: "https://idp.example",
      aud: "https://issuer.example",
      sub: "web",
      repository: "r",
      iat: now,
      exp: now + 60,
    };
    const ask = async (jti: string) => {
      const assertion = key.token({ ...key.header }, { ...claims, jti });
      const body = `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=${assertion}`;
      return (await handler({ ...asked, headers: FORM, body }, { awsRequestId: "r" })).statusCode;
    };
    expect(await ask("1")).toBe(200);
    for (const fault of [{ kind: "lost-reply" }, { code: "ServiceException", status: 500 }]) {
      aws.calls.length = 0;
      aws.inject({ action: "lambda:InvokeFunction", ...fault });
      expect(await ask(JSON.stringify(fault))).toBe(503);
      expect(aws.calls.filter(({ action }) => action === "lambda:InvokeFunction")).toHaveLength(1);
    }
    await aws.close();
  });
});
