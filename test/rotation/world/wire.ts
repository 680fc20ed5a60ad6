import { SignetError } from "../../../src/errors.js";
import type { Clockwork } from "./clockwork.js";

/** What becomes of one call of a manager. */
export interface Fate {
  readonly kind:
    | "crash-before" // the manager dies, nothing lands
    | "crash-after" // it lands, and the manager dies before it hears of it
    | "crash-in-flight" // the manager dies, and it lands hours later
    | "refused" // an error, nothing lands
    | "lost-reply" // it lands, and the answer is an error
    | "late" // an error at once, and it lands hours later all the same
    | "paused" // the manager sleeps for hours, then it lands
    | "early" // it is answered at once, and lands hours later
    | "stale"; // a read answers what was half a minute ago
  readonly delaySeconds: number;
}

/** A manager's process. */
export interface Actor {
  readonly name: string;
  isDead: boolean;
}

/** A fate that lies in wait: these calls have to be made in this order, and the last of them meets it. `*` is any call. */
export interface Ambush {
  readonly calls: readonly string[];
  readonly fate: Fate;
  /** So many calls of the last one's name meet it; 1 when absent. */
  readonly times?: number;
}

/** Carries calls from managers to the world, with the fates that were dealt. */
export interface Wire {
  call<T>(actor: Actor, name: string, effect: (isStale: boolean) => T): Promise<T>;
  lieInWait(ambush: Ambush): void;
  /** From now on every call arrives at once. */
  heal(): void;
  /** How many calls were made. */
  count(): number;
}

const LATENCY_SECONDS = 0.05;

export function createWire(clockwork: Clockwork, fates: Pick<ReadonlyMap<number, Fate>, "get">): Wire {
  let calls = 0;
  let isHealed = false;
  const waiting: { readonly ambush: Ambush; passed: number }[] = [];

  function metBy(name: string): Fate | undefined {
    let met: Fate | undefined;
    for (const each of waiting) {
      const { calls: expected, fate, times = 1 } = each.ambush;
      const next = expected[Math.min(each.passed, expected.length - 1)];
      if (each.passed === expected.length - 1 + times || (next !== name && next !== "*")) continue;
      each.passed++;
      if (each.passed >= expected.length) met ??= fate;
    }
    return met;
  }

  return {
    lieInWait: (ambush) => void waiting.push({ ambush, passed: 0 }),
    heal() {
      isHealed = true;
    },
    count: () => calls,
    call<T>(actor: Actor, name: string, effect: (isStale: boolean) => T): Promise<T> {
      return new Promise((resolve, reject) => {
        // A dead process sends nothing, and hears nothing.
        if (actor.isDead) return;
        const fate = isHealed ? undefined : (metBy(name) ?? fates.get(calls));
        calls++;
        const answer = (isStale: boolean): void => {
          try {
            const value = effect(isStale);
            if (!actor.isDead) resolve(value);
          } catch (error) {
            if (!actor.isDead) reject(error);
          }
        };
        const soon = clockwork.now() + LATENCY_SECONDS;
        const later = clockwork.now() + (fate?.delaySeconds ?? 0);
        const fail = (): void => reject(new SignetError("store_failed", "the network failed"));
        switch (fate?.kind) {
          case undefined:
            return clockwork.at(soon, () => answer(false));
          case "stale":
            return clockwork.at(soon, () => answer(true));
          case "crash-before":
            actor.isDead = true;
            return;
          case "crash-after":
            return clockwork.at(soon, () => {
              quietly(effect);
              actor.isDead = true;
            });
          case "crash-in-flight":
            actor.isDead = true;
            return clockwork.at(later, () => quietly(effect));
          case "refused":
            return clockwork.at(soon, fail);
          case "lost-reply":
            return clockwork.at(soon, () => {
              quietly(effect);
              fail();
            });
          case "late":
            clockwork.at(soon, fail);
            return clockwork.at(later, () => quietly(effect));
          case "early":
            // Only what has no answer can be answered so.
            clockwork.at(soon, () => resolve(undefined as T));
            return clockwork.at(later, () => quietly(effect));
          case "paused":
            return clockwork.at(later, () => answer(false));
        }
      });
    },
  };
}

function quietly(effect: (isStale: boolean) => unknown): void {
  try {
    effect(false);
  } catch {
    // Nobody listens.
  }
}
