/**
 * Everything that CI checks, all of it even when a step fails. Once it is built, the half that prints little runs beside the
 * other, and is shown after it.
 *
 *   node tools/check.mjs [--results DIR] [--without-tests]
 *
 * DIR receives the test results as JSON. Without the tests: for who runs `npm test` and `npm run test:nodes` as well.
 */
import { spawn } from "node:child_process";
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

/** @typedef {[what: string, command: string[]]} Step */

/** @type {Step[]} */
const aside = [
  ["format and lint", ["biome", "ci", "--colors=off", "."]],
  ["types", ["tsc", "--noEmit", "-p", "tsconfig.json"]],
  ["types of the console's page", ["tsc", "--noEmit", "-p", "src/console/page/tsconfig.json"]],
  ["types of the tools", ["tsc", "--noEmit", "-p", "tsconfig.tools.json"]],
  ["dead code", ["knip"]],
  ["packaging", vitest("packaging.json", "--config", "test/packaging/vitest.config.ts")],
];
/** @type {Step[]} */
const shown = [
  ["the house: the import matrix, texts, what the pages show", vitest("house.json", "--config", "test/house/vitest.config.ts")],
  ...(values["without-tests"] ? [] : [/** @type {Step} */ (["tests", vitest("tests.json")])]),
  ["budgets", ["node", "tools/budgets.mjs"]],
];

/** @type {string[]} */
const failed = [];
const PATH = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;

/** @param {import("node:child_process").ChildProcess} child @param {(text: string) => void} print @returns {Promise<boolean>} */
function succeeds(child, print) {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      print(`${error.message}\n`);
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
}

/** @param {Step[]} steps @param {(text: string) => void} [keep] receives what they print, where it is to be shown later */
async function runAll(steps, keep) {
  const print = keep ?? ((text) => void process.stdout.write(text));
  for (const [what, [command = "", ...args]] of steps) {
    print(`\n== ${what}\n`);
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = keep === undefined ? "inherit" : ["ignore", "pipe", "pipe"];
    const child = spawn(command, args, { cwd: root, stdio, env: { ...process.env, PATH } });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => keep?.(text));
    if (!(await succeeds(child, print))) failed.push(what);
  }
}

await runAll([["build", ["node", "tools/build.mjs"]]]);
let later = "";
const keep = (/** @type {string} */ text) => {
  later += text;
};
try {
  await Promise.all([runAll(aside, keep), runAll(shown)]);
} finally {
  process.stdout.write(later);
}

failed.push(...skippedIn(results, ["house.json", "tests.json", "packaging.json"]));

process.stdout.write(failed.length === 0 ? "\neverything checked\n" : `\nfailed: ${failed.join(", ")}\n`);
if (failed.length > 0) process.exitCode = 1;
