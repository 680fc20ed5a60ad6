import { describe, expect, it } from "vitest";
import { pictureCss, timelineCss } from "../../src/look/looks.js";
import { contrastOf, DARK, LIGHT, PAIRS, themeCss } from "../../src/look/theme.js";

describe("the ratio of two colours", () => {
  it.each([
    ["#000000", "#ffffff", 21],
    ["#ffffff", "#ffffff", 1],
    // The grey that just suffices for words on white.
    ["#767676", "#ffffff", 4.54],
  ])("of %s and %s is %d, whichever comes first", (one, other, ratio) => {
    expect(contrastOf(one, other)).toBeCloseTo(ratio, 2);
    expect(contrastOf(other, one)).toBeCloseTo(ratio, 2);
  });
});

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
])("the %s colours", (_, theme) => {
  it.each(PAIRS)("let $over be told from $under, by $least at least", ({ over, under, least }) => {
    expect(contrastOf(theme[over], theme[under])).toBeGreaterThanOrEqual(least);
  });

  it("are all of one form, and all of those that differ by theme", () => {
    for (const color of Object.values(theme)) expect(color).toMatch(/^#[0-9a-f]{6}$/);
    expect(Object.keys(theme)).toStrictEqual(Object.keys(LIGHT));
  });

  it("keep the accent for one thing: no other colour is it", () => {
    expect(Object.entries(theme).filter(([, color]) => color === theme.accent)).toStrictEqual([["accent", theme.accent]]);
  });
});

describe("the rules for a page", () => {
  it("name every colour that the timeline uses", () => {
    const defined = new Set([...themeCss().matchAll(/(--[\w-]+):/g)].map(([, name]) => name));
    const used = [...timelineCss().matchAll(/var\((--[\w-]+)\)/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(10);
    expect(used.filter((name) => !defined.has(name))).toStrictEqual([]);
  });

  it("set the dark colours by preference alone", () => {
    const [light = "", dark = ""] = themeCss().split("@media (prefers-color-scheme:dark)");
    expect(light).toContain(`--ink:${LIGHT.ink};`);
    expect(dark).toContain(`--ink:${DARK.ink};`);
    expect(dark).not.toContain("--font-text");
  });
});

describe("the rules for a picture", () => {
  it("need no custom property, which not everything that draws pictures knows", () => {
    expect(pictureCss()).not.toContain("var(");
    expect(pictureCss().split("@media (prefers-color-scheme:dark)")[1]).toContain(DARK.accent);
  });
});
