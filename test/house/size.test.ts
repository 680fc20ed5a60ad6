import { describe, expect, test } from "vitest";
import { repositoryFiles, textOf } from "./repository.js";

const CODE = /\.(ts|tsx|mts|js|mjs|cjs|css)$/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
const MAX_SOURCE_LINES = 350;
const MAX_TEST_LINES = 500;

function sizeFault(path: string, text: string): string | undefined {
  const lines = text.replace(/\n$/, "").split("\n").length;
  const limit = path.startsWith("test/") ? MAX_TEST_LINES : MAX_SOURCE_LINES;
  return lines > limit ? `${path} has ${lines} lines, more than ${limit}` : undefined;
}

function nameFault(path: string): string | undefined {
  const odd = path.split("/").find((part) => !KEBAB_CASE.test(part.replace(/^\./, "")));
  return odd === undefined ? undefined : `${path}: ${odd} is not in kebab-case`;
}

const code = repositoryFiles("src", "test", "tools", "bench", "examples", "cdk", "bin").filter(
  (path) => CODE.test(path) || path.startsWith("bin/"),
);

describe("the code of Signet", () => {
  test("is all seen", () => {
    expect(code).toEqual(expect.arrayContaining(["bin/signet", "src/errors.ts", "test/house/size.test.ts", "tools/build.mjs"]));
  });

  test("keeps its files short", () => {
    expect(code.flatMap((path) => sizeFault(path, textOf(path)) ?? [])).toEqual([]);
  });

  test("names its files in kebab-case", () => {
    expect(code.flatMap((path) => nameFault(path) ?? [])).toEqual([]);
  });
});

describe("the limits", () => {
  test.each([
    ["src/a.ts", 350, 351],
    ["tools/a.mjs", 350, 351],
    ["test/a.test.ts", 500, 501],
  ])("let %s have %i lines and refuse %i", (path, allowed, refused) => {
    expect(sizeFault(path, "x\n".repeat(allowed))).toBeUndefined();
    expect(sizeFault(path, "x\n".repeat(refused))).toContain(path);
  });

  test.each(["src/keyRing.ts", "src/Keyring/a.ts", "src/key_ring.ts", "src/key--ring.ts"])("refuse the name %s", (path) => {
    expect(nameFault(path)).toContain(path);
  });

  test.each(["src/key-ring.ts", "test/a-b.test.ts", "src/rfc7515.ts"])("let the name %s pass", (path) => {
    expect(nameFault(path)).toBeUndefined();
  });
});
