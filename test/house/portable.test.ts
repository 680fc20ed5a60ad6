import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

/** A path that only one machine has, or a registry's host: either would break, or spy on, whoever clones. */
const NOT_PORTABLE: readonly [string, RegExp][] = [
  ["a developer's home directory", /(?<![\w.:/-])\/(home|Users)\/\w+/],
  ["a developer's working directory", /(?<![\w.:/-])\/(root|work|workspace|workspaces)\/[\w.]/],
  ["a developer's home directory", /[A-Z]:\\+Users\\+\w/i],
  [
    "a package registry",
    /\b(registry\.npmjs|registry\.yarnpkg|npm\.pkg\.github|files\.pythonhosted|proxy\.golang|repo1?\.maven)\.\w/,
  ],
  ["a package registry", /\bpypi\.org\/simple|\/artifactory\/|\/repository\/npm/],
  ["where a package was fetched from", /"resolved":\s*"https?:/],
];

function faults(path: string, text: string): string[] {
  return NOT_PORTABLE.flatMap(([what, pattern]) => {
    const at = text.search(pattern);
    return at < 0 ? [] : [`${path}:${text.slice(0, at).split("\n").length} names ${what}`];
  });
}

describe("the repository", () => {
  const files = repositoryFiles();

  test("is all seen", () => {
    expect(files).toEqual(expect.arrayContaining(["package.json", "package-lock.json", "src/errors.ts"]));
  });

  test("names no machine and no registry", () => {
    expect(files.flatMap((path) => faults(path, textOf(path)))).toEqual([]);
  });
});

describe("the search", () => {
  test.each([
    ["a home directory", ["see /", "home/alice/signet"]],
    ["a home directory on a Mac", ["file = '/", "Users/alice/x'"]],
    ["a home directory on Windows", ["C:", "\\Users\\alice"]],
    ["a working directory", ["cd /", "work/main"]],
    ["the superuser's directory", ["(/", "root/.npmrc)"]],
    ["a registry", ["https://registry.", "npmjs.org/jose"]],
    ["a mirror", ["http://mirror.local/", "artifactory/api/npm"]],
    ["a resolved package", ['"resolved": ', '"https://x.test/jose.tgz"']],
  ])("finds %s", (_, pieces) => {
    expect(faults("a.md", `first line\n${pieces.join("")}\n`)).toEqual([expect.stringContaining("a.md:2 ")]);
  });

  test.each(["https://issuer.example/home/alice", "./work/main", "/tmp/signet", "the root/branch"])("lets %s pass", (text) => {
    expect(faults("a.md", text)).toEqual([]);
  });
});
