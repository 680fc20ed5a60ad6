import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { ISSUER, NOW, routesFor } from "./routes-fixture.js";

const { privateKey: foreign, publicKey } = rsaPair(2_048);
let server: Server;
let host: string;
let jwks: string;
let fetched = 0;

beforeAll(async () => {
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "f1", alg: "RS256", use: "sig" }] });
  server = createServer((_, outgoing) => {
    fetched += 1;
    outgoing.end(jwks);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const signed = (header: object, claims: Record<string, unknown> = {}) =>
  new SignJWT({ sub: "bob", exp: NOW + 60, ...claims }).setProtectedHeader({ alg: "RS256", ...header }).sign(foreign);

/** In development the issuer is on this machine, and so are the servers that it may fetch from. */
const dev = () => routesFor({ issuer: "http://localhost:8710", decodeHosts: [host] });

async function answered(answer: Promise<Response>) {
  const { status, headers } = await answer;
  const body = (await (await answer).json()) as Record<string, unknown>;
  expect(headers.get("cache-control") ?? "no-store").toBe("no-store");
  return { status, body };
}

describe("POST /decode", () => {
  it("answers the payload of this issuer's own token, and fetches nothing", async () => {
    const { post } = routesFor();
    const { token } = (await (await post("/issue", { claims: { sub: "alice" }, ttl: 60 })).json()) as { token: string };
    expect(await answered(post("/decode", { jwksUri: `${ISSUER}/.well-known/jwks.json`, token }))).toStrictEqual({
      status: 200,
      body: { sub: "alice", iss: ISSUER, exp: NOW + 60 },
    });
  });

  it("answers the payload of another issuer's token by the JWKS of a listed host, which it fetches once", async () => {
    const { post } = dev();
    const before = fetched;
    for (let each = 0; each < 3; each++) {
      const token = await signed({ kid: "f1" }, { n: each });
      expect(await answered(post("/decode", { jwksUri: `http://${host}/jwks.json`, token }))).toStrictEqual({
        status: 200,
        body: { sub: "bob", exp: NOW + 60, n: each },
      });
    }
    expect(fetched - before).toBe(1);
  });

  it.each([
    ["has no kid", {}, {}, "token_kid_missing", "Token has no Key ID"],
    ["names another key", { kid: "f2" }, {}, "token_key_unknown", "does not publish"],
    ["has expired", { kid: "f1" }, { exp: NOW - 600 }, "token_expired", "expired"],
  ])("says why where a token %s", async (_, header, claims, code, detail) => {
    const { post } = dev();
    const token = await signed(header, claims);
    expect(await answered(post("/decode", { jwksUri: `http://${host}/jwks.json`, token }))).toMatchObject({
      status: 401,
      body: { code, detail: expect.stringContaining(detail) },
    });
  });

  it.each([
    ["a host that is not listed", { jwksUri: "https://elsewhere.example/jwks.json", token: "a.b.c" }, "jwks_url_refused"],
    ["this machine, by an issuer that is not", { jwksUri: "http://127.0.0.1:1/jwks.json", token: "a.b.c" }, "jwks_url_refused"],
    ["no URL", { token: "a.b.c" }, "invalid_request"],
    ["no token", { jwksUri: "https://issuer.example/jwks.json" }, "invalid_request"],
    ["a misspelt member", { jwksUrl: "https://issuer.example/jwks.json", token: "a.b.c" }, "unknown_field"],
    ["a list", [], "invalid_request"],
  ])("refuses %s", async (_, body, code) => {
    expect(await answered(routesFor().post("/decode", body))).toMatchObject({ status: 400, body: { code } });
  });

  it("fetches nothing for a client without a secret", async () => {
    const before = fetched;
    const { ask } = dev();
    const body = JSON.stringify({ jwksUri: `http://${host}/jwks.json`, token: await signed({ kid: "f1" }) });
    const answer = await ask("/decode", { method: "POST", body, headers: { "content-type": "application/json" } });
    expect([answer.status, fetched]).toStrictEqual([401, before]);
  });

  it("fetches nothing at all where neither an issuer nor a host is known", async () => {
    const { post } = routesFor({ issuer: undefined });
    const body = { jwksUri: `http://${host}/jwks.json`, token: await signed({ kid: "f1" }) };
    expect(await answered(post("/decode", body))).toMatchObject({ status: 400, body: { code: "jwks_url_refused" } });
  });
});
