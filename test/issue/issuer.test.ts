import { decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { publicKeyFromJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { type LocalSigner, localSigner } from "../../src/algorithms/signature.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import type { ErrorCode, SignetError } from "../../src/errors.js";
import { createImmediateIssuer, createIssuer, type IssuerOptions } from "../../src/issue/issuer.js";
import type { IssueRequest } from "../../src/issue/request.js";

const NOW = 1_790_000_000;
let signer: LocalSigner;

beforeAll(async () => {
  signer = localSigner({ privateKey: await generatePrivateKey(algorithmNamed("ES256")), alg: "ES256" });
});

function issuerWith(options: Partial<IssuerOptions> = {}) {
  return createIssuer({ signer, clock: () => NOW, uuid: () => "00000000-0000-4000-8000-000000000000", ...options });
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Record<string, unknown>;
}

async function issued(request: unknown, options: Partial<IssuerOptions> = {}): Promise<Record<string, unknown>> {
  return claimsOf((await issuerWith(options).issue(request as IssueRequest)).token);
}

async function refusal(
  request: unknown,
  options: Partial<IssuerOptions> = {},
): Promise<{ code: ErrorCode; field?: string; message: string }> {
  try {
    await issuerWith(options).issue(request as IssueRequest);
  } catch (error) {
    return error as { code: ErrorCode; field?: string; message: string };
  }
  throw new Error("a token was issued");
}

describe("a token", () => {
  it("has exactly alg, kid and typ in its header and verifies with jose", async () => {
    const { token } = await issuerWith().issue({ claims: { sub: "alice" }, ttl: 60 });
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", kid: signer.kid, typ: "JWT" });
    const { payload } = await jwtVerify(token, publicKeyFromJwk(signer.publicJwk), { currentDate: new Date(NOW * 1_000) });
    expect(payload).toStrictEqual({ sub: "alice", exp: NOW + 60 });
  });

  it("comes by a promise, whose rejection names the cause", async () => {
    const answer = issuerWith().issue({ claims: {} });
    expect(answer).toBeInstanceOf(Promise);
    expect((await answer).token.split(".")).toHaveLength(3);
    const refused = issuerWith()
      .issue({ claims: { exp: "soon" } })
      .catch((error: SignetError) => error.code);
    expect(await refused).toBe("invalid_claim");
  });

  it("comes at once from issueSync where the key is in memory", async () => {
    const { token } = issuerWith().issueSync({ claims: { sub: "alice" } });
    expect(claimsOf(token)).toStrictEqual({ sub: "alice", exp: NOW + 900 });
    expect(() => issuerWith().issueSync({ claims: { exp: "soon" } })).toThrow(expect.objectContaining({ code: "invalid_claim" }));
  });

  it("comes at once from what the server and the functions use, and by a promise only where the signer needs one", async () => {
    const slow = { ...signer, sign: async (input: string) => signer.sign(input) };
    const answerOf = (by: IssuerOptions["signer"]) => createImmediateIssuer({ signer: by }).issue({ claims: {} });
    expect(answerOf(signer)).toHaveProperty("token");
    expect(answerOf(slow)).toBeInstanceOf(Promise);
    expect((await answerOf(slow)).token.split(".")).toHaveLength(3);
  });

  it("lives for the default of 900 seconds when neither ttl nor exp is asked", async () => {
    expect(await issued({ claims: {} })).toStrictEqual({ exp: NOW + 900 });
  });

  it("keeps an exp that was asked, and loses it to ttl", async () => {
    expect(await issued({ claims: { exp: NOW + 50 } })).toStrictEqual({ exp: NOW + 50 });
    expect(await issued({ claims: { exp: NOW + 50 }, ttl: 70 })).toStrictEqual({ exp: NOW + 70 });
  });

  it("has iat, nbf and jti set over the claims when asked", async () => {
    const claims = { iat: 1, nbf: 2, jti: "mine" };
    expect(await issued({ claims, setIat: true, setNbf: true, setJti: true, ttl: 1 })).toStrictEqual({
      iat: NOW,
      nbf: NOW,
      jti: "00000000-0000-4000-8000-000000000000",
      exp: NOW + 1,
    });
    expect(await issued({ claims, ttl: 1 })).toStrictEqual({ ...claims, exp: NOW + 1 });
    expect(await issued({ claims, setIat: false, ttl: 1 })).toStrictEqual({ ...claims, exp: NOW + 1 });
  });

  it("has the issuer's URL as iss, and the claims' own where none is configured", async () => {
    expect(await issued({ claims: {} }, { issuer: "https://a.example" })).toMatchObject({ iss: "https://a.example" });
    expect(await issued({ claims: { iss: "https://a.example" } }, { issuer: "https://a.example" })).toMatchObject({
      iss: "https://a.example",
    });
    expect(await issued({ claims: { iss: "me" } })).toMatchObject({ iss: "me" });
    expect((await refusal({ claims: { iss: "https://b.example" } }, { issuer: "https://a.example" })).code).toBe(
      "issuer_mismatch",
    );
  });

  it("has another typ only where the limits list it", async () => {
    const { token } = await issuerWith({ limits: { allowedTypes: ["at+jwt"] } }).issue({ claims: {}, typ: "at+jwt" });
    expect(decodeProtectedHeader(token).typ).toBe("at+jwt");
    expect((await refusal({ claims: {}, typ: "at+jwt" })).code).toBe("type_not_allowed");
    expect(decodeProtectedHeader((await issuerWith().issue({ claims: {}, typ: "JWT" })).token).typ).toBe("JWT");
  });

  it("carries a member named __proto__ as data", async () => {
    const claims = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as Record<string, unknown>;
    const payload = await issued({ claims });
    expect(Object.hasOwn(payload, "__proto__")).toBe(true);
    expect(payload.constructor).toBe(1);
  });
});

describe("bad input never yields a token", () => {
  const cases: [string, unknown, ErrorCode, string?][] = [
    ["a request that is not an object", "x", "invalid_request"],
    ["a request that is null", null, "invalid_request"],
    ["a list as request", [], "invalid_request"],
    ["an empty request", {}, "invalid_request", "claims"],
    ["claims that are a list", { claims: [] }, "invalid_request", "claims"],
    ["claims that are null", { claims: null }, "invalid_request", "claims"],
    ["a misspelt field", { claims: {}, setIAT: true }, "unknown_field", "setIAT"],
    ["a field named __proto__", JSON.parse('{"claims":{},"__proto__":1}'), "unknown_field", "__proto__"],
    ["a ttl of zero", { claims: {}, ttl: 0 }, "invalid_request", "ttl"],
    ["a negative ttl", { claims: {}, ttl: -1 }, "invalid_request", "ttl"],
    ["a fraction as ttl", { claims: {}, ttl: 1.5 }, "invalid_request", "ttl"],
    ["a text as ttl", { claims: {}, ttl: "60" }, "invalid_request", "ttl"],
    ["null as ttl", { claims: {}, ttl: null }, "invalid_request", "ttl"],
    ["a ttl that overflows", { claims: {}, ttl: 9_223_372_037 }, "ttl_exceeds_limit", "ttl"],
    ["a ttl beyond the limit", { claims: {}, ttl: 86_401 }, "ttl_exceeds_limit", "ttl"],
    ["an exp beyond the limit", { claims: { exp: NOW + 86_401 } }, "ttl_exceeds_limit", "claims.exp"],
    ["an exp that has passed", { claims: { exp: NOW } }, "invalid_claim", "claims.exp"],
    ["an exp of null", { claims: { exp: null } }, "invalid_claim", "claims.exp"],
    ["an exp that is a fraction", { claims: { exp: NOW + 1.5 } }, "invalid_claim", "claims.exp"],
    ["an nbf behind exp", { claims: { nbf: NOW + 60 }, ttl: 60 }, "invalid_claim", "claims.nbf"],
    ["a text as iat", { claims: { iat: "now" } }, "invalid_claim", "claims.iat"],
    ["a number as sub", { claims: { sub: 1 } }, "invalid_claim", "claims.sub"],
    ["a number as jti", { claims: { jti: 1 } }, "invalid_claim", "claims.jti"],
    ["a number as iss", { claims: { iss: 1 } }, "invalid_claim", "claims.iss"],
    ["a number in aud", { claims: { aud: ["a", 1] } }, "invalid_claim", "claims.aud"],
    ["an empty list as aud", { claims: { aud: [] } }, "invalid_claim", "claims.aud"],
    ["an integer that has lost digits", { claims: { a: { b: [2 ** 53] } } }, "invalid_claim", "claims.a.b.0"],
    ["1e21", { claims: { n: 1e21 } }, "invalid_claim", "claims.n"],
    ["NaN", { claims: { n: Number.NaN } }, "invalid_claim", "claims.n"],
    ["undefined", { claims: { sub: undefined } }, "invalid_claim", "claims.sub"],
    ["a function", { claims: { f: () => 1 } }, "invalid_claim", "claims.f"],
    ["a bigint", { claims: { n: 1n } }, "invalid_claim", "claims.n"],
    ["a Date", { claims: { d: new Date() } }, "invalid_claim", "claims.d"],
    ["a Map as claims", { claims: new Map() }, "invalid_claim", "claims"],
    ["a lone surrogate", { claims: { s: "\ud800" } }, "invalid_claim", "claims.s"],
    ["a lone surrogate in a name", { claims: { "\udc00": 1 } }, "invalid_claim", "claims"],
    ["claims larger than 16 KB", { claims: { s: "x".repeat(16_384) } }, "request_too_large", "claims"],
    ["a flag that is a text", { claims: {}, setIat: "yes" }, "invalid_request", "setIat"],
    ["a typ that is a number", { claims: {}, typ: 1 }, "invalid_request", "typ"],
    ["a typ that is a prototype's member", { claims: {}, typ: "constructor" }, "type_not_allowed", "typ"],
  ];
  it.each(cases)("%s is refused", async (_name, request, code, field) => {
    const error = await refusal(request);
    expect(error.code).toBe(code);
    if (field !== undefined) expect(error.field).toBe(field);
  });

  it("cyclic and deeply nested claims are refused", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect((await refusal({ claims: cyclic })).code).toBe("invalid_claim");
    const deep = JSON.parse(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`) as Record<string, unknown>;
    expect((await refusal({ claims: deep })).code).toBe("invalid_claim");
    const lists = JSON.parse(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`) as Record<string, unknown>;
    expect((await refusal({ claims: lists })).code).toBe("invalid_claim");
  });

  it("no message repeats a claim's value", async () => {
    for (const claims of [{ sub: 42_424_242 }, { aud: [42_424_242] }, { n: 42_424_242 * 2 ** 40 }, { s: "42424242\ud800" }]) {
      expect((await refusal({ claims })).message).not.toContain("42424242");
    }
  });
});

describe("a signer of a program's own", () => {
  const signerOf = (sign: () => unknown) => ({ kid: "k", alg: "ES256", sign }) as unknown as IssuerOptions["signer"];

  it.each([
    ["bytes", () => new Uint8Array([1, 2, 3])],
    ["a promise of bytes", async () => new Uint8Array([1, 2, 3])],
    ["a Buffer", () => Buffer.from([1, 2, 3])],
  ])("may answer %s", async (_what, sign) => {
    const { token } = await createIssuer({ signer: signerOf(sign) }).issue({ claims: {} });
    expect(token.split(".")[2]).toBe("AQID");
  });

  it.each([
    ["a text", () => "abc"],
    ["nothing", () => undefined],
    ["no bytes", () => Buffer.alloc(0)],
    ["a number", async () => 5],
    ["an object", () => ({})],
  ])("makes no token where it answers %s", async (_what, sign) => {
    const answer = createIssuer({ signer: signerOf(sign) }).issue({ claims: {} });
    await expect(answer).rejects.toMatchObject({ code: "custodian_failed" });
  });

  it("makes no token without a bound for its key", async () => {
    const signer = { current: () => ({ signer: signerOf(() => Buffer.alloc(64)) }) } as unknown as IssuerOptions["signer"];
    await expect(createIssuer({ signer }).issue({ claims: {} })).rejects.toMatchObject({ code: "config_invalid" });
  });
});

describe("limits", () => {
  it("allow tokens without end only when told to, and only when no default is set", async () => {
    expect(await issued({ claims: {} }, { limits: { requireExpiration: false, defaultTtlSeconds: null } })).toStrictEqual({});
    expect(await issued({ claims: {} }, { limits: { requireExpiration: false } })).toStrictEqual({ exp: NOW + 900 });
    expect((await refusal({ claims: {} }, { limits: { defaultTtlSeconds: null } })).code).toBe("expiration_required");
  });

  it("shorten the default life to the longest one", async () => {
    expect(await issued({ claims: {} }, { limits: { maxTtlSeconds: 60 } })).toStrictEqual({ exp: NOW + 60 });
  });

  it("are narrowed by what the key may sign", async () => {
    const source = { current: () => ({ signer, maxTtlSeconds: 30 }) };
    expect(await issued({ claims: {} }, { signer: source })).toStrictEqual({ exp: NOW + 30 });
    expect((await refusal({ claims: {}, ttl: 31 }, { signer: source })).code).toBe("ttl_exceeds_limit");
  });

  it("fix claims, and refuse another value for them", async () => {
    const limits = { fixedClaims: { tenant: "t1", roles: ["a"] } };
    expect(await issued({ claims: {} }, { limits })).toMatchObject({ tenant: "t1", roles: ["a"] });
    expect(await issued({ claims: { tenant: "t1" } }, { limits })).toMatchObject({ tenant: "t1" });
    expect(await refusal({ claims: { tenant: "t2" } }, { limits })).toMatchObject({
      code: "claim_not_allowed",
      field: "claims.tenant",
    });
  });

  it("allow and require claims by name", async () => {
    const limits = { allowedClaims: ["sub", "role"], requiredClaims: ["sub"] };
    expect(await issued({ claims: { sub: "a", role: "b" } }, { limits })).toMatchObject({ sub: "a", role: "b" });
    expect(await refusal({ claims: { sub: "a", admin: true } }, { limits })).toMatchObject({
      code: "claim_not_allowed",
      field: "claims.admin",
    });
    expect(await refusal({ claims: { role: "b" } }, { limits })).toMatchObject({ code: "claim_required", field: "claims.sub" });
    expect((await refusal({ claims: JSON.parse('{"sub":"a","__proto__":1}') }, { limits })).code).toBe("claim_not_allowed");
  });

  it("allow audiences exactly or by their beginning, each one of several", async () => {
    const limits = { allowedAudiences: ["api", "https://x.example/*"] };
    expect(await issued({ claims: { aud: ["api", "https://x.example/y"] } }, { limits })).toMatchObject({
      aud: ["api", "https://x.example/y"],
    });
    for (const aud of ["ap", "apis", ["api", "other"], "https://x.example"]) {
      expect((await refusal({ claims: { aud } }, { limits })).code).toBe("audience_not_allowed");
    }
    expect((await refusal({ claims: {} }, { limits })).code).toBe("claim_required");
  });

  it("bound the tokens within any minute", async () => {
    let now = NOW;
    const issuer = createIssuer({ signer, clock: () => now, limits: { maxTokensPerMinute: 2 } });
    await issuer.issue({ claims: {} });
    now += 30;
    await issuer.issue({ claims: {} });
    now += 29;
    expect(() => issuer.issueSync({ claims: {} })).toThrow(expect.objectContaining({ code: "rate_exceeded", status: 429 }));
    now += 1;
    expect(issuer.issueSync({ claims: {} })).toHaveProperty("token");
    await expect(issuer.issue({ claims: {} })).rejects.toMatchObject({ code: "rate_exceeded" });
  });

  it.each([
    { maxTtlSeconds: 0 },
    { maxTtlSeconds: 1.5 },
    { defaultTtlSeconds: -1 },
    { maxTokensPerMinute: 0 },
    { fixedClaims: { exp: 1 } },
    { fixedClaims: { sub: 1 } },
  ])("that make no sense are refused at once: %o", (limits) => {
    expect(() => issuerWith({ limits })).toThrow(expect.objectContaining({ name: "SignetError" }));
  });
});

describe("a batch", () => {
  it("answers in order, with an error for each request that is refused", async () => {
    const requests = [{ claims: { sub: "a" } }, { claims: { sub: 1 } }, { claims: { sub: "c" }, ttl: 5 }];
    const results = await issuerWith().issueMany(requests);
    expect(results).toHaveLength(3);
    expect(claimsOf((results[0] as { token: string }).token)).toMatchObject({ sub: "a" });
    expect(results[1]).toMatchObject({ error: { code: "invalid_claim", field: "claims.sub" } });
    expect(claimsOf((results[2] as { token: string }).token)).toMatchObject({ sub: "c", exp: NOW + 5 });
  });

  it("is signed a part at a time, so that a thousand tokens do not wait for KMS at once", async () => {
    let [waiting, most] = [0, 0];
    const slow = {
      ...signer,
      async sign(input: string) {
        most = Math.max(most, ++waiting);
        await new Promise(setImmediate);
        waiting -= 1;
        return signer.sign(input);
      },
    };
    const requests = Array.from({ length: 200 }, (_, n) => ({ claims: { n } }));
    const results = (await issuerWith({ signer: slow }).issueMany(requests)) as { token: string }[];
    expect(results.map(({ token }) => claimsOf(token).n)).toStrictEqual(requests.map(({ claims }) => claims.n));
    expect(most).toBe(32);
  });

  it("answers what a list has left out, too", async () => {
    const requests = new Array(2);
    requests[1] = { claims: {} };
    const [first, second] = await issuerWith().issueMany(requests);
    expect([first, second]).toEqual([
      { error: expect.objectContaining({ code: "invalid_request" }) },
      { token: expect.any(String) },
    ]);
  });

  it("holds at most 1,000 requests", async () => {
    const thousand = Array.from({ length: 1_000 }, () => ({ claims: {} }));
    expect(await issuerWith().issueMany(thousand)).toHaveLength(1_000);
    await expect(issuerWith().issueMany([...thousand, { claims: {} }])).rejects.toMatchObject({ code: "invalid_request" });
    await expect(issuerWith().issueMany("x" as never)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("never says why something unexpected failed", async () => {
    const broken = { ...signer, sign: () => Promise.reject(new Error("d=c2VjcmV0")) };
    const [result] = await issuerWith({ signer: broken }).issueMany([{ claims: {} }]);
    expect(result).toStrictEqual({ error: { code: "internal", message: "the token could not be issued" } });
  });
});

describe("issueSync", () => {
  const refusal = expect.objectContaining({ code: "key_not_in_memory", message: expect.stringContaining("await issue()") });

  it("asks nothing of a key that signs elsewhere", async () => {
    let asked = 0;
    const sign = async (input: string) => {
      asked += 1;
      return signer.sign(input);
    };
    const issuer = issuerWith({ signer: { ...signer, isRemote: true, sign } });
    expect(() => issuer.issueSync({ claims: {} })).toThrow(refusal);
    expect(asked).toBe(0);
    expect(await issuer.issue({ claims: {} })).toHaveProperty("token");
  });

  it("leaves no rejection unhandled where the key signs elsewhere without saying so, or cannot be read", async () => {
    const fails = () => Promise.reject(new Error("out of reach"));
    expect(() => issuerWith({ signer: { ...signer, sign: fails } }).issueSync({ claims: {} })).toThrow(refusal);
    expect(() => issuerWith({ signer: { current: fails } }).issueSync({ claims: {} })).toThrow(refusal);
  });

  it("works once the key was read", async () => {
    const key = { signer, maxTtlSeconds: 60 };
    let isRead = false;
    const current = () => (isRead ? key : Promise.resolve(key).finally(() => (isRead = true)));
    const issuer = issuerWith({ signer: { current } });
    expect(() => issuer.issueSync({ claims: {} })).toThrow(refusal);
    await issuer.issue({ claims: {}, ttl: 60 });
    expect(issuer.issueSync({ claims: {}, ttl: 60 })).toHaveProperty("token");
  });
});
