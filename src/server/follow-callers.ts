import { setTimeout as delay } from "node:timers/promises";
import type { Installation } from "../assemble.js";
import type { FollowOptions } from "./follow.js";

/** The callers of a config file that may be edited. */
export interface FollowedCallers {
  readonly present: () => ReturnType<Installation["callers"]>;
  /** What proves them. */
  readonly proofs: () => ReturnType<Installation["proofs"]>;
  /** Reads them where the file has changed. */
  read(): Promise<void>;
  /**
   * Reads them so that the answer is as new as the question. Questions of a moment are answered by one look: strangers with wrong secrets
   * cost a few looks a second, however many they are.
   */
  lookAgain(): Promise<void>;
}

const LOOK_EVERY_MS = 100;

/** Follows the callers of an installation. */
export function followCallers(
  installation: Pick<Installation, "callers" | "proofs">,
  changedCallers: FollowOptions["changedCallers"],
  onFailure: FollowOptions["onFailure"],
): FollowedCallers {
  let callers = installation.callers();
  let proofs = installation.proofs();
  let reading: Promise<void> = Promise.resolve();
  let nextLook: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  // One after the other: the later look is the newer one.
  function read(): Promise<void> {
    const next = reading.then(async () => {
      const changed = await changedCallers();
      if (changed === undefined) return;
      // Both or neither: a proof names a caller of the same edit.
      [callers, proofs] = [installation.callers(changed), installation.proofs(changed)];
    });
    reading = next.catch(() => undefined);
    return next;
  }

  async function lookSoon(): Promise<void> {
    await delay(Math.max(0, lookedAt + LOOK_EVERY_MS - performance.now()));
    // A request that asks from now on waits for the next one: this one may have looked already.
    nextLook = undefined;
    lookedAt = performance.now();
    await read().catch((error: unknown) => onFailure("config", error));
  }

  return Object.freeze({
    present: () => callers,
    proofs: () => proofs,
    read,
    lookAgain() {
      nextLook ??= lookSoon();
      return nextLook;
    },
  });
}
