import { describe, expect, it } from "vitest";
import { healthInWords, sentenceParts } from "../../../src/console/page/sentence.js";

const LONG = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx";
const named = (sentence: string, kids: readonly string[]) =>
  sentenceParts(sentence, kids).flatMap(({ words, kid }) => (kid === null ? [] : [[words, kid]]));

describe("a sentence about keys", () => {
  it("is cut at their names, and is whole when its parts are put together", () => {
    const sentence = "k3 signs; k4 takes over on 12 March.";
    expect(sentenceParts(sentence, ["k3", "k4"])).toStrictEqual([
      { words: "k3", kid: "k3" },
      { words: " signs; ", kid: null },
      { words: "k4", kid: "k4" },
      { words: " takes over on 12 March.", kid: null },
    ]);
  });

  it("names nothing by a part of another word", () => {
    expect(named("the subject, re-sub and sub_2 stay", ["sub"])).toStrictEqual([]);
    expect(named("`sub` is not allowed", ["sub"])).toStrictEqual([["sub", "sub"]]);
  });

  it("knows a name by its beginning where an ellipsis follows", () => {
    expect(named("0vx7ag… signs.", ["k4", LONG])).toStrictEqual([["0vx7ag…", LONG]]);
    expect(named("other… signs.", [LONG])).toStrictEqual([]);
  });

  it("takes the longer of two names that begin alike", () => {
    expect(named("k3-new signs; k3 is retired.", ["k3", "k3-new"])).toStrictEqual([
      ["k3-new", "k3-new"],
      ["k3", "k3"],
    ]);
  });

  it("finds no name within a word", () => {
    expect(named("tick3 and k33 are no keys", ["k3"])).toStrictEqual([]);
  });

  it.each([["<b>"], [".*"], ["a b"], [""], ["…"]])("takes the name %j for nothing but itself", (kid) => {
    const sentence = `${kid} signs until it is rotated by hand.`;
    const parts = sentenceParts(sentence, [kid]);
    expect(parts.map(({ words }) => words).join("")).toBe(sentence);
    expect(parts.filter((part) => part.kid !== null).every((part) => part.words === kid)).toBe(true);
  });

  it("costs no more than its length, whatever the names", () => {
    const parts = sentenceParts("k".repeat(20_000), ["k".repeat(19_000), "kk"]);
    expect(parts).toHaveLength(1);
  });
});

describe("how an installation is, in a few words", () => {
  it.each([
    [[true, true], "All is well"],
    [[true, null], "Nothing wrong was seen; one thing is not known"],
    [[null, null], "Nothing wrong was seen; 2 things are not known"],
    [[null, false], "One thing needs a look"],
    [[false, false], "2 things need a look"],
  ])("%j", (items, words) => {
    expect(healthInWords(items.map((isWell) => ({ isWell })))).toBe(words);
  });
});
