import { describe, expect, it } from "vitest";
import { ISSUER, JWKS, routesFor } from "./routes-fixture.js";

const JWKS_PATH = "/.well-known/jwks.json";
const DISCOVERY_PATH = "/.well-known/openid-configuration";

describe("the public documents", () => {
  const { ask, post, notes } = routesFor();

  it.each([JWKS_PATH, DISCOVERY_PATH, "/openapi.json"])("%s is anybody's to read, keep and compare", async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=300, stale-while-revalidate=60, stale-if-error=3600");
    const etag = answer.headers.get("etag") as string;
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await ask(path, { headers: { "if-none-match": known } });
      expect([again.status, await again.text(), again.headers.get("etag")]).toStrictEqual([304, "", etag]);
    }
    expect((await ask(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
    const head = await ask(path, { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("etag")]).toStrictEqual([200, "", etag]);
  });

  it("are the same bytes from every replica", async () => {
    const [one, two] = await Promise.all([ask(JWKS_PATH), routesFor().ask(JWKS_PATH)]);
    expect(await one.text()).toBe(await two.text());
    expect(one.headers.get("etag")).toBe(two.headers.get("etag"));
  });

  it("give the JWKS under its registered type to who accepts it, and as JSON to everybody else", async () => {
    expect((await ask(JWKS_PATH)).headers.get("content-type")).toBe("application/json");
    const named = await ask(JWKS_PATH, { headers: { accept: "application/jwk-set+json, application/json;q=0.9" } });
    expect(named.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(named.headers.get("vary")).toBe("accept");
    expect(await named.json()).toStrictEqual(JWKS);
  });

  it("name the issuer and where its keys are", async () => {
    expect(await (await ask(DISCOVERY_PATH)).json()).toMatchObject({ issuer: ISSUER, jwks_uri: `${ISSUER}${JWKS_PATH}` });
  });

  it("may be read by pages of other sites, with a preflight", async () => {
    const preflight = await ask(JWKS_PATH, { method: "OPTIONS" });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("GET, HEAD");
    expect((await post("/issue", { claims: {} })).headers.get("access-control-allow-origin")).toBeNull();
    expect((await ask("/issue", { method: "OPTIONS" })).status).toBe(405);
  });

  it.each([
    ["GET", "/issue", "POST"],
    ["PUT", "/issue", "POST"],
    ["POST", JWKS_PATH, "GET, HEAD, OPTIONS"],
    ["DELETE", "/healthz", "GET, HEAD"],
  ])("answer %s %s with 405 and the methods that there are", async (method, path, allow) => {
    const answer = await ask(path, { method });
    expect([answer.status, answer.headers.get("allow")]).toStrictEqual([405, allow]);
  });

  it.each([
    "/",
    "/issue/",
    "/ISSUE",
    "/%69ssue",
    "//issue",
    "/issue;x",
    "/issue%00",
    "/./metrics",
    "/metrics/../issue/x",
    "/.well-known/jwks.json/",
  ])("are not reached by a path trick: %s gives no token and no metrics", async (path) => {
    const answer = await post(path, { claims: {} });
    expect(answer.status === 404 || answer.status === 405).toBe(true);
    expect(await answer.text()).not.toContain("eyJ");
  });

  it("show metrics to callers only, and health to everybody", async () => {
    expect((await ask("/metrics")).status).toBe(401);
    expect(await (await ask("/healthz")).json()).toStrictEqual({ status: "ok" });
    expect(await (await ask("/readyz")).json()).toStrictEqual({ status: "ready" });
    expect(notes.at(-1)).toStrictEqual({ route: "/readyz" });
  });
});
