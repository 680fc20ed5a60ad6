import { describe, expect, it } from "vitest";
import { holdsBackslashName, parseJson, readJson } from "../../src/encoding/json-names.js";
import { parseStrictJson } from "../../src/encoding/strict-json.js";
import { objectFrom } from "../../src/verify/token.js";

/*
 * nodejs/node#63785. Each case parses one text so that JSON.parse of Node 24 and 26 reads the next one wrong. The first member's
 * name is each case's own, so that no other test's texts are misread for it.
 */
const CASES: readonly (readonly [string, string, string, string[]])[] = [
  ["a letter", '{"one":1,"\\\\":1}', '{"one":1,"\\u0062":2}', ["one", "b"]],
  ["a line feed", '{"two":1,"\\\\":1}', '{"two":1,"\\n":2}', ["two", "\n"]],
  ["a quote", '{"three":1,"\\\\":1}', '{"three":1,"\\"":2}', ["three", '"']],
  ["two letters", '{"four":1,"\\\\u":1}', '{"four":1,"\\u0062\\u0063":2}', ["four", "bc"]],
  ["a line feed with more behind it", '{"five":1,"\\\\n":1}', '{"five":1,"\\nx":2}', ["five", "\nx"]],
  ["a line feed with more before it", '{"six":1,"x\\\\n":1}', '{"six":1,"x\\ny":2}', ["six", "x\ny"]],
  ["a backslash and a line feed", '{"seven":1,"\\\\\\\\":1}', '{"seven":1,"\\\\\\n":2}', ["seven", "\\\n"]],
  ["a registered claim", '{"eight":1,"\\\\u0":1}', '{"eight":1,"\\u0073\\u0075\\u0062":2}', ["eight", "sub"]],
];

describe("a JSON parser that reads one name for another", () => {
  it.each(CASES)("does not make us misread %s", (_, poison, text, names) => {
    JSON.parse(poison);
    for (const read of [
      parseStrictJson(text, "it"),
      parseStrictJson(Buffer.from(text), "it"),
      parseJson(text),
      objectFrom(Buffer.from(text), "payload"),
    ]) {
      expect(Object.keys(read as object)).toEqual(names);
      expect(Object.values(read as object)).toEqual([1, 2]);
    }
  });

  it.each(CASES)("does not make us misread %s deep within a text", (_, poison, text, names) => {
    JSON.parse(`[${poison}]`);
    const read = parseStrictJson(`{"all":[${text},${text}],"\\u0061":{"in":${text}}}`, "it") as {
      all: object[];
      a: { in: object };
    };
    for (const object of [...read.all, read.a.in]) expect(Object.keys(object)).toEqual(names);
  });

  it("hides no member that is given twice", () => {
    JSON.parse('{"nine":1,"\\\\":1}');
    for (const text of ['{"nine":1,"b":2,"\\u0062":3}', '{"nine":1,"\\u0062":2,"b":3}', '{"nine":1,"\\u0062":2,"\\u0062":3}']) {
      expect(readJson(text).duplicate).toBe("b");
      expect(() => parseStrictJson(text, "it")).toThrow(expect.objectContaining({ code: "duplicate_member", field: "b" }));
      expect(() => objectFrom(Buffer.from(text), "payload")).toThrow(expect.objectContaining({ code: "token_malformed" }));
    }
  });

  it("makes no two members one", () => {
    JSON.parse('{"ten":1,"\\\\":1}');
    expect(parseStrictJson('{"ten":1,"\\u0062":2,"\\u0063":3,"\\\\":4}', "it")).toEqual({ ten: 1, b: 2, c: 3, "\\": 4 });
  });

  it("leaves a backslash in every name that it misreads, which tells what was parsed elsewhere", () => {
    for (const [, poison, text, names] of CASES) {
      JSON.parse(poison);
      const parsed = JSON.parse(`{"claims":[${text}]}`) as { claims: [object] };
      if (Object.keys(parsed.claims[0]).join() !== names.join()) expect(holdsBackslashName(parsed)).toBe(true);
    }
  });
});

describe("a name with a backslash", () => {
  it.each([
    ["at the top", { "\\": 1 }],
    ["in a list", [[{ a: { "b\\": 1 } }]]],
    ["very deep", JSON.parse(`${'{"a":['.repeat(60_000)}{"\\\\n":1}${"]}".repeat(60_000)}`)],
  ])("is found %s", (_, value) => {
    expect(holdsBackslashName(value)).toBe(true);
  });

  it.each([["\\"], [null], [{ a: "\\", b: ["\\"] }], [1]])("is not what %j holds", (value) => {
    expect(holdsBackslashName(value)).toBe(false);
  });
});
