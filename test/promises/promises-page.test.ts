import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { textOf } from "../house/repository.js";

const root = new URL("../../", import.meta.url);
const page = textOf("docs/promises.md");

/** The names of a file's tests, without what tells the rows of a table apart. */
function testNames(path: string): readonly string[] {
  return [...textOf(path).matchAll(/\bit(?:\.each\([^;]*?\))?\(\s*"((?:[^"\\]|\\.)*)"/g)].map(([, name = ""]) =>
    name.replace(/ \((%s(, )?)+\)$/, ""),
  );
}

const section = (heading: string): string => {
  const from = page.indexOf(`## ${heading}\n`);
  expect(from, heading).toBeGreaterThan(-1);
  const to = page.indexOf("\n## ", from + 1);
  return page.slice(from, to < 0 ? undefined : to);
};

describe("docs/promises.md", () => {
  it("says of services that are away what is tried, by the same words, and nothing else", () => {
    const names = testNames("test/promises/services-away.test.ts");
    expect(names.length).toBeGreaterThan(10);
    const said = [...section("While a service of AWS is away").matchAll(/^- (.+)$/gm)].map(([, words]) => words);
    expect(said).toStrictEqual(names);
  });

  it("says of stolen roles what is tried, by the same words", () => {
    const names = testNames("test/promises/stolen-roles.test.ts");
    expect(names.length).toBeGreaterThan(7);
    const said = [...section("What a stolen role can do").matchAll(/^- (.+)$/gm)].map(([, words]) => words);
    expect(said).toStrictEqual(names);
  });

  it("says what ends a theft by the same words", () => {
    const said = [...section("What is stolen, and in which custody").matchAll(/^- (.+)$/gm)].map(([, words]) => words);
    expect(said).toStrictEqual(testNames("test/promises/what-ends-it.test.ts"));
    expect(said).toHaveLength(2);
  });

  it.each(["docs/promises.md", "docs/track-record.md", "SECURITY.md"])("names tests that there are (%s)", (path) => {
    const named = [...textOf(path).matchAll(/`(test\/[\w./-]+)`/g)].map(([, each = ""]) => each);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((each) => !existsSync(new URL(each, root)))).toStrictEqual([]);
  });

  it("names every version of Node that CI runs, and the least that the package asks for", () => {
    const [, list = ""] = /node: \[([^\]]+)\]/.exec(textOf(".github/workflows/ci.yml")) ?? [];
    const versions = [...list.matchAll(/"([\d.]+)"/g)].map(([, version = ""]) => version);
    expect(versions.length).toBeGreaterThan(3);
    const nodes = section("Which versions");
    for (const version of versions) expect(nodes).toContain(version);
    expect(JSON.parse(textOf("package.json")).engines.node).toBe(">=20.19");
  });
});
