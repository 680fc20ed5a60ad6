import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { claimsOf, JWKS, NOW, routesFor } from "./routes-fixture.js";

const GITHUB = { iss: "12345", iat: 60, jti: true, kid: false };

/** The same for issuers by no URL: their discovery document is not made. */
const routesWith = (tokens: object) => routesFor({ issuer: undefined, tokens, documents: { jwks: JWKS } });

async function tokenOf(answer: Response): Promise<string> {
  expect(answer.status).toBe(200);
  const { token, access_token: access } = (await answer.json()) as { token: string; access_token: string };
  return token ?? access;
}

describe("an issuer whose tokens differ from the usual, over HTTP", () => {
  const { post, ask, secret } = routesWith(GITHUB);
  const grant = () => {
    const headers = {
      "content-type": "application/x-www-form-urlencoded",
      authorization: `Basic ${Buffer.from(`web:${secret}`).toString("base64")}`,
    };
    return ask("/token", { method: "POST", headers, body: "grant_type=client_credentials" });
  };

  it.each<[string, () => Promise<Response>]>([
    ["/issue", () => post("/issue", { claims: {} })],
    ["/issue, whatever is asked", () => post("/issue", { claims: { iss: "12345" }, setIat: false, setJti: false })],
    ["/encode", () => post("/encode", { userId: 7 })],
    ["/token", grant],
  ])("makes exactly such tokens at %s, and knows them at /verify", async (_path, asked) => {
    const token = await tokenOf(await asked());
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "ES256", typ: "JWT" });
    expect(claimsOf(token)).toMatchObject({ iss: "12345", iat: NOW - 60, jti: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    const verified = await post("/verify", { token, audience: null });
    expect(await verified.json()).toMatchObject({ header: { alg: "ES256" }, claims: { iss: "12345" } });
  });

  it("makes such a batch, and refuses what a request would change of it", async () => {
    const requests = [{ claims: { sub: "a" } }, { claims: { iat: NOW } }, { claims: { jti: "a" } }, { claims: { iss: "x" } }];
    const { results } = (await (await post("/issue", { requests })).json()) as {
      results: { token?: string; error?: { code: string; field: string } }[];
    };
    expect(results.map(({ token, error }) => (token ? claimsOf(token).iss : [error?.code, error?.field]))).toStrictEqual([
      "12345",
      ["claim_not_allowed", "claims.iat"],
      ["claim_not_allowed", "claims.jti"],
      ["issuer_mismatch", "claims.iss"],
    ]);
    expect((await post("/issue", { claims: {}, tokens: { kid: true } })).status).toBe(400);
  });

  it("publishes its keys, and no document that only a URL in iss would lead to", async () => {
    expect(await (await ask("/.well-known/jwks.json")).json()).toStrictEqual(JSON.parse(JSON.stringify(JWKS)));
    for (const name of ["openid-configuration", "oauth-authorization-server"])
      expect((await ask(`/.well-known/${name}`)).status).toBe(404);
  });

  it("knows at /verify tokens by what keys are called now", async () => {
    const named = (kid: string) => ({ kids: { [JWKS.keys[0]?.kid as string]: kid } });
    const { post, setTokens } = routesWith(named("ABC123DEFG"));
    const token = await tokenOf(await post("/issue", { claims: {} }));
    const verified = async () => (await post("/verify", { token, audience: null })).status;
    expect(await verified()).toBe(200);
    setTokens(named("ZZZ123DEFG"));
    expect(await verified()).not.toBe(200);
    setTokens(named("ABC123DEFG"));
    expect(await verified()).toBe(200);
  });

  it("knows at /verify tokens without exp, and those whose iss has the key's fingerprint", async () => {
    for (const tokens of [{ exp: false, iat: 0 }, { iss: "A.{fingerprint}" }]) {
      const other = routesWith(tokens);
      const token = await tokenOf(await other.post("/issue", { claims: {} }));
      expect((await other.post("/verify", { token, audience: null })).status).toBe(200);
      expect((await post("/verify", { token, audience: null })).status).not.toBe(200);
    }
  });
});
