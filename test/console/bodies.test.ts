import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { consoleAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);
const MAX_BYTES = 65_536;

let page: Awaited<ReturnType<typeof consoleAt>>;
beforeAll(async () => {
  page = await consoleAt(await issuerAt());
  await page.enter();
});
afterAll(() => page.close());

describe("what the console is asked", () => {
  it.each([
    ["/api/session", { code: "x" }],
    ["/api/keys", {}],
    ["/api/preview", { change: "rotate" }],
    ["/api/preview", { change: "revoke", kid: "x" }],
    ["/api/change", { preview: "x" }],
    ["/api/verify", { token: "x", by: "own" }],
    ["/api/verify", { token: "x", by: { issuer: "https://issuer.example" } }],
    ["/api/issue-form", {}],
    ["/api/issue", { request: { claims: {} } }],
    ["/api/issue-commands", { request: { claims: {} } }],
    ["/api/callers", {}],
    ["/api/audit", {}],
  ])("at %s has no member that is not known: %j", async (path, body) => {
    const { status, json } = await page.call(path, { ...body, more: true });
    expect({ status, code: json.error.code, field: json.error.field }).toStrictEqual({
      status: 400,
      code: "unknown_field",
      field: "more",
    });
  });

  it.each([
    ["/api/keys", "[]"],
    ["/api/keys", "null"],
    ["/api/preview", '{"change":"destroy"}'],
    ["/api/preview", '{"change":"rotate","kid":"x"}'],
    ["/api/preview", '{"change":"revoke"}'],
    ["/api/preview", `{"change":"revoke","kid":"x","reason":"${"x".repeat(501)}"}`],
    ["/api/change", '{"preview":7}'],
    ["/api/verify", '{"token":"x"}'],
    ["/api/verify", '{"token":"x","by":"others"}'],
    ["/api/verify", '{"token":"x","by":{"issuer":"https://a.example","jwks":"https://b.example"}}'],
    ["/api/verify", '{"token":["x"],"by":"own"}'],
    ["/api/issue", '{"request":[]}'],
    ["/api/issue", '{"request":{"claims":{},"setIAT":true}}'],
    ["/api/issue", '{"request":{"claims":{}},"caller":""}'],
    ["/api/audit", '{"before":0}'],
    ["/api/audit", '{"before":"7"}'],
    ["/api/keys", '{"a":1,"a":2}'],
    ["/api/keys", "{"],
    ["/api/keys", ""],
  ])("at %s is refused where it is not in its shape: %s", async (path, body) => {
    const { status, json } = await page.call(path, body);
    expect(status).toBe(400);
    expect(json.error.code).toMatch(/^(invalid_request|unknown_field|invalid_json|duplicate_member)$/);
    expect(page.unexpected).toStrictEqual([]);
  });

  it.each([
    ["text/plain"],
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["application/json; charset=utf-16"],
    [""],
  ])("is refused as %s, which a form of another page can send", async (type) => {
    expect(await page.call("/api/keys", "{}", { "content-type": type })).toMatchObject({
      status: 415,
      json: { error: { code: "unsupported_media_type" } },
    });
  });

  it("is refused where it is packed", async () => {
    expect((await page.call("/api/keys", "{}", { "content-encoding": "gzip" })).status).toBe(415);
  });

  it("has 64 KB at most, whether or not it says how long it is", async () => {
    const bodyOf = (bytes: number) => `{"search":"${"x".repeat(bytes - 13)}"}`;
    expect(Buffer.byteLength(bodyOf(MAX_BYTES))).toBe(MAX_BYTES);
    expect((await page.call("/api/audit", bodyOf(MAX_BYTES))).status).toBe(200);
    expect(await page.call("/api/audit", bodyOf(MAX_BYTES + 1))).toMatchObject({
      status: 413,
      json: { error: { code: "request_too_large" } },
    });
    const headers = { "content-type": "application/json", "signet-session": "x" };
    const chunked = { method: "POST", isChunked: true, body: bodyOf(MAX_BYTES + 1) };
    // Who asks is found out before the body is read.
    expect((await page.ask("/api/audit", { ...chunked, headers })).status).toBe(401);
    expect((await page.ask("/api/session", { ...chunked, headers: { "content-type": "application/json" } })).status).toBe(413);
  });
});
