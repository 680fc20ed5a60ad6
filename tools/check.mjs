/**
 * Everything that CI checks, one step after the other, all of them even when one fails.
 *
 *   node tools/check.mjs [--results DIR] [--without-tests]
 *
 * DIR receives the test results as JSON. Without the tests: for who runs `npm test` and `npm run test:nodes` as well.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { skippedIn } from "./test-failures.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const { values } = parseArgs({ options: { results: { type: "string" }, "without-tests": { type: "boolean", default: false } } });
const results = values.results === undefined ? mkdtempSync(join(tmpdir(), "signet-check-")) : resolve(values.results);

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
  ["types of the console's page", ["tsc", "--noEmit", "-p", "src/console/page/tsconfig.json"]],
  ["types of the tools", ["tsc", "--noEmit", "-p", "tsconfig.tools.json"]],
  ["dead code", ["knip"]],
  ["build", ["node", "tools/build.mjs"]],
  ["the house: the import matrix, texts, what the pages show", vitest("house.json", "--config", "test/house/vitest.config.ts")],
  ["tests", vitest("tests.json")],
  ["packaging", vitest("packaging.json", "--config", "test/packaging/vitest.config.ts")],
  ["budgets", ["node", "tools/budgets.mjs"]],
];

const failed = [];
for (const [what, [command, ...args]] of steps) {
  if (what === "tests" && values["without-tests"]) continue;
  process.stdout.write(`\n== ${what}\n`);
  const path = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } });
  if (status !== 0) failed.push(what);
}

failed.push(...skippedIn(results, ["house.json", "tests.json", "packaging.json"]));

process.stdout.write(failed.length === 0 ? "\neverything checked\n" : `\nfailed: ${failed.join(", ")}\n`);
if (failed.length > 0) process.exitCode = 1;
