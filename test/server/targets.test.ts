import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { devGuard } from "../../src/http/dev-guard.js";
import { routesFor } from "../http/routes-fixture.js";
import { listening, sent } from "./raw.js";

const { handle, secret } = routesFor();
let running: Awaited<ReturnType<typeof listening>>;
let guarded: Awaited<ReturnType<typeof listening>>;

beforeAll(async () => {
  [running, guarded] = await Promise.all([listening(handle), listening(devGuard(handle))]);
});
afterAll(() => {
  running.server.close();
  guarded.server.close();
});

function asked(method: string, target: string, { port = running.port, host = "issuer.example" } = {}) {
  const body = method === "POST" ? '{"claims":{}}' : "";
  return sent(
    port,
    `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\nauthorization: Bearer ${secret}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

describe("the target of a request", () => {
  it.each([
    ["POST", "/issue"],
    ["POST", "/issue?x=1"],
    ["POST", "http://issuer.example/issue"],
    ["GET", "/metrics"],
    ["GET", "/.well-known/jwks.json?v=2"],
  ])("is a route as it stands: %s %s", async (method, target) => {
    expect((await asked(method, target)).status).toBe(200);
  });

  it.each([
    ["POST", "/x/../issue"],
    ["POST", "/./issue"],
    ["POST", "/%2e/issue"],
    ["POST", "/x/%2E%2e/issue"],
    ["POST", "/issue/"],
    ["POST", "/issue/."],
    ["POST", "//issue"],
    ["POST", "/issue#x"],
    ["POST", "/issue;x"],
    ["POST", "/iss%75e"],
    ["POST", "/issue%3Fx"],
    ["POST", "/issue%00"],
    ["POST", "/Issue"],
    ["POST", "\\issue"],
    ["POST", "/\\issue"],
    ["POST", "/x\\..\\issue"],
    ["POST", "http://issuer.example/x/../issue"],
    ["POST", "http://issuer.example//issue"],
    ["POST", "http://issuer.example?/issue"],
    ["GET", "/.well-known/%2e%2e/metrics"],
    ["GET", "/.well-known/../metrics"],
    ["GET", "/metrics#"],
    ["GET", "/healthz/../metrics"],
  ])("is no route in another spelling: %s %s", async (method, target) => {
    const { status, answer } = await asked(method, target);
    expect([400, 404], answer).toContain(status);
    expect(answer).not.toMatch(/"token"|signet_x/);
  });

  it("names this machine in dev mode twice where it is in absolute form, or nothing is served", async () => {
    const { port } = guarded;
    const here = `127.0.0.1:${port}`;
    expect((await asked("GET", "/healthz", { port, host: here })).status).toBe(200);
    expect((await asked("GET", `http://${here}/healthz`, { port, host: here })).status).toBe(200);
    expect((await asked("GET", `http://${here}/healthz`, { port, host: "evil.example" })).status).toBe(403);
    expect((await asked("GET", "http://evil.example/healthz", { port, host: here })).status).toBe(403);
  });
});
