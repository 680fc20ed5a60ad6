import { describe, expect, it } from "vitest";
import { authorizedFetch } from "../../src/client/authorized-fetch.js";
import type { TokenSource } from "../../src/client/token-source.js";

/** A source whose next token comes when the present one was discarded. */
function source(): TokenSource & { discarded: string[] } {
  const discarded: string[] = [];
  return { discarded, discard: (token) => void discarded.push(token), token: async () => `token-${discarded.length + 1}` };
}

/** An API that takes some tokens, and remembers what it was sent. */
function api(...good: string[]) {
  const seen: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { method, headers, url } = new Request(input, init);
    const token = headers.get("authorization")?.replace("Bearer ", "") ?? "";
    seen.push(`${method} ${url} ${token} ${headers.get("x-own") ?? ""}`.trim());
    return new Response(null, { status: good.includes(token) ? 204 : 401 });
  };
  return { seen, fetch };
}

const ORIGINS = ["https://api.example", "http://localhost:8080"];

describe("a fetch that shows tokens", () => {
  it("shows them to its origins, beside the request's own headers", async () => {
    const { seen, fetch } = api("token-1");
    const call = authorizedFetch(source(), { origins: ORIGINS, fetch });
    await call("https://api.example/a", { headers: { "x-own": "1" } });
    await call(new URL("http://localhost:8080/b"), { method: "POST", body: "x" });
    await call(new Request("https://api.example/c", { headers: { "x-own": "2" } }));
    expect(seen).toStrictEqual([
      "GET https://api.example/a token-1 1",
      "POST http://localhost:8080/b token-1",
      "GET https://api.example/c token-1 2",
    ]);
  });

  it.each([
    "https://api.example.evil/a",
    "http://api.example/a",
    "https://evil.example",
    "/relative",
    "https://api.example:444/",
  ])("asks nothing of another origin (%s)", async (url) => {
    const { seen, fetch } = api();
    const call = authorizedFetch(source(), { origins: ORIGINS, fetch });
    await expect(call(url)).rejects.toMatchObject({ code: "origin_refused" });
    expect(seen).toStrictEqual([]);
  });

  it("discards a token that was refused, and asks again by another one where nothing was sent", async () => {
    const tokens = source();
    const { seen, fetch } = api("token-2");
    const call = authorizedFetch(tokens, { origins: ORIGINS, fetch });
    expect((await call("https://api.example/a")).status).toBe(204);
    expect(seen).toHaveLength(2);
    expect(tokens.discarded).toStrictEqual(["token-1"]);
  });

  it("leaves a refused request with a body to its sender, as a stream is read once", async () => {
    const tokens = source();
    const { seen, fetch } = api("token-2");
    const call = authorizedFetch(tokens, { origins: ORIGINS, fetch });
    expect((await call("https://api.example/a", { method: "POST", body: "x" })).status).toBe(401);
    expect((await call(new Request("https://api.example/a", { method: "POST", body: "x" }))).status).toBe(204);
    expect(seen).toHaveLength(2);
  });

  it("answers a 401 where there is no other token", async () => {
    const { seen, fetch } = api();
    const steady: TokenSource = { token: async () => "same", discard: () => undefined };
    const call = authorizedFetch(steady, { origins: ORIGINS, fetch });
    expect((await call("https://api.example/a")).status).toBe(401);
    expect(seen).toHaveLength(1);
  });

  it.each([[[]], [["https://api.example/path"]], [["api.example"]], [["http://api.example"]], [[7]], ["https://api.example"]])(
    "is made for origins alone (%j)",
    (origins) => {
      expect(() => authorizedFetch(source(), { origins: origins as never })).toThrow(
        expect.objectContaining({ code: "config_invalid", field: "origins" }),
      );
    },
  );
});
