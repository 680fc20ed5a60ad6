import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { sent } from "../server/raw.js";
import { consoleAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);
const DATA = [
  ["/api/here", {}],
  ["/api/keys", {}],
  ["/api/preview", { change: "rotate" }],
  ["/api/change", { preview: "x" }],
  ["/api/verify", { token: "x", by: "own" }],
  ["/api/issue-form", {}],
  ["/api/issue", { request: { claims: { sub: "a" } } }],
  ["/api/issue-commands", { request: { claims: { sub: "a" } } }],
  ["/api/callers", {}],
  ["/api/audit", {}],
] as const;
const PAGE = ["/", "/page.js", "/page.css"];

let cwd: string;
let page: Awaited<ReturnType<typeof consoleAt>>;
beforeAll(async () => {
  cwd = await issuerAt();
  page = await consoleAt(cwd);
});
afterAll(() => page.close());

/** Everything below `.signet/`, so that a byte that was changed is seen. */
function written(): Record<string, string> {
  const root = join(cwd, ".signet");
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "base64")]),
  );
}

describe("a page that another name leads here for (DNS rebinding)", () => {
  it.each([
    ["the attacker's name", (port: number) => `rebound.example:${port}`],
    ["a name that ends like the console's", (port: number) => `127.0.0.1.nip.io:${port}`],
    ["localhost", (port: number) => `localhost:${port}`],
    ["another address of this machine", (port: number) => `127.0.0.2:${port}`],
    ["IPv6's", (port: number) => `[::1]:${port}`],
    ["no port", () => "127.0.0.1"],
    ["another port", (port: number) => `127.0.0.1:${port + 1}`],
    ["a user before the name", (port: number) => `a@127.0.0.1:${port}`],
    ["a dot behind the address", (port: number) => `127.0.0.1.:${port}`],
  ])("gets nothing under %s", async (_, nameOf) => {
    const host = nameOf(page.port);
    for (const path of [...PAGE, "/nowhere"]) {
      expect(await page.ask(path, { headers: { host } })).toMatchObject({
        status: 403,
        json: { error: { code: "origin_refused" } },
      });
    }
    const shown = await page.call("/api/session", { code: page.code }, { host });
    expect(shown).toMatchObject({ status: 403, json: { error: { code: "origin_refused" } } });
    expect(page.used()).toBe(0);
  });

  it("gets nothing where Host stands twice, or the target names the server", async () => {
    const host = `Host: 127.0.0.1:${page.port}`;
    const statusOf = async (...lines: string[]) =>
      (await sent(page.port, `${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n`)).status;
    expect(await statusOf("GET / HTTP/1.1", host, "Host: rebound.example")).toBeGreaterThanOrEqual(400);
    expect(await statusOf("GET / HTTP/1.1", "Host: rebound.example", host)).toBeGreaterThanOrEqual(400);
    expect(await statusOf("GET http://rebound.example/ HTTP/1.1", host)).toBe(403);
    expect(await statusOf("GET / HTTP/1.1", host)).toBe(200);
    expect(await statusOf("GET / HTTP/1.1")).toBe(400);
  });
});

describe("a page of another origin", () => {
  it.each([
    ["https", "https://evil.example"],
    ["another port of this machine", "http://127.0.0.1:1"],
    ["localhost at the same port", (port: number) => `http://localhost:${port}`],
    ["https at the same port", (port: number) => `https://127.0.0.1:${port}`],
    ["a sandbox, or a file", "null"],
    ["nothing", ""],
  ])("of %s gets nothing, and is not told that it may ask", async (_, given) => {
    const origin = typeof given === "string" ? given : given(page.port);
    const shown = await page.call("/api/session", { code: page.code }, { origin });
    expect(shown).toMatchObject({ status: 403, json: { error: { code: "origin_refused" } } });
    expect(Object.keys(shown.headers).filter((name) => name.startsWith("access-control"))).toStrictEqual([]);
    const asked = await page.ask("/api/keys", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect(asked.status).toBe(403);
    expect(page.used()).toBe(0);
  });

  it.each([
    ["cross-site", "cors", "empty"],
    ["same-site", "cors", "empty"],
    ["cross-site", "navigate", "document"],
    ["none", "navigate", "document"],
  ])("whose browser says %s, %s, %s gets no data", async (site, mode, dest) => {
    const headers = { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest };
    expect((await page.call("/api/session", { code: page.code }, headers)).status).toBe(403);
  });

  it("cannot frame, embed or load the page's files, and may open the page as the whole of a tab", async () => {
    const from = (site: string, mode: string, dest: string) => ({
      headers: { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest },
    });
    expect((await page.ask("/", from("cross-site", "navigate", "iframe"))).status).toBe(403);
    expect((await page.ask("/", from("same-site", "navigate", "object"))).status).toBe(403);
    expect((await page.ask("/page.js", from("cross-site", "no-cors", "script"))).status).toBe(403);
    expect((await page.ask("/page.css", from("same-site", "no-cors", "style"))).status).toBe(403);
    expect((await page.ask("/page.js", from("cross-site", "navigate", "document"))).status).toBe(403);
    expect((await page.ask("/", from("cross-site", "navigate", "document"))).status).toBe(200);
    expect((await page.ask("/", from("none", "navigate", "document"))).status).toBe(200);
    expect((await page.ask("/page.js", from("same-origin", "no-cors", "script"))).status).toBe(200);
  });
});

describe("whatever asks", () => {
  it("is told by each answer that nothing but the page's files is loaded, framed or kept", async () => {
    const answers = [
      await page.ask("/"),
      await page.ask("/page.js"),
      await page.ask("/nowhere"),
      await page.ask("/", { headers: { host: "rebound.example" } }),
      await page.call("/api/keys"),
      await page.ask("/api/keys"),
    ];
    expect(answers.map(({ status }) => status)).toStrictEqual([200, 200, 404, 403, 401, 405]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        "content-security-policy":
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
      });
      expect(headers["set-cookie"]).toBeUndefined();
    }
  });

  it("gets no proof without the session", async () => {
    const nonce = { "signet-nonce": "n".repeat(36) };
    for (const [path, body] of [...DATA, ["/api/session", { code: "wrong" }]] as const)
      expect((await page.call(path, body, nonce)).headers).not.toHaveProperty("signet-proof");
  });

  it("gets no datum without the session, whatever it shows in its place", async () => {
    const before = written();
    for (const [path, body] of DATA) {
      for (const session of [undefined, "", page.code, "x".repeat(43), "null"]) {
        const headers = session === undefined ? {} : { "signet-session": session };
        const { status, json } = await page.call(path, body, headers);
        expect({ path, session, status, code: json.error.code }).toStrictEqual({
          path,
          session,
          status: 401,
          code: "caller_unknown",
        });
      }
    }
    expect(written()).toStrictEqual(before);
  });

  it("changes nothing by GET, nor by any other method than POST, and nothing is there for it", async () => {
    const before = written();
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      for (const path of ["/api/session", ...DATA.map(([each]) => each)]) {
        const { status, headers } = await page.ask(path, { method });
        expect({ method, path, status, allow: headers.allow }).toStrictEqual({ method, path, status: 405, allow: "POST" });
      }
    }
    expect((await page.ask("/", { method: "POST" })).headers.allow).toBe("GET, HEAD");
    for (const path of [
      "/api",
      "/api/",
      "/api/keys/",
      "/api/nothing",
      "/index.html",
      "/../signet.json",
      "//",
      "/?code=1",
      "/__proto__",
    ]) {
      expect((await page.ask(path)).status, path).toBe(404);
    }
    expect(written()).toStrictEqual(before);
  });
});
