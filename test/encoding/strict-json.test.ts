import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readByHand } from "../../src/encoding/json-by-hand.js";
import { readJson } from "../../src/encoding/json-names.js";
import { readJson as readJsonOnTheWeb } from "../../src/encoding/json-names-web.js";
import { decodeUtf8, parseStrictJson } from "../../src/encoding/strict-json.js";
import { anyCharacter } from "../contracts/any-text.js";
import { cases } from "../contracts/matrix.js";

/** A name as a JSON string in which some characters are escaped: the same name, spelt differently. */
function escapedName(name: string, escapes: readonly boolean[]): string {
  const units = Array.from({ length: name.length }, (_, index) => name.charCodeAt(index));
  const spelt = units.map((unit, index) =>
    escapes[index % escapes.length]
      ? `\\u${unit.toString(16).padStart(4, "0")}`
      : JSON.stringify(String.fromCharCode(unit)).slice(1, -1),
  );
  return `"${spelt.join("")}"`;
}

/** A JSON text whose strings, names and values alike, are spelt with other escapes. */
function respelt(text: string, escapes: readonly boolean[]): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, (string) => escapedName(JSON.parse(string) as string, escapes));
}

function withoutMinusZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutMinusZero(each)]));
}

/** Places in a JSON text where a member may be added: right after each opening brace that is not in a string. */
function openings(text: string): number[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|\{/g)].filter(([found]) => found === "{").map(({ index }) => index + 1);
}

describe("strict JSON", () => {
  it("reads every document without duplicates, however it is spelt, as the value that was written", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }),
        fc.constantFrom(0, 2),
        fc.array(fc.boolean(), { minLength: 1 }),
        (json, indent, escapes) => {
          // JSON has no -0 of its own.
          const value = withoutMinusZero(json);
          const text = JSON.stringify(value, null, indent);
          // JSON.parse is no witness here: on Node 24 and 26 it misreads names.
          for (const spelt of [text, respelt(text, escapes)]) {
            expect(parseStrictJson(spelt, "it")).toStrictEqual(value);
            expect(parseStrictJson(Buffer.from(spelt), "it")).toStrictEqual(value);
          }
        },
      ),
      { numRuns: cases(500) },
    );
  });

  it("reads names that objects have by birth", () => {
    const text = '{"__proto__":{"__proto__":1},"constructor":2,"toString":3,"hasOwnProperty":4,"0":5,"length":6}';
    expect(Object.keys(parseStrictJson(text, "it") as object)).toHaveLength(6);
  });

  it("finds a member that was given twice, however either was spelt and however deep it stands", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.string({ unit: anyCharacter, minLength: 1, maxLength: 8 }),
        fc.array(fc.boolean(), { minLength: 1 }),
        fc.nat(),
        (value, name, escapes, at) => {
          const text = JSON.stringify({ around: [value, { [name]: value }] });
          const places = openings(text);
          const where = places[at % places.length] as number;
          const separator = text[where] === "}" ? "" : ",";
          const twice = `${text.slice(0, where)}${escapedName(name, escapes)}:0,${JSON.stringify(name)}:1${separator}${text.slice(where)}`;
          expect(readJson(twice).duplicate).toBeDefined();
          expect(readJsonOnTheWeb(twice)).toStrictEqual(readJson(twice));
          expect(() => parseStrictJson(twice, "it")).toThrow(expect.objectContaining({ code: "duplicate_member" }));
        },
      ),
      { numRuns: cases(200) },
    );
  });

  it("tells by counting what the search finds by looking", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('"a"', '"\\u0061"', '"b"', '"a:b"', '"{"', '"\\""', '"\\\\"', '""'),
            fc.constantFrom("1", '":"', "[{},[]]", '{"a":{"a":[]}}', '"\\\\\\":"'),
          ),
        ),
        (members) => {
          const text = `{${members.map(([name, value]) => `${name} : ${value}`).join(" ,")}}`;
          expect(readJson(text)).toStrictEqual(readByHand(text));
        },
      ),
      { numRuns: cases(1_000) },
    );
  });

  it("reads nesting that is deeper than the stack", () => {
    const deep = `${'{"a":['.repeat(60_000)}${"]}".repeat(60_000)}`;
    expect(readJson(deep).duplicate).toBeUndefined();
    expect(readJson(deep.replace("a", "\\u0061")).duplicate).toBeUndefined();
  });

  it("reads values as JSON.parse does beside a name that holds an escape", () => {
    const text =
      '\n{ "\\u0061" : [ -0 , 1e-2 , -1.5E+3,true , false,null,"x\\ny\\"" , {} , [ ],"a:b" ] , "b":{"__proto__":1,"2":2,"1":1}}\t';
    const value = parseStrictJson(text, "it") as { a: unknown; b: object };
    expect(value.a).toStrictEqual([-0, 0.01, -1500, true, false, null, 'x\ny"', {}, [], "a:b"]);
    expect(Object.entries(value.b)).toStrictEqual([
      ["1", 1],
      ["2", 2],
      ["__proto__", 1],
    ]);
    expect(Object.getPrototypeOf(value.b)).toBe(Object.prototype);
  });

  it.each([
    ["two byte order marks", Buffer.from("\ufeff\ufeff{}")],
    ["a byte order mark behind it", Buffer.from("{}\ufeff")],
    ["a byte order mark in UTF-16", Buffer.from("\ufeff{}", "utf16le")],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["an overlong encoding", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["two values", Buffer.from("{}{}")],
    ["nothing", Buffer.from("")],
  ])("refuses %s", (_, bytes) => {
    expect(() => parseStrictJson(bytes, "it")).toThrow(expect.objectContaining({ code: "invalid_json" }));
  });

  it("skips the byte order mark that Windows' editors write before it (canvas-lms#2639)", () => {
    for (const text of ['\ufeff{"a":"\ufeff"}', Buffer.from('\ufeff{"a":"\ufeff"}')]) {
      expect(parseStrictJson(text, "it")).toStrictEqual({ a: "\ufeff" });
    }
    expect(() => parseStrictJson("\ufeff{x", "it")).toThrow("line 1, column 2");
  });

  it("decodes UTF-8 strictly", () => {
    expect(decodeUtf8(Buffer.from("\ufeffé"))).toBe("\ufeffé");
    expect(decodeUtf8(Buffer.from([0xc3]))).toBeUndefined();
  });

  it.each([
    ['{\n  "a": }', "(line 2, column 8)"],
    ['{"a":1,}', "(line 1, column 8)"],
    ['{"a" 1}', "(line 1, column 6)"],
    ["[1,\n2,\n nope]", "(line 3, column 3)"],
    ['{"a":[1,2', "(line 1, column 10)"],
    ['{"a":', "ends too early"],
    ["", "ends too early"],
  ])("says where %j breaks", (text, where) => {
    expect(() => parseStrictJson(text, "signet.json")).toThrow(where);
  });

  it("never quotes what it read, not even where the text looks like a message", () => {
    for (const text of ["s3cret", '{"s3cret":s3cret}', "s3cret at position 99", '"s3cret\n"']) {
      expect(() => parseStrictJson(text, "it")).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining("s3cret") }),
      );
    }
  });
});
