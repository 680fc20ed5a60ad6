import { describe, expect, it } from "vitest";
import { devGuard } from "../../src/http/dev-guard.js";
import { invocationRoute } from "../../src/http/invoke.js";
import { makeSecret, secretDigest } from "../../src/issue/caller-secret.js";
import type { KnownCaller } from "../../src/issue/callers.js";
import { createImmediateIssuer } from "../../src/issue/issuer.js";
import { ISSUER, NOW, routesFor, signer } from "./routes-fixture.js";

/** A caller of such rights; the answers to what it sends. */
function callerThat(may: readonly string[] | undefined) {
  const secret = makeSecret();
  const secrets = [{ sha256: secretDigest(secret).toString("hex"), createdAt: NOW - 10 }];
  const { callers, handle } = routesFor({ callers: [{ name: "prom", secrets, may }] });
  const send = async (path: string, body?: string, type = "application/json") => {
    const authorization = path === "/token" ? {} : { authorization: `Bearer ${secret}` };
    const headers = { ...authorization, ...(body !== undefined && { "content-type": type }) };
    const request = new Request(`${ISSUER}${path}`, { headers, ...(body !== undefined && { method: "POST", body }) });
    const answer = await handle(request, { address: "192.0.2.1", log: {} });
    const text = await answer.text();
    return { status: answer.status, text, code: (text.startsWith("{") ? JSON.parse(text) : {}).code as string | undefined };
  };
  return { secret, callers, send, prom: callers.named("prom") as KnownCaller };
}

const TOKENS: readonly (readonly [string, string])[] = [
  ["/issue", '{"claims":{}}'],
  ["/issue", '{"requests":[{"claims":{}},{"claims":{}}]}'],
  ["/issue", `{"requests":[${Array.from({ length: 80 }, () => `{"claims":{"a":"${"x".repeat(1_000)}"}}`).join(",")}]}`],
  ["/encode", '{"userId":"a"}'],
  ["/verify", '{"token":"a.b.c","audience":null}'],
  ["/decode", `{"token":"a.b.c","jwksUri":"${ISSUER}/.well-known/jwks.json"}`],
];

describe("a caller that may read metrics alone", () => {
  it("reads them", async () => {
    expect(await callerThat(["metrics"]).send("/metrics")).toMatchObject({ status: 200, text: "signet_x 1\n" });
  });

  it.each(TOKENS)("gets nothing else at %s", async (path, body) => {
    const { status, code, text } = await callerThat(["metrics"]).send(path, body);
    expect([status, code]).toStrictEqual([403, "caller_not_allowed"]);
    expect(text).not.toContain("eyJ");
  });

  it("gets no token at /token", async () => {
    const { send, secret } = callerThat(["metrics"]);
    const form = `grant_type=client_credentials&client_id=prom&client_secret=${secret}`;
    const { status, text } = await send("/token", form, "application/x-www-form-urlencoded");
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: "unauthorized_client" }]);
  });

  it("gets none as an alias of the function on a laptop", async () => {
    const { callers } = callerThat(["metrics"]);
    const own = createImmediateIssuer({ signer, issuer: ISSUER });
    const handle = devGuard(
      invocationRoute(
        own,
        () => callers,
        () => new Response("none"),
      ),
    );
    const url = "http://localhost:7117/2015-03-31/functions/signet:prom/invocations";
    const answer = await handle(new Request(url, { method: "POST", body: '{"claims":{}}' }), { address: "127.0.0.1", log: {} });
    expect(await answer.json()).toMatchObject({ errorType: "caller_not_allowed" });
  });

  it("has issuers that refuse everything, with a proof too", async () => {
    const { prom } = callerThat(["metrics"]);
    const refusal = expect.objectContaining({ code: "caller_not_allowed" });
    for (const caller of [prom, prom.provenBy({ rule: "trusts.0", claims: {}, claimsForTokens: {} })]) {
      for (const issuer of [caller.issuer, caller.clientIssuer]) {
        expect(() => issuer.issue({ claims: {} })).toThrow(refusal);
        expect(() => issuer.check({ claims: {} })).toThrow(refusal);
        await expect(issuer.issueMany([{ claims: {} }])).rejects.toEqual(refusal);
      }
    }
  });
});

describe("a caller that may issue alone", () => {
  it("is issued tokens, and reads no metrics", async () => {
    const { send } = callerThat(["issue"]);
    expect(await send("/issue", '{"claims":{}}')).toMatchObject({ status: 200 });
    expect(await send("/metrics")).toMatchObject({ status: 403, code: "caller_not_allowed" });
  });
});

describe.each([[undefined], [["issue", "metrics"]]])("a caller whose rights are %j", (may) => {
  it("may do both", async () => {
    const { send } = callerThat(may);
    expect(await send("/issue", '{"claims":{}}')).toMatchObject({ status: 200 });
    expect(await send("/metrics")).toMatchObject({ status: 200 });
  });
});
