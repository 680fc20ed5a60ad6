import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FENCED = /^( *)(`{3,})[\s\S]*?^\1\2 *$/gm;

/** The names under which GitHub links a page's headings. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = markdown.replaceAll(FENCED, "").matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) => {
      const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "");
      const name = words.trim().replaceAll(/\s/g, "-");
      const times = seen.get(name) ?? 0;
      seen.set(name, times + 1);
      return times === 0 ? name : `${name}-${times}`;
    }),
  );
}

/** Links and pictures of a page that lead nowhere. */
function deadLinks(path: string, markdown: string, read: (path: string) => string | undefined): string[] {
  const links = markdown
    .replaceAll(FENCED, "")
    .replaceAll(/`[^`\n]*`/g, "")
    .matchAll(/\]\((?<link>[^)\s]+)\)|\b(?:src|srcset|href)="(?<named>[^"\s]+)"/g);
  return [...links].flatMap(({ groups }) => {
    const link = groups?.link ?? groups?.named ?? "";
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : relative(root, join(root, dirname(path), file));
    const text = target === path ? markdown : read(target);
    if (text === undefined) return [`${path}: ${link} is not there`];
    return anchor === undefined || anchorsOf(text).has(anchor) ? [] : [`${path}: ${link} names no heading`];
  });
}

describe("the pages' links", () => {
  const pages = repositoryFiles("*.md");
  const read = (path: string): string | undefined => {
    if (!existsSync(join(root, path))) return undefined;
    return path.endsWith(".md") ? textOf(path) : "";
  };

  test("lead to files and headings that are there", () => {
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.flatMap((path) => deadLinks(path, textOf(path), read))).toStrictEqual([]);
  });

  test("are dead where a file or a heading is missing, outside of code", () => {
    const page =
      '# A\n\n## B: `c.D`\n\n[1](#b-cd) [2](#b) [3](b.md) [4](gone.md#x) <img src="gone.png"> <img src="b.md">\n\n```text\n[5](gone.md)\n```\n';
    expect(deadLinks("docs/a.md", page, (path) => (path === "docs/b.md" ? "" : undefined))).toStrictEqual([
      "docs/a.md: #b names no heading",
      "docs/a.md: gone.md#x is not there",
      "docs/a.md: gone.png is not there",
    ]);
  });
});
