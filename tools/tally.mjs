/**
 * Prints `N passed, N failed` over the test results that `npm run check`, `npm run test:nodes` and README's command left, and before it each
 * test that failed, with why: what is kept of a long log is its end. A run that stopped for another reason than a test counts as one failure,
 * and in CI a test that did not run does.
 *
 *   node tools/tally.mjs DIR STATUS
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { failuresIn, skippedIn } from "./test-failures.mjs";

const [folder, status] = process.argv.slice(2);
const names = readdirSync(folder);
const runs = names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const sum = (count) => runs.reduce((total, run) => total + run[count], 0);
const passed = sum("numPassedTests");
const failed = Math.max(sum("numFailedTests") + skippedIn(folder, names).length, status === "0" ? 0 : 1);

for (const [index, run] of runs.entries()) {
  for (const { name, messages } of failuresIn(run.testResults))
    process.stdout.write(`\n${names[index]}: ${name}\n  ${messages.join("\n  ")}\n`);
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
