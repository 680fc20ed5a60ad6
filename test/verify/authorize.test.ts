import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { authorize, createVerifier } from "../../src/verify/index.js";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const keys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "EdDSA", use: "sig" }] };
const verifier = createVerifier({ keys, issuer: "https://issuer.example", audience: "api" });
const signed = (claims: object = {}) =>
  new SignJWT({ iss: "https://issuer.example", aud: "api", sub: "alice", ...claims })
    .setProtectedHeader({ alg: "EdDSA", kid: "k" })
    .setExpirationTime("1m")
    .sign(privateKey);

let calls = 0;
const handler = authorize(
  verifier,
  (event: { headers?: Record<string, string>; n?: number }, context: { id: string }, { claims }) => {
    calls += 1;
    return { statusCode: 200, body: `${claims.sub} ${event.n} ${context.id}` };
  },
);

describe("a handler that is wrapped", () => {
  it("is called with its event, its context and the verified token", async () => {
    const token = await signed();
    for (const headers of [{ authorization: `Bearer ${token}` }, { Authorization: `bearer ${token}` }]) {
      expect(await handler({ headers, n: 5 }, { id: "c" })).toStrictEqual({ statusCode: 200, body: "alice 5 c" });
    }
  });

  it.each([
    ["no event at all", async () => ({})],
    ["no headers", async () => ({ headers: null })],
    ["null for an event", async () => null],
    ["a text for an event", async () => "authorization"],
    ["headers that are a list", async () => ({ headers: ["authorization"] })],
    ["a header that is an object", async () => ({ headers: { authorization: { toString: false } } })],
    ["a header that is a list of one object", async () => ({ multiValueHeaders: { authorization: [Symbol("a")] } })],
    ["no token", async () => ({ headers: { host: "a" } })],
    ["another scheme", async () => ({ headers: { authorization: `Basic ${await signed()}` } })],
    [
      "an expired token",
      async () => ({ headers: { authorization: `Bearer ${await signed({ exp: 5, iat: 1 }).then((t) => `${t}x`)}` } }),
    ],
    [
      "two tokens",
      async () => ({
        multiValueHeaders: { Authorization: [`Bearer ${await signed()}`, `Bearer ${await signed({ sub: "b" })}`] },
      }),
    ],
    [
      "two tokens in two spellings",
      async () => ({ headers: { authorization: `Bearer ${await signed()}`, Authorization: "Bearer x" } }),
    ],
  ])("is not called with %s", async (_, eventOf) => {
    const before = calls;
    const answer = (await handler((await eventOf()) as never, { id: "c" })) as {
      statusCode: number;
      headers?: Record<string, string>;
    };
    expect([answer.statusCode, calls]).toStrictEqual([401, before]);
    expect(answer.headers?.["www-authenticate"]).toMatch(/^Bearer realm="api"/);
  });
});
