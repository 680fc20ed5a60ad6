import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Output } from "../../src/cli/output.js";
import { createProgress } from "../../src/cli/progress.js";

let written: string[];

beforeEach(() => {
  written = [];
  vi.useFakeTimers();
  vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Tells a number every tenth of a second. */
function worked(isWatched: boolean, tenths: number): readonly string[] {
  const progress = createProgress({ isWatched } as Output);
  for (let at = 1; at <= tenths; at++) {
    vi.advanceTimersByTime(100);
    progress.tell(`${at} done`);
  }
  progress.end(`${tenths} done`);
  return written;
}

it("says nothing of work that takes a second, and nothing where no one watches", () => {
  expect(worked(true, 11)).toStrictEqual([]);
  expect(worked(false, 50)).toStrictEqual([]);
});

it("says four times a second how far longer work is, on one line, and ends it", () => {
  expect(worked(true, 20)).toStrictEqual(["\r13 done", "\r16 done", "\r19 done", "\r20 done\n"]);
});
