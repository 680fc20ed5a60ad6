import { describe, expect, it } from "vitest";
import { createRenewal, type RenewalOptions } from "../../src/client/renewal.js";
import { SignetError } from "../../src/errors.js";
import { createMachine, type Machine } from "./machine.js";

const AWAY = new SignetError("issuer_unavailable", "the issuer is away");

/** A renewal on a machine of its own; tokens are numbered, and live for 100 seconds. */
function made(options: Partial<RenewalOptions> = {}, lifeSeconds = 100) {
  const machine = createMachine(1, 0);
  const state = { asked: 0, latencyMs: 0, failure: undefined as Error | undefined };
  const ask = async () => {
    state.asked += 1;
    const token = `token-${state.asked}`;
    const { failure } = state;
    if (state.latencyMs > 0) await machine.pass(state.latencyMs);
    if (failure !== undefined) throw failure;
    return { token, lifeSeconds };
  };
  const renewal = createRenewal({ ask, minTtlSeconds: 10, clocks: machine.clocks, ...options });
  return { renewal, machine, state };
}

async function later(machine: Machine, ms: number): Promise<void> {
  let isOver = false;
  machine.after(ms, () => {
    isOver = true;
  });
  while (!isOver) await machine.next();
}

describe("a token that is at hand", () => {
  it("is one promise for all who take it, and one call brings it", async () => {
    const { renewal, machine, state } = made();
    state.latencyMs = 50;
    const all = Promise.all(Array.from({ length: 1_000 }, () => renewal.take()));
    await later(machine, 60);
    expect(new Set(await all)).toStrictEqual(new Set(["token-1"]));
    expect(state.asked).toBe(1);
    expect(renewal.take()).toBe(renewal.take());
  });

  it("is renewed in the background in the last part of its life, spread by chance, and handed out meanwhile", async () => {
    const begun: number[] = [];
    for (const chance of [0, 0.5, 0.999]) {
      const machine = createMachine(1, 0);
      const state = { asked: 0 };
      const asked = (): number => state.asked;
      const renewal = createRenewal({
        ask: async () => ({ token: `token-${++state.asked}`, lifeSeconds: 100 }),
        minTtlSeconds: 10,
        clocks: { ...machine.clocks, random: () => chance },
      });
      await renewal.take();
      for (let second = 1; asked() === 1; second++) {
        await later(machine, 1_000);
        expect(await renewal.take()).toBe("token-1");
        if (asked() === 2) begun.push(second);
      }
      await later(machine, 1);
      expect(await renewal.take()).toBe("token-2");
    }
    expect(begun).toStrictEqual([63, 72, 81]);
  });

  it("is waited for once it is no longer good for the least time", async () => {
    const { renewal, machine, state } = made();
    await renewal.take();
    await later(machine, 91_000);
    state.latencyMs = 50;
    const next = renewal.take();
    await later(machine, 60);
    expect(await next).toBe("token-2");
  });

  it("is forgotten when it was refused, but not while another one would be too early", async () => {
    const { renewal, machine } = made({ reuseAtLeastSeconds: 40 });
    await renewal.take();
    await later(machine, 35_000);
    renewal.discard("token-1");
    expect(await renewal.take()).toBe("token-1");
    await later(machine, 10_000);
    renewal.discard("another");
    expect(await renewal.take()).toBe("token-1");
    renewal.discard("token-1");
    expect(await renewal.take()).toBe("token-2");
  });

  it("is replaced no sooner than it may be, and lives on below its least time until then", async () => {
    const { renewal, machine, state } = made({ reuseAtLeastSeconds: 84 });
    await renewal.renewIfDue();
    await later(machine, 10_000);
    expect(await renewal.take()).toBe("token-1");
    await later(machine, 82_000);
    expect(await renewal.take()).toBe("token-1");
    expect(state.asked).toBe(1);
    await later(machine, 3_000);
    expect(await renewal.take()).toBe("token-2");
  });

  it("is not shown at all where its answer took so long that it would be replaced too soon", async () => {
    const { renewal, machine, state } = made({ reuseAtLeastSeconds: 84 });
    state.latencyMs = 7_000;
    const first = renewal.take();
    state.latencyMs = 1_000;
    await later(machine, 8_100);
    expect(await first).toBe("token-2");
  });
});

describe("who waits", () => {
  it("ends by a signal, and the call goes on for the others", async () => {
    const { renewal, machine, state } = made();
    state.latencyMs = 100;
    const controller = new AbortController();
    const [aborted, other] = [renewal.take(controller.signal), renewal.take()];
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(renewal.take(AbortSignal.abort(reason))).rejects.toBe(reason);
    await later(machine, 110);
    expect(await other).toBe("token-1");
    expect(state.asked).toBe(1);
  });
});

describe("an outage", () => {
  it("is bridged by the last token, to its end and not beyond", async () => {
    const told: string[] = [];
    const { renewal, machine, state } = made({ onFailure: ({ code }) => told.push(code) });
    await renewal.take();
    state.failure = AWAY;
    for (let second = 1; second < 100; second++) {
      await later(machine, 1_000);
      expect(await renewal.take()).toBe("token-1");
    }
    await later(machine, 1_000);
    await expect(renewal.take()).rejects.toMatchObject({ code: "issuer_unavailable", message: AWAY.message });
    expect(told.length).toBeGreaterThan(1);
    // Waits double: a minute is a dozen tries at the most, not sixty.
    expect(told.length).toBeLessThan(14);
    state.failure = undefined;
    await later(machine, 60_000);
    expect(await renewal.take()).toMatch(/^token-/);
    expect(renewal.failure()).toBeUndefined();
  });

  it("is remembered: who asks meanwhile is told at once, and when it is tried again", async () => {
    const { renewal, machine, state } = made();
    state.failure = new SignetError("rate_exceeded", "too much", { retryAfterSeconds: 20 });
    await expect(renewal.take()).rejects.toMatchObject({ code: "rate_exceeded", retryAfterSeconds: 20 });
    await later(machine, 19_000);
    await expect(renewal.take()).rejects.toMatchObject({ code: "rate_exceeded" });
    expect(state.asked).toBe(1);
    state.failure = undefined;
    await later(machine, 2_000);
    expect(await renewal.take()).toBe("token-2");
  });

  it("of what asks for tokens is an error of ours, whatever was thrown", async () => {
    const { renewal, state } = made();
    state.failure = new TypeError("secret in its words");
    await expect(renewal.take()).rejects.toMatchObject({
      code: "issuer_unavailable",
      message: "no token could be had: what asks for it has thrown (TypeError)",
      cause: state.failure,
    });
  });
});

describe("a process that stood still", () => {
  it.each([
    ["asleep, with a monotonic clock that stood still as well", true],
    ["stopped, with clocks that went on", false],
  ])("%s, hands out no token that is over", async (_, isAsleep) => {
    const { renewal, machine } = made();
    expect(await renewal.take()).toBe("token-1");
    machine.freeze(3 * 3_600_000, isAsleep);
    expect(await renewal.take()).toBe("token-2");
  });

  it("during a call, does not take the answer for fresh", async () => {
    const { renewal, machine, state } = made();
    state.latencyMs = 100;
    const waiting = renewal.take();
    machine.freeze(3_600_000, true);
    await later(machine, 400);
    expect(await waiting).toBe("token-2");
  });

  it("is not fooled by a clock that was put back", async () => {
    const { renewal, machine } = made();
    await renewal.take();
    machine.shiftWall(-3_600_000);
    await later(machine, 101_000);
    expect(await renewal.take()).toBe("token-2");
  });
});

describe("a token that lives too short", () => {
  it("for what was promised is an error that says how long it lives", async () => {
    const { renewal } = made({}, 9);
    await expect(renewal.take()).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining("the token lives 9 seconds by its issuer's clock, no longer than minTtlSeconds (10)"),
    });
    const { renewal: steady } = made({ reuseAtLeastSeconds: 95 });
    await expect(steady.take()).rejects.toMatchObject({ message: expect.stringContaining("reuseAtLeastSeconds (95)") });
  });

  it("for a minute is good for three quarters of its life where nothing was promised", async () => {
    const { renewal, machine } = made({ minTtlSeconds: undefined }, 40);
    await renewal.take();
    await later(machine, 29_000);
    expect(await renewal.take()).toBe("token-1");
    await later(machine, 2_000);
    expect(await renewal.take()).toBe("token-2");
  });
});
