import { describe, expect, test } from "vitest";
import { docstringExample, pageFaults, quickStart, readFromRoot, refreshed, regionOf } from "../../tools/docs.mjs";
import { repositoryFiles, textOf } from "./repository.js";

const EXAMPLE = 'import x from "x";\n// #region first\n  const a = 1;\n\n    const b = 2;\n// #endregion first\n';
const REGION = "const a = 1;\n\n  const b = 2;";

function read(path: string): string {
  if (path === "examples/a.ts" || path === "notes/a.ts") return EXAMPLE;
  if (path === "package.json") return '{ "scripts": { "check": "" } }';
  throw new Error("does not exist");
}

function page(marker: string, body: string, language = "ts"): string {
  return `# Title\n\n${marker}\n\`\`\`${language}\n${body}\n\`\`\`\n`;
}

describe("the pages", () => {
  const pages = repositoryFiles("*.md");

  test("are all seen", () => {
    expect(pages).toEqual(expect.arrayContaining(["README.md", "ARCHITECTURE.md"]));
  });

  test("show no code that CI does not run or type-check", () => {
    expect(pages.flatMap((path) => pageFaults(path, textOf(path), readFromRoot))).toEqual([]);
  });

  test("begin, in README, with the lines that CI runs", () => {
    expect(quickStart(textOf("README.md"))).toEqual(["npm ci && npm start", "npm ci && npm test"]);
  });
});

test("The quick start is README's first block without remarks and without cloning", () => {
  const readme = `${page("", "git clone URL && cd signet\nnpm ci && npm start   # makes an issuer\n", "console")}${page("", "later", "console")}`;
  expect(quickStart(readme)).toEqual(["npm ci && npm start"]);
});

describe("a code block", () => {
  test("may be a region of a file that CI runs, without its indentation", () => {
    expect(regionOf(EXAMPLE, "first")).toBe(REGION);
    expect(pageFaults("docs/a.md", page("<!-- from: examples/a.ts#first -->", REGION), read)).toEqual([]);
  });

  test("may be a whole file", () => {
    expect(pageFaults("docs/a.md", page("<!-- from: examples/a.ts -->", EXAMPLE.trimEnd()), read)).toEqual([]);
  });

  test.each([
    ["its file has changed", "<!-- from: examples/a.ts#first -->", "differs"],
    ["its region is gone", "<!-- from: examples/a.ts#second -->", "no region second"],
    ["its file is gone", "<!-- from: examples/b.ts -->", "does not exist"],
    ["CI does not know its file", "<!-- from: notes/a.ts#first -->", "neither runs nor type-checks"],
    ["it comes from nowhere", "", "comes from no file"],
  ])("is a fault when %s", (_, marker, fault) => {
    expect(pageFaults("docs/a.md", page(marker, "const a = 3;"), read)).toEqual([
      expect.stringMatching(`docs/a.md:4 .*${fault}`),
    ]);
  });

  test("that claims to be nothing but text needs no file", () => {
    expect(pageFaults("docs/a.md", page("", "a drawing", "text"), read)).toEqual([]);
  });

  test("that only shows npm scripts needs no file as long as they exist", () => {
    const session = (commands: string) => pageFaults("docs/a.md", page("", commands, "console"), read);
    expect(session("$ npm ci    # modules\n$ npm run check")).toEqual([]);
    expect(session("$ npm ci\n$ npm run chek")).toHaveLength(1);
    expect(session("$ npm run check\neverything checked")).toHaveLength(1);
  });

  test("needs no file where it is README's first, and only there", () => {
    const twice = page("", "npm ci", "sh") + page("", "npm ci", "sh");
    expect(pageFaults("README.md", twice, read)).toEqual([expect.stringContaining("README.md:10 ")]);
    expect(pageFaults("docs/a.md", twice, read)).toHaveLength(2);
  });

  test("is repaired by a refresh, which leaves the rest of the page alone", () => {
    const stale = `${page("<!-- from: examples/a.ts#first -->", "old\nolder")}tail\n${page("", "mine", "text")}`;
    const fresh = `${page("<!-- from: examples/a.ts#first -->", REGION)}tail\n${page("", "mine", "text")}`;
    expect(refreshed(stale, read)).toBe(fresh);
  });
});

describe("an example of a docstring", () => {
  const DOCSTRING =
    '/**\n * Does it.\n *\n * @example\n * ```ts\n * import { a } from "a";\n *\n * a();\n * ```\n *\n * @throws never\n */\n';
  const SOURCE = `/** Not this one. */\nexport const b = 1;\n\n${DOCSTRING}export async function a(): Promise<void>;\n\nfunction other() {}\n`;
  const readSource = () => SOURCE;

  test("is a block that comes from the function", () => {
    expect(docstringExample(SOURCE, "a")).toBe('import { a } from "a";\n\na();');
    const shown = page("<!-- from: src/a.ts#a() -->", 'import { a } from "a";\n\na();');
    expect(pageFaults("docs/a.md", shown, readSource)).toEqual([]);
    expect(refreshed(page("<!-- from: src/a.ts#a() -->", "old"), readSource)).toBe(shown);
  });

  test.each(["b", "other", "c"])("is missing where the function has none: %s", (name) => {
    expect(pageFaults("docs/a.md", page(`<!-- from: src/a.ts#${name}() -->`, "x"), readSource)).toEqual([
      expect.stringContaining(`has no docstring of ${name} with an example`),
    ]);
  });
});
