import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/** Where JSON is read: JSON.parse of some Nodes misreads names (`encoding/json-names.ts` says how). */
const READERS = ["json-by-hand", "json-names", "json-names-web", "strict-json"].map((name) => `src/encoding/${name}.ts`);

/** Every use of JSON but JSON.stringify, and every call of `.json()`, which parses as JSON.parse does. */
function parsers(path: string, source: string): string[] {
  const found: string[] = [];
  const harmless = new Set<unknown>();
  const line = (start: number) => `${path}:${source.slice(0, start).split("\n").length}`;
  new Visitor({
    MemberExpression: (node) => {
      const { object, property } = node;
      if (object.type !== "Identifier" || object.name !== "JSON") return;
      if (property.type === "Identifier" && property.name === "stringify" && !node.computed) harmless.add(object);
    },
    CallExpression: ({ callee, start, arguments: given }) => {
      const isJson =
        callee.type === "MemberExpression" && callee.property.type === "Identifier" && callee.property.name === "json";
      if (isJson && given.length === 0) found.push(line(start));
    },
    Identifier: (node) => {
      if (node.name === "JSON" && !harmless.has(node)) found.push(line(node.start));
    },
  }).visit(parseSync(path, source).program);
  return found;
}

describe("JSON", () => {
  test("is read in one place", () => {
    const files = repositoryFiles("src/*.ts", "src/*.tsx").filter((path) => !READERS.includes(path));
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap((path) => parsers(path, textOf(path)))).toEqual([]);
    expect(parsers("src/encoding/json-names.ts", textOf("src/encoding/json-names.ts"))).not.toEqual([]);
  });

  test.each([
    ["JSON.parse", "JSON.parse(text)"],
    ["JSON.parse by another spelling", 'JSON["parse"](text)'],
    ["JSON.parse by another name", "const { parse } = JSON"],
    ["JSON.parse handed on", "texts.map(JSON.parse)"],
    ["a response's json()", "await response.json()"],
  ])("by %s is found", (_, source) => {
    expect(parsers("a.ts", `\n${source};`)).toEqual(["a.ts:2"]);
  });

  test("that is written is let pass", () => {
    expect(parsers("a.ts", "JSON.stringify(value); // JSON.parse")).toEqual([]);
  });
});
