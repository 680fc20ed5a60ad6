import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimated, type Label, placed } from "../../src/look/labels.js";

const label = (x: number, words: string, weight = 0): Label => ({ x, words, weight, look: "caption" });
const room = { from: 0, to: 200, gap: 10 };
const tenEach = (words: string) => words.length * 10;

describe("labels", () => {
  it("stand to the right of their points, or to the left where there is no room", () => {
    const found = placed([label(20, "abc"), label(195, "defgh")], room, tenEach);
    expect(found.map(({ left, width }) => [left, left + width])).toStrictEqual([
      [20, 50],
      [150, 200],
    ]);
  });

  it("turn to the left of their points where another stands on the right", () => {
    const found = placed([label(100, "heavy", 2), label(85, "light", 1)], room, tenEach);
    expect(found.map(({ words, left }) => [words, left])).toStrictEqual([
      ["light", 35],
      ["heavy", 100],
    ]);
  });

  it("are left out where they would touch one that weighs more", () => {
    const found = placed([label(88, "light", 1), label(100, "heavyheavy", 2), label(110, "light too", 0)], room, tenEach);
    expect(found.map(({ words }) => words)).toStrictEqual(["light", "heavyheavy"]);
  });

  it("never touch, and never leave their room", () => {
    const labels = fc.array(
      fc.tuple(fc.integer({ min: -50, max: 900 }), fc.string({ maxLength: 30 }), fc.integer({ min: 0, max: 4 })),
    );
    fc.assert(
      fc.property(labels, fc.constantFrom("side" as const, "middle" as const), (given, align) => {
        const wide = { from: 10, to: 700, gap: 6 };
        const found = placed(
          given.map(([x, words, weight]) => label(x, words, weight)),
          wide,
          estimated(11),
          align,
        );
        for (const [index, { left, width }] of found.entries()) {
          expect(left).toBeGreaterThanOrEqual(wide.from);
          expect(left + width).toBeLessThanOrEqual(wide.to + 1e-6);
          const next = found[index + 1];
          if (next !== undefined) expect(left + width + wide.gap).toBeLessThanOrEqual(next.left + 1e-6);
        }
      }),
    );
  });
});
