import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/** A sleep, or a bound in real time: a busy machine misses either. `contracts/until.ts` waits for the thing itself. */
const BY_THE_CLOCK = [
  /\bsetTimeout\(/,
  /\bsetInterval\(/,
  /\bAbortSignal\.timeout\(/,
  /\bimport \{ (?!setImmediate\b)[^}]*\} from "node:timers\/promises"/,
  /\bAtomics\.wait\(/,
  // They give up after a second, where they are not told otherwise.
  /\bexpect\.poll\(/,
  /\bvi\.waitFor\(/,
  /\bvi\.waitUntil\(/,
];

function faults(path: string, text: string): string[] {
  return BY_THE_CLOCK.flatMap((pattern) => {
    const at = text.search(pattern);
    return at < 0 ? [] : [`${path}:${text.slice(0, at).split("\n").length} waits by the clock: use test/contracts/until.ts`];
  });
}

describe("the tests", () => {
  test("wait for what must come, and not by the clock", () => {
    const files = repositoryFiles("test/**/*.test.ts").filter((path) => path !== "test/house/steady.test.ts");
    expect(files.length).toBeGreaterThan(80);
    expect(files.flatMap((path) => faults(path, textOf(path)))).toEqual([]);
  });

  test.each([
    "await new Promise((resolve) => setTimeout(resolve, 50));",
    'import { setTimeout as delay } from "node:timers/promises";',
    "fetch(url, { signal: AbortSignal.timeout(100) })",
    "await expect.poll(() => answered.length).toBe(1);",
    "await vi.waitFor(() => expect(answered).toHaveLength(1));",
  ])("are searched for %s", (line) => {
    expect(faults("a.test.ts", `\n${line}`)).toEqual([expect.stringContaining("a.test.ts:2 ")]);
  });

  test.each(['import { setImmediate } from "node:timers/promises";', 'vi.useFakeTimers({ toFake: ["setTimeout"] })'])(
    "may say %s",
    (line) => {
      expect(faults("a.test.ts", line)).toEqual([]);
    },
  );
});
