import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NotTheConsole, provenFetch } from "../../../src/console/page/proven-fetch.js";
import { issuerFolders } from "../../cli/issuer-folders.js";
import { scratchDirectories } from "../../contracts/scratch.js";
import { consoleAt } from "../fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);

let page: Awaited<ReturnType<typeof consoleAt>>;
let keys: { session: string; proof: string };
beforeAll(async () => {
  page = await consoleAt(await issuerAt());
  keys = (await page.call("/api/session", { code: page.code })).json;
});
afterAll(() => page.close());

type Sent = { path: string; body: string };

/** Asks by `answer`, and keeps what was sent. */
function sender(answer: typeof fetch) {
  const sent: Sent[] = [];
  const send = (async (path: string, init: RequestInit) => {
    sent.push({ path, body: String(init.body) });
    return answer(path, init);
  }) as typeof fetch;
  return { sent, send };
}
const toConsole: typeof fetch = (path, init) => fetch(`${page.origin}${String(path)}`, init);
const VERIFY = { token: "a.secret.token", by: "own" };

describe("what the page asks", () => {
  it("is answered with a proof, which it takes", async () => {
    const { send } = sender(toConsole);
    const ask = provenFetch(keys, send);
    expect((await ask("/api/keys", {})).status).toBe(200);
    const refused = await ask("/api/preview", { change: "revoke", kid: "x" });
    expect({ status: refused.status, code: ((await refused.json()) as { error: { code: string } }).error.code }).toStrictEqual({
      status: 404,
      code: "key_not_found",
    });
  });

  it("is not heard of who cannot prove to be the console, though it has seen the session's key", async () => {
    const seen: Headers[] = [];
    const attacker: typeof fetch = async (_, init) => {
      seen.push(new Headers(init?.headers));
      return Response.json({ keys: [] }, { headers: { "signet-proof": "0".repeat(64) } });
    };
    await expect(provenFetch(keys, sender(attacker).send)("/api/keys", {})).rejects.toBeInstanceOf(NotTheConsole);
    expect(seen[0]?.get("signet-session")).toBe(keys.session);
    expect(JSON.stringify([...(seen[0] ?? [])])).not.toContain(keys.proof);
  });

  it("is not heard where a proof of another path, or of before, is shown", async () => {
    let kept: Response | undefined;
    const once: typeof fetch = async (path, init) => {
      kept ??= await toConsole(path, init);
      return kept.clone();
    };
    const ask = provenFetch(keys, sender(once).send);
    expect((await ask("/api/keys", {})).status).toBe(200);
    await expect(ask("/api/keys", {})).rejects.toBeInstanceOf(NotTheConsole);
    const elsewhere: typeof fetch = (_, init) => toConsole("/api/here", init);
    await expect(provenFetch(keys, sender(elsewhere).send)("/api/keys", {})).rejects.toBeInstanceOf(NotTheConsole);
  });

  it("is sent with its body only once who listens has proven itself just now", async () => {
    let now = 0;
    let answer = toConsole;
    const { sent, send } = sender((path, init) => answer(path, init));
    const ask = provenFetch(keys, send, () => now);
    await ask("/api/verify", VERIFY);
    expect(sent.map(({ path }) => path)).toStrictEqual(["/api/here", "/api/verify"]);
    now += 1_000;
    await ask("/api/verify", VERIFY);
    expect(sent).toHaveLength(3);
    answer = async () => Response.json({});
    now += 2_000;
    await expect(ask("/api/verify", VERIFY)).rejects.toBeInstanceOf(NotTheConsole);
    expect(sent.at(-1)).toStrictEqual({ path: "/api/here", body: "{}" });
    expect(sent).toHaveLength(4);
  });

  it("is asked for a proof first once nothing has answered", async () => {
    let answer: typeof fetch = toConsole;
    const { sent, send } = sender((path, init) => answer(path, init));
    const ask = provenFetch(keys, send);
    await ask("/api/keys", {});
    answer = () => Promise.reject(new TypeError("nothing listens"));
    await expect(ask("/api/keys", {})).rejects.toThrow("nothing listens");
    answer = async () => Response.json({});
    await expect(ask("/api/verify", VERIFY)).rejects.toBeInstanceOf(NotTheConsole);
    expect(sent.some(({ body }) => body.includes("secret"))).toBe(false);
  });
});
