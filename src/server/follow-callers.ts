import { setTimeout as delay } from "node:timers/promises";
import type { Installation } from "../assemble.js";
import type { FollowOptions } from "./follow.js";

type Tokens = NonNullable<Installation["config"]["tokens"]>;

/** The callers of a config file that may be edited, and what their tokens call keys. */
export interface FollowedCallers {
  readonly present: () => ReturnType<Installation["callers"]>;
  /** What proves them. */
  readonly proofs: () => ReturnType<Installation["proofs"]>;
  /** `tokens` as it is in force: `kids` and `certificates`, which change with the keys, as the file has them now, the rest as it was at first. */
  readonly tokens: () => Tokens;
  /** Reads them where the file has changed. */
  read(): Promise<void>;
  /**
   * Reads them so that the answer is as new as the question. Questions of a moment are answered by one look: strangers with wrong secrets
   * cost a few looks a second, however many they are.
   */
  lookAgain(): Promise<void>;
}

const LOOK_EVERY_MS = 100;

/** Follows the callers of an installation, and the names that tokens have for its keys. */
export function followCallers(
  installation: Pick<Installation, "callers" | "proofs" | "config">,
  changedConfig: FollowOptions["changedConfig"],
  onFailure: FollowOptions["onFailure"],
): FollowedCallers {
  let callers = installation.callers();
  let proofs = installation.proofs();
  let tokens: Tokens = installation.config.tokens ?? {};
  let reading: Promise<void> = Promise.resolve();
  let nextLook: Promise<void> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  // One after the other: the later look is the newer one.
  function read(): Promise<void> {
    const next = reading.then(async () => {
      const changed = await changedConfig();
      if (changed === undefined) return;
      const renamed = namingKeys(tokens, changed.tokens);
      // All or none: a proof names a caller of the same edit.
      [callers, proofs, tokens] = [installation.callers(changed.callers, renamed), installation.proofs(changed.callers), renamed];
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
    tokens: () => tokens,
    read,
    lookAgain() {
      nextLook ??= lookSoon();
      return nextLook;
    },
  });
}

function namingKeys({ kids: _, certificates: __, ...others }: Tokens, { kids, certificates }: Tokens = {}): Tokens {
  return { ...others, ...(kids && { kids }), ...(certificates && { certificates }) };
}
