import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captionsOf, storyOf } from "../../src/look/captions.js";
import { estimated } from "../../src/look/labels.js";
import { lanesOf } from "../../src/look/lanes.js";
import { type Scene, type Shape, sceneOf } from "../../src/look/scene.js";
import { DAY, life, livesOf, NOW, ORDINARY, REVOKED } from "./lives.js";

const looks = (shapes: readonly Shape[]) => shapes.map(({ look }) => look);
const rowOf = (scene: Scene, name: string) => scene.lanes.find(({ lane }) => lane.name === name);
const barsOf = (scene: Scene, name: string) => looks(rowOf(scene, name)?.shapes ?? []).filter((look) => !look.startsWith("lane"));
const wordsOf = (shapes: readonly Shape[]) => shapes.flatMap((shape) => (shape.kind === "text" ? [shape.words] : []));
const scene = sceneOf(lanesOf(ORDINARY), { width: 1_000 });

describe("the picture of a key's life", () => {
  it("is solid up to now, and an outline from then on", () => {
    expect(barsOf(scene, "signing")).toStrictEqual([
      "pending past",
      "ready past",
      "active past",
      "active future",
      "retired future",
    ]);
    expect(barsOf(scene, "next")).toStrictEqual(["pending past", "ready past", "ready future", "active future"]);
    expect(barsOf(scene, "new key 1")).toStrictEqual(["pending future", "ready future"]);
  });

  it("is crossed where the key was revoked", () => {
    expect(barsOf(scene, "old")).toStrictEqual(["active past", "revoked past"]);
  });

  it("is crossed at the time of a revocation after which the key signs on", () => {
    const revokedAt = NOW - DAY;
    const lives = livesOf(life("on", [["active", -10, 60]], { end: "revoked", revokedAt }));
    const drawn = sceneOf(lanesOf(lives), { width: 1_000 });
    expect(barsOf(drawn, "on")).toStrictEqual(["active past", "active future", "revoked past"]);
    expect(storyOf(lanesOf(lives).lanes[0] as never, NOW)).toBe(
      "on (ES256): active from 17 November; revoked 26 November, 08:15 UTC",
    );
  });

  it.each([
    ["before it signed", -30, "known past"],
    ["while it signs", 5, "known future"],
  ])("has a ring from when every verifier has it: %s", (_, knownInDays, look) => {
    const lives = livesOf(
      life(
        "first",
        [
          ["pending", -40, -20],
          ["active", -20, 60],
        ],
        { knownAt: NOW + knownInDays * DAY },
      ),
    );
    expect(barsOf(sceneOf(lanesOf(lives), { width: 1_000 }), "first")).toContain(look);
  });

  it("has no ring where the key left before every verifier had it", () => {
    const lives = livesOf(life("short", [["pending", -40, -38]], { knownAt: NOW - 35 * DAY, end: "removed" }));
    expect(barsOf(sceneOf(lanesOf(lives), { width: 1_000 }), "short")).toStrictEqual(["pending past"]);
  });
});

describe("the thread of the keys that sign", () => {
  it("leads from each to the next, down from lane to lane, where the one takes over", () => {
    const middleOf = (name: string) => /^M[\d.]+ (?<y>[\d.]+)H/.exec(pathOf(rowOf(scene, name)?.shapes, "lane-line"))?.groups?.y;
    const threads = scene.back.flatMap((shape) => (shape.kind === "path" && shape.look.startsWith("thread") ? [shape] : []));
    expect(threads).toStrictEqual([
      { kind: "path", look: "thread past", d: `M311.3 ${middleOf("old")}V${middleOf("signing")}` },
      { kind: "path", look: "thread future", d: `M683.5 ${middleOf("signing")}V${middleOf("next")}` },
    ]);
  });
});

function pathOf(shapes: readonly Shape[] = [], look: string): string {
  const found = shapes.find((shape) => shape.look === look);
  return found?.kind === "path" ? found.d : "";
}

describe("what was over before the time that is shown", () => {
  const lives = livesOf(
    life("older", [["active", -90, -70]], { end: "removed" }),
    life("old", [
      ["pending", -80, -70],
      ["active", -70, 60],
    ]),
  );

  it("is not drawn at its edge", () => {
    const drawn = sceneOf(lanesOf(lives), { width: 1_000 });
    expect(barsOf(drawn, "older")).toStrictEqual([]);
    expect(barsOf(drawn, "old")).toStrictEqual(["active past", "active future"]);
    expect(looks(drawn.back).filter((look) => look.startsWith("thread"))).toStrictEqual([]);
    expect(wordsOf(rowOf(drawn, "old")?.words ?? [])).toStrictEqual(["old", "ES256", "signs since 18 Sep"]);
  });
});

describe("what a change would do", () => {
  const previewed = sceneOf(lanesOf(ORDINARY, REVOKED), { width: 1_000 });

  it("is dashed, over what then yields", () => {
    expect(barsOf(previewed, "next")).toStrictEqual([
      "pending past",
      "ready past",
      "ready future yields",
      "active future yields",
    ]);
    expect(looks(rowOf(previewed, "next")?.ghost ?? [])).toStrictEqual(["active ghost"]);
    expect(looks(rowOf(previewed, "signing")?.ghost ?? [])).toStrictEqual(["revoked ghost"]);
  });

  it("leaves what has been, and the lanes that it does not move", () => {
    expect(rowOf(previewed, "old")?.ghost).toStrictEqual([]);
    expect(barsOf(previewed, "old")).toStrictEqual(barsOf(scene, "old"));
  });

  it("takes the thread along", () => {
    expect(looks(previewed.ghostThreads)).toStrictEqual(["thread ghost"]);
    expect(looks(previewed.back)).toContain("thread future yields");
  });

  it("is written over the lanes that it moves", () => {
    expect(wordsOf(rowOf(previewed, "signing")?.words ?? [])).toContain("revoked 27 Nov, 08:15");
  });
});

describe("the line of now", () => {
  it("stands at its time, and no tick is written where its word is", () => {
    expect(pathOf(scene.front, "now-line")).toMatch(/^M582 /);
    const ticks = scene.back.flatMap((shape) => (shape.kind === "text" ? [shape] : []));
    expect(ticks.length).toBeGreaterThan(2);
    for (const { x, words } of ticks) expect(x > 600 || x + estimated(11)(words) < 564).toBe(true);
  });
});

describe("a hundred keys", () => {
  const past = Array.from({ length: 100 }, (_, index) => life(`past ${index}`, [["active", -59, -58]], { end: "removed" }));
  const many = lanesOf(livesOf(...past, ...ORDINARY.lives));

  it("stand behind a line that says how many", () => {
    const { fold, lanes, height } = sceneOf(many, { width: 1_000 });
    expect(fold?.count).toBe(99);
    expect(wordsOf(fold?.words ?? [])).toStrictEqual(["99 earlier keys", "the last left 30 Sep"]);
    expect(lanes).toHaveLength(5);
    expect(height).toBeLessThan(400);
  });

  it("stand closer together where they are all shown", () => {
    const { fold, lanes } = sceneOf(many, { width: 1_000, isUnfolded: true });
    expect(fold).toBeNull();
    expect(lanes).toHaveLength(104);
    expect(lanes[0]?.height).toBeLessThan(rowOf(scene, "old")?.height ?? 0);
  });
});

describe("a picture of any width", () => {
  const name = fc.string({ maxLength: 60 });

  it("keeps its words within it, and apart", () => {
    fc.assert(
      fc.property(fc.integer({ min: 256, max: 3_840 }), name, fc.boolean(), (width, signing, isPreviewed) => {
        const named = (lives: typeof ORDINARY) => ({
          ...lives,
          lives: lives.lives.map((each) => (each.name === "signing" ? { ...each, name: `${signing}.` } : each)),
        });
        const drawn = sceneOf(lanesOf(named(ORDINARY), isPreviewed ? named(REVOKED) : undefined), { width, selected: "next" });
        for (const { words, y, height } of drawn.lanes) {
          const captions = words.flatMap((shape) => (shape.kind === "text" && shape.look.startsWith("caption") ? [shape] : []));
          for (const [index, { x, y: at, words: text }] of captions.entries()) {
            const end = x + estimated(11)(text);
            expect(x).toBeGreaterThanOrEqual(0);
            expect(end).toBeLessThanOrEqual(width);
            expect(at).toBeGreaterThan(y);
            expect(at).toBeLessThan(y + height);
            expect(captions[index + 1]?.x ?? Number.POSITIVE_INFINITY).toBeGreaterThan(end);
          }
        }
      }),
    );
  });

  it("puts the names over the lanes where there is no room beside them", () => {
    const narrow = sceneOf(lanesOf(ORDINARY), { width: 320 });
    const line = pathOf(rowOf(narrow, "next")?.shapes, "lane-line");
    expect(line).toMatch(/^M12 /);
    expect(pathOf(rowOf(scene, "next")?.shapes, "lane-line")).toMatch(/^M176 /);
    const [nameShape] = rowOf(narrow, "next")?.words ?? [];
    expect(nameShape?.kind === "text" && nameShape.y < Number(/^M12 (?<y>[\d.]+)/.exec(line)?.groups?.y)).toBe(true);
  });
});

describe("the words of a lane", () => {
  const frame = { now: NOW, left: 176, right: 988, x: (time: number) => 582 + (time - NOW) / DAY, measure: estimated(11) };

  it("say what has been in the past, and what is planned in the future", () => {
    const wide = { ...frame, left: 0, right: 9_000, x: (time: number) => 4_500 + ((time - NOW) / DAY) * 50 };
    const lane = life(
      "next",
      [
        ["pending", -14, -7],
        ["ready", -7, 15],
        ["active", 15, 40],
        ["retired", 40, 50],
      ],
      { end: "removed" },
    );
    expect(captionsOf(lane, wide).map(({ words }) => words)).toStrictEqual([
      "pending 13 Nov",
      "every verifier has it since 20 Nov",
      "signs from 12 Dec",
      "retired 6 Jan 2027",
      "removed 16 Jan 2027",
    ]);
  });

  it("leave out what weighs least where there is no room", () => {
    const lane = life("next", [
      ["pending", -3, -2],
      ["ready", -2, 1],
      ["active", 1, 9],
    ]);
    expect(captionsOf(lane, frame).map(({ words }) => words)).toContain("signs from 28 Nov, 08:15");
    expect(captionsOf(lane, frame)).toHaveLength(2);
  });

  it("tell who hears it the whole life, and what a change would make of it", () => {
    const [, lane] = lanesOf(ORDINARY, REVOKED).lanes;
    expect(lane && storyOf(lane, NOW)).toBe(
      "signing (ES256): pending from 13 October; every verifier has it from 17 October; active from 18 October; " +
        "retired from 12 December; removed 20 December; after the change: pending from 13 October; " +
        "every verifier has it from 17 October; active from 18 October; revoked 27 November, 08:15 UTC",
    );
  });
});
