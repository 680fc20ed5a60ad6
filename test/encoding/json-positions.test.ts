import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberPositions } from "../../src/encoding/json-positions.js";

const ALL = Number.POSITIVE_INFINITY;

function paths(value: unknown, at: readonly string[] = []): string[] {
  const inner = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [JSON.stringify(at), ...inner.flatMap(([name, each]) => paths(each, [...at, name]))];
}

describe("the positions of members", () => {
  it("are those of their names, and of values in lists", () => {
    const text = '{ "a": {"b\\u0063": [1, {"d": "x,]"}]},\n "e": -1.5e3}';
    const found = [...memberPositions(text, ALL)].map(([path, position]) => [path, text.slice(position, position + 3)]);
    expect(found).toStrictEqual([
      ["[]", '{ "'],
      ['["a"]', '"a"'],
      ['["a","bc"]', '"b\\'],
      ['["a","bc","0"]', "1, "],
      ['["a","bc","1"]', '{"d'],
      ['["a","bc","1","d"]', '"d"'],
      ['["e"]', '"e"'],
    ]);
  });

  it("are known for every value of every text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.integer({ min: 0, max: 3 }), (json, indent) => {
        const value: unknown = JSON.parse(json);
        const text = JSON.stringify(value, null, indent);
        expect([...memberPositions(text, ALL).keys()].sort()).toStrictEqual(paths(value).sort());
      }),
      { numRuns: 60 },
    );
  });

  it("are known behind a text of millions of escapes", () => {
    const text = `{"a":"${'\\"'.repeat(4_000_000)}","b":1}`;
    expect(memberPositions(text, ALL).get('["b"]')).toBe(text.length - 6);
  });
});
