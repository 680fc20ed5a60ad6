import { describe, expect, it } from "vitest";
import { devGuard } from "../../src/http/dev-guard.js";
import { openApiDocument } from "../../src/http/openapi.js";
import { discoveryOf } from "../../src/keyring/documents.js";
import { keyringFor } from "../contracts/keyring-fixture.js";
import { JWKS, routesFor } from "./routes-fixture.js";

const ORIGIN = "https://example.com";
const json = async (answer: Response | Promise<Response>) => (await answer).json() as Promise<Record<string, unknown>>;
const documentsOf = (issuer: string) => ({ jwks: JWKS, discovery: discoveryOf({ ...keyringFor([]), issuer }) });

describe.each([`${ORIGIN}/tenant/a`, `${ORIGIN}/tenant/a/`])("an issuer whose URL has a path, %s", (issuer) => {
  const { ask, post, notes, handle } = routesFor({ issuer, documents: documentsOf(issuer) });

  it("has its documents where verifiers look for them", async () => {
    const discovery = await json(ask("/tenant/a/.well-known/openid-configuration"));
    expect(discovery).toMatchObject({ issuer, jwks_uri: `${ORIGIN}/tenant/a/.well-known/jwks.json` });
    expect(await json(ask(new URL(discovery.jwks_uri as string).pathname))).toStrictEqual(JWKS);
    expect(notes.at(-1)?.route).toBe("/.well-known/jwks.json");
  });

  it("has OAuth's metadata before the path, as RFC 8414 wants it, and below", async () => {
    for (const path of ["/.well-known/oauth-authorization-server/tenant/a", "/tenant/a/.well-known/oauth-authorization-server"]) {
      expect(await json(ask(path))).toMatchObject({ issuer, token_endpoint: `${ORIGIN}/tenant/a/token` });
    }
    expect((await ask("/.well-known/jwks.json/tenant/a")).status).toBe(404);
  });

  it("has metadata before its path with the slash at its end, where it has one", async () => {
    const status = issuer.endsWith("/") ? 200 : 404;
    for (const name of ["oauth-authorization-server", "openid-configuration"]) {
      expect((await ask(`/.well-known/${name}/tenant/a/`)).status).toBe(status);
    }
  });

  it("has everything that MCP's clients ask for, in their order, with endpoints that are there", async () => {
    for (const path of [
      "/.well-known/oauth-authorization-server/tenant/a",
      "/.well-known/openid-configuration/tenant/a",
      "/tenant/a/.well-known/openid-configuration",
    ]) {
      const metadata = await json(ask(path));
      expect(metadata).toMatchObject({ issuer, token_endpoint: `${ORIGIN}/tenant/a/token` });
      const { pathname } = new URL(metadata.authorization_endpoint as string);
      expect([pathname, (await ask(pathname)).status]).toStrictEqual(["/tenant/a/authorize", 400]);
    }
  });

  it("issues, verifies and tells its health there, and counts all of it by the route", async () => {
    const { token } = await json(post("/tenant/a/issue", { claims: { sub: "alice" } }));
    expect(notes.at(-1)).toMatchObject({ route: "/issue", caller: "web" });
    expect(await json(post("/tenant/a/verify", { token, audience: null }))).toMatchObject({
      claims: { iss: issuer, sub: "alice" },
    });
    expect((await ask("/tenant/a/healthz")).status).toBe(200);
    expect((await ask("/tenant/a/metrics")).status).toBe(401);
    const refused = await ask("/tenant/a/issue");
    expect([refused.status, refused.headers.get("allow")]).toStrictEqual([405, "POST"]);
  });

  it("answers without the path too: a proxy in front may have taken it away", async () => {
    for (const path of ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/healthz", "/readyz"]) {
      expect([path, (await ask(path)).status]).toStrictEqual([path, 200]);
    }
    expect((await post("/issue", { claims: {} })).status).toBe(200);
  });

  it.each([
    "/tenant/b/issue",
    "/tenant/issue",
    "/tenant/a",
    "/tenant/a/",
    "/tenant//a/issue",
    "/tenant/a/tenant/a/issue",
    "/tenant/%61/issue",
    "/Tenant/a/issue",
  ])("answers nothing at %s", async (path) => {
    expect((await post(path, { claims: {} })).status).toBe(404);
  });

  it("shows pages of every origin its documents in dev mode, and nothing else", async () => {
    const guarded = devGuard(handle, issuer);
    const from = (path: string, init = {}) =>
      guarded(new Request(`http://evil.example${path}`, { headers: { origin: "https://app.example" }, ...init }), {
        address: "::1",
        log: {},
      });
    expect((await from("/tenant/a/.well-known/jwks.json")).status).toBe(200);
    expect((await from("/.well-known/oauth-authorization-server/tenant/a")).status).toBe(200);
    expect((await from("/tenant/a/issue", { method: "POST" })).status).toBe(403);
  });

  it("is what its description names as the server", () => {
    expect(openApiDocument("1.0.0", issuer)).toMatchObject({ servers: [{ url: "/tenant/a" }] });
    expect(openApiDocument("1.0.0", ORIGIN)).toMatchObject({ servers: [{ url: "/" }] });
  });
});
