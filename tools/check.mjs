/**
 * Everything that CI checks, one step after the other, all of them even when one fails.
 *
 *   node tools/check.mjs [--results DIR]   DIR receives the test results as JSON
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const at = process.argv.indexOf("--results");
const results = at < 0 ? mkdtempSync(join(tmpdir(), "signet-check-")) : resolve(process.argv[at + 1] ?? "");

/** @param {string} name */
const vitest = (name, ...more) => [
  "vitest",
  "run",
  ...more,
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${join(results, name)}`,
];

/** @type {[string, string[]][]} */
const steps = [
  ["format and lint", ["biome", "ci", "--colors=off", "."]],
  ["types", ["tsc", "--noEmit", "-p", "tsconfig.json"]],
  ["types of the tools", ["tsc", "--noEmit", "-p", "tsconfig.tools.json"]],
  ["dead code", ["knip"]],
  ["build", ["node", "tools/build.mjs"]],
  ["the house: the import matrix, texts, what the pages show", vitest("house.json", "--config", "test/house/vitest.config.ts")],
  ["tests", vitest("tests.json")],
  ["packaging", vitest("packaging.json", "--config", "test/packaging/vitest.config.ts")],
  ["budgets", ["node", "tools/budgets.mjs"]],
];

/** A test that did not run proves nothing: on a laptop it is only named, in CI it fails. */
function skippedIn(name) {
  const { testResults } = JSON.parse(readFileSync(join(results, name), "utf8"));
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== "passed" && status !== "failed").map(({ fullName }) => fullName),
  );
}

const failed = [];
for (const [what, [command, ...args]] of steps) {
  process.stdout.write(`\n== ${what}\n`);
  const path = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } });
  if (status !== 0) failed.push(what);
}

for (const name of ["house.json", "tests.json", "packaging.json"].filter((each) => existsSync(join(results, each)))) {
  for (const test of skippedIn(name)) {
    process.stdout.write(`skipped: ${test}\n`);
    if (process.env.CI === "true") failed.push(`skipped test: ${test}`);
  }
}

process.stdout.write(failed.length === 0 ? "\neverything checked\n" : `\nfailed: ${failed.join(", ")}\n`);
if (failed.length > 0) process.exitCode = 1;
