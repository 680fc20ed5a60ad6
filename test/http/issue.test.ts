import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { claimsOf, ISSUER, JWKS, NOW, routesFor } from "./routes-fixture.js";

async function tokenOf(answer: Response): Promise<string> {
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { token: string }).token;
}

async function codeOf(answer: Response): Promise<string> {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await answer.json()) as { code: string; status: number };
  expect(problem.status).toBe(answer.status);
  return problem.code;
}

describe("POST /issue", () => {
  const { post, ask, handle, secret, expired } = routesFor();

  it("awaits nothing where the body is at hand and the key in memory", async () => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const request = new Request(`${ISSUER}/issue`, { method: "POST", headers });
    const answer = handle(request, { address: "192.0.2.1", body: Buffer.from('{"claims":{"sub":"alice"}}'), log: {} });
    expect(answer).toBeInstanceOf(Response);
    expect(claimsOf(await tokenOf(answer as Response)).sub).toBe("alice");
  });

  it("issues a token that jose verifies, and lets no cache keep the answer", async () => {
    const answer = await post("/issue", { claims: { sub: "alice", aud: "api" }, ttl: 60, setIat: true });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const options = { issuer: ISSUER, audience: "api", currentDate: new Date(NOW * 1_000) };
    const { payload } = await jwtVerify(await tokenOf(answer), createLocalJWKSet(JWKS as never), options);
    expect(payload).toStrictEqual({ sub: "alice", aud: "api", iss: ISSUER, iat: NOW, exp: NOW + 60 });
  });

  it("issues a batch in order, with an error for each that is refused", async () => {
    const requests = [{ claims: { sub: "a" } }, { claims: {}, ttl: 0 }, 5, { claims: { sub: "b" } }];
    const answer = await post("/issue", { requests });
    const { results } = (await answer.json()) as { results: { token?: string; error?: { code: string } }[] };
    expect(results.map(({ token, error }) => (token === undefined ? error?.code : claimsOf(token).sub))).toStrictEqual([
      "a",
      "invalid_request",
      "invalid_request",
      "b",
    ]);
  });

  it.each([
    ["a thousand and one requests", { requests: Array.from({ length: 1_001 }, () => ({ claims: {} })) }, "invalid_request"],
    ["a field that is misspelt", { claims: {}, tll: 5 }, "unknown_field"],
    ["a batch with a field beside it", { requests: [], ttl: 5 }, "unknown_field"],
    ["no claims", {}, "invalid_request"],
    ["a list", [], "invalid_request"],
    ["null", "null", "invalid_request"],
    ["a member given twice", '{"claims":{"sub":"a","sub":"b"}}', "duplicate_member"],
    ["a member given twice in two spellings", '{"claims":{"sub":"a","s\\u0075b":"b"}}', "duplicate_member"],
    ["an integer that has lost digits", '{"claims":{"n":9007199254740993}}', "invalid_claim"],
    ["no JSON", "{", "invalid_json"],
    ["nothing", "", "invalid_json"],
    ["claims that are too large", { claims: { sub: "x".repeat(20_000) } }, "request_too_large"],
    ["a foreign iss", { claims: { iss: "https://other.example" } }, "issuer_mismatch"],
    ["a type that is not allowed", { claims: {}, typ: "at+jwt" }, "type_not_allowed"],
    ["a life beyond the limit", { claims: {}, ttl: 86_401 }, "ttl_exceeds_limit"],
    ["the claims' own exp beyond the limit", { claims: { exp: NOW + 86_401 } }, "ttl_exceeds_limit"],
  ])("refuses %s", async (_name, body, code) => {
    const answer = await post("/issue", body);
    expect(answer.ok).toBe(false);
    expect(await codeOf(answer)).toBe(code);
  });

  it("refuses bytes that are not UTF-8", async () => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const body = Buffer.from([...Buffer.from('{"claims":{"sub":"'), 0xff, ...Buffer.from('"}}')]);
    expect(await codeOf(await ask("/issue", { method: "POST", headers, body }))).toBe("invalid_json");
  });

  it.each([
    [undefined, 401, "caller_secret_missing"],
    ["", 401, "caller_secret_missing"],
    ["Bearer", 401, "caller_secret_missing"],
    ["Basic d2ViOng=", 401, "caller_secret_missing"],
    [`Bearer ${secret}, Bearer ${secret}`, 401, "caller_secret_missing"],
    [`Token ${secret}`, 401, "caller_secret_missing"],
    ["Bearer undefined", 401, "caller_unknown"],
    [`Bearer ${secret}x`, 401, "caller_unknown"],
    [`Bearer ${secret.toUpperCase()}`, 401, "caller_unknown"],
    [`Bearer ${expired}`, 401, "caller_expired"],
    ["Bearer web", 401, "caller_unknown"],
  ])("answers the header authorization %j with %i and what to send", async (authorization, status, code) => {
    const headers = { "content-type": "application/json", ...(authorization !== undefined && { authorization }) };
    const answer = await ask("/issue", { method: "POST", headers, body: '{"claims":{}}' });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="signet"/);
    expect(await codeOf(answer)).toBe(code);
  });

  it("is closed where there is no caller", async () => {
    const closed = routesFor({ callers: [] });
    const answer = await closed.post("/issue", { claims: {} });
    expect(answer.status).toBe(403);
    expect(await codeOf(answer)).toBe("issuing_closed");
  });

  it("says what to type as the command is called where it is served", async () => {
    const { handle } = routesFor({ callers: [] });
    const hint = "`./bin/signet callers add NAME`";
    const authorization = `Basic ${Buffer.from("web:secret").toString("base64")}`;
    for (const [path, type, member] of [
      ["/issue", "application/json", "detail"],
      ["/token", "application/x-www-form-urlencoded", "error_description"],
    ] as const) {
      const headers = { "content-type": type, ...(path === "/token" && { authorization }) };
      const request = new Request(`https://issuer.example${path}`, {
        method: "POST",
        headers,
        body: "grant_type=client_credentials",
      });
      const answer = await handle(request, { address: "192.0.2.1", log: {}, self: "./bin/signet" });
      expect(await answer.json()).toMatchObject({ [member]: expect.stringContaining(hint) });
    }
  });

  it.each([
    ["text/plain", 415],
    ["application/json; charset=utf-16", 415],
    ["application/x-www-form-urlencoded", 415],
    ["application/json; charset=UTF-8", 200],
    ["Application/JSON", 200],
  ])("answers a body of type %j with %i", async (type, status) => {
    expect((await post("/issue", { claims: {} }, { "content-type": type })).status).toBe(status);
  });

  it("reads no body of a client that is no caller", async () => {
    let pulled = 0;
    const body = new ReadableStream(
      {
        pull(controller) {
          pulled++;
          controller.enqueue(new Uint8Array(1_000));
        },
      },
      { highWaterMark: 0 },
    );
    const answer = await ask("/issue", {
      method: "POST",
      body,
      duplex: "half",
      headers: { authorization: "Bearer x" },
    } as RequestInit);
    expect(answer.status).toBe(401);
    expect(pulled).toBe(0);
  });

  it("stops reading a body without end at its limit", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const answer = await ask("/issue", { method: "POST", body, duplex: "half", headers } as RequestInit);
    expect(answer.status).toBe(413);
    expect(sent).toBeLessThan(5_000_000);
  });

  it("counts wrong secrets by address, and goes on serving right ones from it", async () => {
    const guarded = routesFor();
    const guess = () =>
      guarded.ask("/issue", { method: "POST", headers: { authorization: "Bearer nonsense" }, address: "192.0.2.9" });
    for (let tries = 0; tries < 60; tries++) expect((await guess()).status).toBe(401);
    const late = await guess();
    expect(late.status).toBe(429);
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
    const headers = { authorization: `Bearer ${guarded.secret}`, "content-type": "application/json" };
    const right = await guarded.ask("/issue", { method: "POST", headers, body: '{"claims":{}}', address: "192.0.2.9" });
    expect(right.status).toBe(200);
    guarded.setNow(NOW + 61);
    expect((await guess()).status).toBe(401);
  });
});

describe("a caller", () => {
  const own = {
    maxTtlSeconds: 600,
    fixedClaims: { tenant: "t-{caller}" },
    allowedClaims: ["sub", "aud", "role"],
    requiredClaims: ["sub"],
    allowedAudiences: ["api", "https://a.example/*"],
    maxTokensPerMinute: 30,
  };
  const limited = () => routesFor({ limits: { maxTtlSeconds: 3_600, allowedAudiences: ["api", "https://*"] }, own });

  it("gets what its limits fix", async () => {
    const token = await tokenOf(await limited().post("/issue", { claims: { sub: "a", aud: "api" } }));
    expect(claimsOf(token)).toMatchObject({ tenant: "t-web", sub: "a", exp: NOW + 600 });
  });

  it.each([
    ["the fixed claim", { claims: { sub: "a", aud: "api", tenant: "t-other" } }, "claim_not_allowed"],
    ["the fixed claim's template", { claims: { sub: "a", aud: "api", tenant: "t-{caller}" } }, "claim_not_allowed"],
    ["a claim that is not allowed", { claims: { sub: "a", aud: "api", admin: true } }, "claim_not_allowed"],
    [
      "a claim that is not allowed, named like a member of every object",
      '{"claims":{"sub":"a","aud":"api","__proto__":{"x":1}}}',
      "claim_not_allowed",
    ],
    ["no claim that is required", { claims: { aud: "api" } }, "claim_required"],
    ["an audience that only the issuer allows", { claims: { sub: "a", aud: "https://b.example/x" } }, "audience_not_allowed"],
    ["one audience too many", { claims: { sub: "a", aud: ["api", "other"] } }, "audience_not_allowed"],
    ["no audience", { claims: { sub: "a" } }, "claim_required"],
    ["an empty list of audiences", { claims: { sub: "a", aud: [] } }, "invalid_claim"],
    ["a longer life by ttl", { claims: { sub: "a", aud: "api" }, ttl: 601 }, "ttl_exceeds_limit"],
    ["a longer life by exp", { claims: { sub: "a", aud: "api", exp: NOW + 601 } }, "ttl_exceeds_limit"],
    ["another type", { claims: { sub: "a", aud: "api" }, typ: "logout+jwt" }, "type_not_allowed"],
    ["a key", { claims: { sub: "a", aud: "api" }, kid: "x" }, "unknown_field"],
    ["an algorithm", { claims: { sub: "a", aud: "api" }, alg: "none" }, "unknown_field"],
    ["to be another caller", { claims: { sub: "a", aud: "api" }, caller: "admin" }, "unknown_field"],
  ])("cannot have %s, alone or in a batch", async (_name, body, code) => {
    expect(await codeOf(await limited().post("/issue", body))).toBe(code);
    const one = typeof body === "string" ? body : JSON.stringify(body);
    const batch = await limited().post("/issue", `{"requests":[${one}]}`);
    expect(await batch.json()).toMatchObject({ results: [{ error: { code } }] });
  });

  it("has its tokens counted, in batches too, and is told when to come again", async () => {
    const { post } = limited();
    const request = { claims: { sub: "a", aud: "api" } };
    const batch = await post("/issue", { requests: Array.from({ length: 31 }, () => request) });
    const { results } = (await batch.json()) as { results: { error?: { code: string } }[] };
    expect(results.map(({ error }) => error?.code).filter(Boolean)).toStrictEqual(["rate_exceeded"]);
    const late = await post("/issue", request);
    expect(late.status).toBe(429);
    expect(late.headers.get("retry-after")).toBe("60");
  });
});

describe("POST /encode", () => {
  const { post } = routesFor();

  it("takes claims as they are, for a day, with sub from userId", async () => {
    const token = await tokenOf(await post("/encode", { userId: "u1", role: "x" }));
    expect(claimsOf(token)).toStrictEqual({ userId: "u1", role: "x", sub: "u1", iss: ISSUER, iat: NOW, exp: NOW + 86_400 });
  });

  it.each([
    [{ userId: "u", exp: NOW + 10 }, "claim_not_allowed"],
    [{ userId: "u", iat: 1 }, "claim_not_allowed"],
    ['{"userId":"u","\\u0065xp":1}', "claim_not_allowed"],
    [{ userId: { a: 1 } }, "invalid_claim"],
    [{ userId: "u", sub: "v" }, "invalid_claim"],
    [[], "invalid_request"],
  ])("refuses %j", async (body, code) => {
    expect(await codeOf(await post("/encode", body))).toBe(code);
  });
});

describe("POST /verify", () => {
  const { post } = routesFor();

  it("answers header and claims of a good token, and refuses the others by their reason", async () => {
    const token = await tokenOf(await post("/issue", { claims: { sub: "a", aud: "api" } }));
    expect(await (await post("/verify", { token, audience: "api" })).json()).toMatchObject({ claims: { sub: "a" } });
    expect(await (await post("/verify", { token, audience: ["x", "api"] })).json()).toMatchObject({ claims: { sub: "a" } });
    expect((await post("/verify", { token, audience: null })).status).toBe(200);
    const other = await post("/verify", { token, audience: "other" });
    expect([other.status, await codeOf(other)]).toStrictEqual([401, "token_audience_refused"]);
    expect(await codeOf(await post("/verify", { token: `${token}x`, audience: null }))).toMatch(/^token_/);
    expect(await codeOf(await post("/verify", { token }))).toBe("invalid_request");
    expect(await codeOf(await post("/verify", { token, audience: [] }))).toBe("invalid_request");
  });
});
