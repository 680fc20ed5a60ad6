import { setImmediate as turn } from "node:timers/promises";
import type { Clocks } from "../../src/client/renewal.js";

/** What happens at an instant of true time. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * A machine whose time is the test's: a true one, which issuer and relying party share, a wall clock that is wrong and is set, and a
 * monotonic one that stands still while the machine sleeps.
 */
export interface Machine {
  readonly clocks: Clocks;
  readonly random: () => number;
  readonly trueMs: () => number;
  /** Does something after a while. */
  after(ms: number, run: () => void): void;
  /** Waits for a while, as long as the process lives. */
  pass(ms: number): Promise<void>;
  /** Puts the wall clock ahead, or back. */
  shiftWall(ms: number): void;
  /** The process stands still for so long: what was to happen comes late. */
  freeze(ms: number, isAsleep: boolean): void;
  /** The process dies: nothing that it waited for comes back. */
  kill(): void;
  /** Lets the next thing happen. */
  next(): Promise<void>;
}

/** A generator of numbers from 0 up to 1 (mulberry32): the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Makes a machine. @param wallAheadMs how wrong its clock is */
export function createMachine(seed: number, wallAheadMs: number): Machine {
  const random = randomFrom(seed);
  const queue: Event[] = [];
  let [trueMs, aheadMs, sleptMs, life] = [1_800_000_000_000, wallAheadMs, 0, 0];

  function after(ms: number, run: () => void): void {
    const atMs = trueMs + ms;
    let at = queue.length;
    while (at > 0 && (queue[at - 1] as Event).atMs > atMs) at -= 1;
    queue.splice(at, 0, { atMs, run });
  }

  return {
    clocks: { now: () => trueMs + aheadMs, monotonic: () => trueMs - sleptMs - 1_799_999_000_000, random },
    random,
    trueMs: () => trueMs,
    after,
    pass(ms) {
      const own = life;
      return new Promise((resolve) => after(ms, () => own === life && resolve()));
    },
    shiftWall(ms) {
      aheadMs += ms;
    },
    freeze(ms, isAsleep) {
      trueMs += ms;
      if (isAsleep) sleptMs += ms;
    },
    kill() {
      life += 1;
    },
    async next() {
      const event = queue.shift();
      if (event === undefined) throw new Error("nothing happens any more");
      trueMs = Math.max(trueMs, event.atMs);
      event.run();
      await turn();
    },
  };
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What looks like a token. */
export function tokenWith(claims: object): string {
  return `${encoded({ alg: "none" })}.${encoded(claims)}.c2ln`;
}

/** The end of such a token, in milliseconds. */
export function endMsOf(token: string): number {
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
  return exp * 1_000;
}
