import { afterEach, describe, expect, it } from "vitest";
import { sleeplessClock } from "../../src/console/idle.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { clockByHand, consoleAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);
const MINUTE_MS = 60_000;

let page: Awaited<ReturnType<typeof consoleAt>>;
const opened = async (more: Parameters<typeof consoleAt>[1] = {}) => {
  page = await consoleAt(await issuerAt(), more);
  return page;
};
afterEach(() => page.close());

describe("the link of a console", () => {
  it("has its code in the fragment alone, which no server sees", async () => {
    const { link, code, port } = await opened();
    expect(link).toBe(`http://127.0.0.1:${port}/#code=${code}`);
    expect(code).toHaveLength(43);
  });

  it("outlives a prefetch: what is loaded without its code consumes nothing", async () => {
    const { ask, enter, call, used } = await opened();
    for (const purpose of ["prefetch", "prefetch;prerender", "preview"]) {
      expect((await ask("/", { headers: { "sec-purpose": purpose, purpose } })).status).toBe(200);
    }
    expect(used()).toBe(0);
    await enter();
    expect(used()).toBe(1);
    expect((await call("/api/keys")).status).toBe(200);
  });

  it("works once: a second use is refused, and the first session goes on", async () => {
    const { enter, call, code } = await opened();
    const session = await enter();
    const again = await call("/api/session", { code });
    expect(again).toMatchObject({ status: 401, json: { error: { code: "proof_replayed" } } });
    expect(again.json.error.message).toContain("works once");
    expect(again.text).not.toContain(session);
    expect((await call("/api/keys")).status).toBe(200);
  });

  it("is one session's alone where two tabs show it at once", async () => {
    const { call, code } = await opened();
    const shown = await Promise.all(Array.from({ length: 5 }, () => call("/api/session", { code })));
    expect(shown.map(({ status }) => status).sort()).toStrictEqual([200, 401, 401, 401, 401]);
  });

  it("works after any number of wrong codes: strangers cannot use it up", async () => {
    const { call, code } = await opened();
    const wrong = ["x", code.slice(1), `${code}x`, code.toUpperCase(), ...Array.from({ length: 20 }, String)];
    for (const each of wrong) {
      expect((await call("/api/session", { code: each })).json.error.code).toBe("proof_refused");
    }
    expect((await call("/api/session", { code })).status).toBe(200);
  });
});

describe("a console that is left alone", () => {
  it("ends fifteen minutes after the last request of its page, by a clock that is never set", async () => {
    const clock = clockByHand();
    const { enter, call, idle } = await opened({ clock });
    let isOver = false;
    void idle.then(() => {
      isOver = true;
    });
    await enter();
    for (let hour = 0; hour < 6; hour++) {
      clock.move(10 * MINUTE_MS);
      expect((await call("/api/keys")).status).toBe(200);
    }
    clock.move(14 * MINUTE_MS);
    await call("/api/nothing");
    expect(isOver).toBe(false);
    clock.move(MINUTE_MS);
    await idle;
    expect(isOver).toBe(true);
  });

  it("ends where its link is not used, whatever else asks of it", async () => {
    const clock = clockByHand();
    const { ask, call, idle } = await opened({ clock });
    for (let minute = 0; minute < 15; minute++) {
      await ask("/");
      await call("/api/keys");
      await call("/api/session", { code: "wrong" });
      clock.move(MINUTE_MS);
    }
    await idle;
  });

  it("has ended by the first request after a sleep, as its link and what was looked at have", async () => {
    const clock = clockByHand();
    const { enter, call, idle, code } = await opened({ clock });
    await enter();
    clock.suspend(15 * MINUTE_MS);
    const late = await call("/api/keys");
    expect(late).toMatchObject({ status: 401, json: { error: { code: "caller_unknown" } } });
    await idle;
    await page.close();
    const unused = await opened({ clock });
    clock.suspend(15 * MINUTE_MS);
    expect((await unused.call("/api/session", { code: unused.code })).status).toBe(401);
    expect(unused.used()).toBe(0);
    expect(code).not.toBe(unused.code);
  });
});

describe("the clock of a console", () => {
  it("goes on in a sleep, and is not set back", () => {
    let steady = 5;
    let wall = 1_000_000;
    const now = sleeplessClock(
      () => steady,
      () => wall,
    );
    steady += 10;
    wall += 10;
    expect(now()).toBe(10);
    // Fifteen hours, of which the one clock knows nothing.
    wall += 54_000_000;
    expect(now()).toBe(54_000_010);
    wall -= 99_000_000;
    steady += 7;
    expect(now()).toBe(54_000_017);
  });
});
