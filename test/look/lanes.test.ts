import { describe, expect, it } from "vitest";
import { folded, lanesOf } from "../../src/look/lanes.js";
import { DAY, life, livesOf, NOW, ORDINARY, REVOKED } from "./lives.js";

const names = (lanes: readonly { name: string }[]) => lanes.map(({ name }) => name);

describe("what a change would do, beside what is", () => {
  it("is nothing where the preview says what is", () => {
    expect(lanesOf(ORDINARY, ORDINARY).lanes.filter(({ ghost }) => ghost !== undefined)).toStrictEqual([]);
  });

  it("is nothing where it was read three seconds later, or looks farther", () => {
    const later = ORDINARY.lives.map((each) => ({
      ...each,
      spans: each.spans.map(({ phase, from, to }) => ({ phase, from: from + 3, to: to >= ORDINARY.until ? to + DAY : to + 3 })),
    }));
    const preview = { ...ORDINARY, now: NOW + 3, until: ORDINARY.until + DAY, lives: later };
    expect(lanesOf(ORDINARY, preview).lanes.every(({ ghost }) => ghost === undefined)).toBe(true);
  });

  it("stands on the lanes that it moves, and on them alone", () => {
    const { lanes } = lanesOf(ORDINARY, REVOKED);
    expect(names(lanes.filter(({ ghost }) => ghost !== undefined))).toStrictEqual(["signing", "next"]);
    expect(lanes[1]?.ghost?.end).toBe("revoked");
    // What is stays beside it.
    expect(lanes[1]?.spans).toStrictEqual(ORDINARY.lives[1]?.spans);
  });

  it("gives a key that it would make a lane of its own, and empties that of one it would not", () => {
    const preview = livesOf(...ORDINARY.lives.slice(0, 3), life("new key 2", [["pending", 0, 60]], { isPlanned: true }));
    const { lanes } = lanesOf(ORDINARY, preview);
    expect(names(lanes)).toStrictEqual(["old", "signing", "next", "new key 1", "new key 2"]);
    expect(lanes[3]?.ghost).toStrictEqual({ spans: [], end: "removed" });
    expect(lanes[4]?.spans).toStrictEqual([]);
    expect(lanes[4]?.ghost?.spans).toHaveLength(1);
  });

  it("is shown as far as either looks", () => {
    const preview = { ...ORDINARY, from: NOW - 90 * DAY, until: NOW + 30 * DAY };
    expect(lanesOf(ORDINARY, preview)).toMatchObject({ from: NOW - 90 * DAY, until: NOW + 60 * DAY });
  });
});

describe("a hundred keys that have signed", () => {
  const past = Array.from({ length: 100 }, (_, index) => life(`past ${index}`, [["active", -59 + index / 10, -58 + index / 10]]));
  const lives = lanesOf(livesOf(...past, ...ORDINARY.lives));

  it("stand behind one line, but for the last two of them", () => {
    const { shown, folded: away } = folded(lives);
    expect(away).toHaveLength(99);
    expect(names(shown)).toStrictEqual(["past 99", "old", "signing", "next", "new key 1"]);
  });

  it("leave every one that a change moves", () => {
    const preview = livesOf(life("past 7", [["active", -59, -58]], { end: "revoked" }), ...past.slice(8), ...ORDINARY.lives);
    expect(names(folded(lanesOf(livesOf(...past.slice(7), ...ORDINARY.lives), preview)).shown)).toContain("past 7");
  });

  it("are not folded where there are few", () => {
    expect(folded(lanesOf(livesOf(...past.slice(0, 3), ...ORDINARY.lives.slice(1)))).folded).toStrictEqual([]);
  });
});
