import { describe, expect, it } from "vitest";
import { dayInWords } from "../../src/encoding/times-in-words.js";

/** 2026-12-31 23:30:00 UTC */
const NOW = 1_798_759_800;
const DAY = 86_400;

describe("a day in words", () => {
  it.each([
    [NOW, "today at 23:30 UTC"],
    [NOW - 84_600, "today at 00:00 UTC"],
    [NOW - 84_601, "yesterday"],
    [NOW + 1_799, "today at 23:59 UTC"],
    [NOW + 1_800, "tomorrow at 00:00 UTC"],
    [NOW - 2 * DAY, "on 29 December"],
    [NOW + 2 * DAY, "on 2 January 2027"],
    [-1, "on 31 December 1969"],
    [1e18, "at 1000000000000000000"],
  ])("of %d is: %s", (seconds, words) => {
    expect(dayInWords(seconds, NOW)).toBe(words);
  });
});
