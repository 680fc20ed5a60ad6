import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";

/** Below a test's own bound, so that it fails by the name of what did not come. */
const MAX_MS = 170_000;

/** Waits for the thing itself, by asking again and again: a slow machine waits longer and fails nothing. */
export async function until(what: string, question: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + MAX_MS;
  while (!(await question())) {
    if (performance.now() > end) throw new Error(`${what}: it did not come`);
    await delay(50);
  }
}

/** The same at each turn of the event loop: for what comes soon, and many times, or while timers are the test's. */
export async function untilTurn(what: string, question: () => boolean): Promise<void> {
  const end = performance.now() + MAX_MS;
  while (!question()) {
    if (performance.now() > end) throw new Error(`${what}: it did not come`);
    await turn();
  }
}
