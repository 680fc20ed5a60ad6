import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationInWords, parseDuration } from "../../src/encoding/durations.js";

const UNITS = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 };
const WORDS: Readonly<Record<string, number>> = { day: 86_400, hour: 3_600, minute: 60, second: 1 };

/** Seconds as people type them: the largest units first, those with nothing left out. */
function typed(seconds: number): string {
  let rest = seconds;
  const parts = Object.entries(UNITS).map(([unit, scale]) => {
    const count = Math.floor(rest / scale);
    rest -= count * scale;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return parts.join("") || "0s";
}

describe("durations", () => {
  it("are read as they were typed", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 9 }), (seconds) => {
        expect(parseDuration(typed(seconds), "--ttl")).toBe(seconds);
        expect(parseDuration(String(seconds), "--ttl")).toBe(seconds);
      }),
    );
  });

  it("are said in words to within the smaller of the two units", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 9 }), (seconds) => {
        const said = [...durationInWords(seconds).matchAll(/(\d+) (day|hour|minute|second)s?/g)];
        const scales = said.map(([, , unit = ""]) => WORDS[unit] as number);
        const total = said.reduce((sum, [, count], index) => sum + Number(count) * (scales[index] as number), 0);
        expect(said.length).toBeGreaterThan(0);
        expect(said.length).toBeLessThanOrEqual(2);
        expect(total).toBeLessThanOrEqual(seconds);
        // What is left unsaid is less than one of the first unit, for the second unit may be nothing.
        expect(seconds - total).toBeLessThan(scales[0] as number);
      }),
    );
  });

  it.each([
    [0, "0 seconds"],
    [1, "1 second"],
    [90, "1 minute 30 seconds"],
    [3_600, "1 hour"],
    [-840, "14 minutes"],
    [93_784, "1 day 2 hours"],
  ])("say %i as %s", (seconds, words) => {
    expect(durationInWords(seconds)).toBe(words);
  });

  it.each([
    "",
    "-1",
    "1.5h",
    " 10m",
    "10 m",
    "m",
    "1y",
    "10M",
    "1e3",
    "0x10",
    "9999999999999",
    "999999999w999999999w".repeat(40),
  ])("refuse %j", (text) => {
    expect(() => parseDuration(text, "--ttl")).toThrow(expect.objectContaining({ code: "usage", field: "--ttl" }));
  });
});
