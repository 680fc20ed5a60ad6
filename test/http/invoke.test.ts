import { describe, expect, it } from "vitest";
import { devGuard } from "../../src/http/dev-guard.js";
import { invocationRoute } from "../../src/http/invoke.js";
import { createImmediateIssuer } from "../../src/issue/issuer.js";
import { claimsOf, ISSUER, routesFor, signer } from "./routes-fixture.js";

const BASE = "http://localhost:7117";
const ARN = "arn:aws:lambda:eu-west-1:123456789012:function:signet";

function dev(own = {}) {
  const { callers, handle: routes } = routesFor({ own });
  const issuer = createImmediateIssuer({ signer, issuer: ISSUER });
  const handle = devGuard(invocationRoute(issuer, () => callers, routes));
  return async (path: string, init: RequestInit = {}): Promise<Response> =>
    handle(new Request(path.startsWith("http") ? path : `${BASE}${path}`, init), { address: "127.0.0.1", log: {} });
}

const invoke = (
  ask: ReturnType<typeof dev>,
  name: string,
  body = '{"claims":{"sub":"a"}}',
  headers: Record<string, string> = {},
) => ask(`/2015-03-31/functions/${name}/invocations`, { method: "POST", body, headers });

describe("Lambda's Invoke API", () => {
  it.each([
    "signet",
    encodeURIComponent(ARN),
    ARN,
    `${ARN}:web`,
    "signet:web",
    "123456789012:signet",
    "signet:$LATEST",
    "signet?Qualifier=web",
  ])("answers a token for %s", async (name) => {
    const [path, query = ""] = name.split("?");
    const answer = await dev()(`/2015-03-31/functions/${path}/invocations${query && `?${query}`}`, {
      method: "POST",
      body: '{"claims":{"sub":"a"}}',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-amz-executed-version")).toBe("$LATEST");
    expect(answer.headers.get("x-amz-function-error")).toBeNull();
    expect(answer.headers.get("x-amzn-requestid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(claimsOf(((await answer.json()) as { token: string }).token)).toMatchObject({ sub: "a", iss: ISSUER });
  });

  it.each(["signet:nobody", `${ARN}:nobody`, "signet:1"])("refuses %s, an alias that no caller names", async (name) => {
    const answer = await invoke(dev(), name);
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toStrictEqual([404, "ResourceNotFoundException"]);
    expect(await answer.text()).not.toContain("eyJ");
  });

  it.each(["a b", "%ff", "x".repeat(200), "signet:web:more", "arn:aws:s3:::bucket"])(
    "refuses %s, which names no function",
    async (name) => {
      const answer = await invoke(dev(), name);
      expect([answer.status, answer.headers.get("x-amzn-errortype")]).toStrictEqual([400, "InvalidParameterValueException"]);
    },
  );

  it("holds the alias to its caller's limits, and a qualifier in two places to one name", async () => {
    const limited = dev({ maxTtlSeconds: 60 });
    const body = '{"claims":{},"ttl":61}';
    expect(await (await invoke(limited, "signet:web", body)).json()).toMatchObject({ errorType: "ttl_exceeds_limit" });
    expect(await (await invoke(limited, "signet", body)).json()).toHaveProperty("token");
    const two = await limited("/2015-03-31/functions/signet:web/invocations?Qualifier=other", { method: "POST", body });
    expect(two.status).toBe(400);
  });

  it("tells what the function refuses as a function's error", async () => {
    const answer = await invoke(dev(), "signet", '{"claims":{},"ttl":0}');
    expect([answer.status, answer.headers.get("x-amz-function-error")]).toStrictEqual([200, "Unhandled"]);
    const error = { errorType: "invalid_request", errorMessage: expect.stringContaining("ttl") };
    expect(await answer.json()).toStrictEqual(error);
  });

  it("takes an empty payload for an empty object, and no payload that is not JSON", async () => {
    expect(await (await invoke(dev(), "signet", "")).json()).toMatchObject({ errorType: "invalid_request" });
    const answer = await invoke(dev(), "signet", "{");
    expect([answer.status, answer.headers.get("x-amzn-errortype")]).toStrictEqual([400, "InvalidRequestContentException"]);
  });

  it("knows Event, DryRun and the tail of the log, which holds nothing of the request", async () => {
    const body = '{"claims":{"sub":"very-private"}}';
    expect((await invoke(dev(), "signet", body, { "x-amz-invocation-type": "Event" })).status).toBe(202);
    const dry = await invoke(dev(), "signet", body, { "x-amz-invocation-type": "DryRun" });
    expect([dry.status, await dry.text()]).toStrictEqual([204, ""]);
    expect((await invoke(dev(), "signet", body, { "x-amz-invocation-type": "Other" })).status).toBe(400);
    const tail = (await invoke(dev(), "signet", body, { "x-amz-log-type": "Tail" })).headers.get("x-amz-log-result") ?? "";
    const text = Buffer.from(tail, "base64").toString();
    expect(text).toMatch(/^START RequestId: /);
    expect(text).not.toMatch(/private|eyJ/);
  });
});

describe("the dev guard", () => {
  it.each([
    "http://evil.example/healthz",
    "http://localhost.evil.example:7117/healthz",
    "http://127.0.0.1.nip.io:7117/healthz",
    "http://169.254.169.254/healthz",
  ])("refuses the name %s, which a name server may have pointed here", async (url) => {
    expect((await dev()(url)).status).toBe(403);
  });

  it.each(["http://evil.example", "null", "http://localhost:9999", "https://localhost.evil.example", ""])(
    "refuses pages of %j",
    async (origin) => {
      const headers = { origin };
      const answer = await dev()("/2015-03-31/functions/signet/invocations", { method: "POST", body: '{"claims":{}}', headers });
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toContain("eyJ");
    },
  );

  it("shows public documents to every page, as a verifier in a browser needs them", async () => {
    const headers = { origin: "http://localhost:3000" };
    for (const path of ["/.well-known/jwks.json", "/.well-known/openid-configuration", "/openapi.json"]) {
      const answer = await dev()(path, { headers });
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toStrictEqual([200, "*"]);
      expect((await dev()(path, { method: "OPTIONS", headers })).status).toBe(204);
      expect((await dev()(path, { method: "POST", body: "{}", headers })).status).toBe(403);
    }
  });

  it.each(["http://localhost:7117", "http://127.0.0.1:7117", "http://[::1]:7117"])(
    "serves %s and its own pages",
    async (base) => {
      expect((await dev()(`${base}/healthz`, { headers: { origin: base } })).status).toBe(200);
    },
  );
});

describe("without dev mode", () => {
  it("nobody answers invocations", async () => {
    const answer = await routesFor().post("/2015-03-31/functions/signet/invocations", { claims: {} });
    expect(answer.status).toBe(404);
  });
});
