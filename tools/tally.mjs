/**
 * Prints `N passed, N failed` over the test results that `npm run check` and `npm run test:nodes` left, and before it each test that
 * failed, with why: what is kept of a long log is its end. A run that stopped for another reason than a test counts as one failure.
 *
 *   node tools/tally.mjs DIR STATUS
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const [folder, status] = process.argv.slice(2);
const names = readdirSync(folder);
const runs = names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const sum = (count) => runs.reduce((total, run) => total + run[count], 0);
const passed = sum("numPassedTests");
const failed = Math.max(sum("numFailedTests"), status === "0" ? 0 : 1);

for (const [index, run] of runs.entries()) {
  for (const file of run.testResults.filter(({ status }) => status === "failed")) {
    const tests = file.assertionResults.filter(({ status }) => status === "failed");
    process.stdout.write(`\n${names[index]}: ${relative(process.cwd(), file.name)}\n`);
    // A file that could not be loaded has a message and no tests.
    if (tests.length === 0) process.stdout.write(`  ${file.message}\n`);
    for (const test of tests) process.stdout.write(`  ${test.fullName}\n  ${test.failureMessages.join("\n  ")}\n`);
  }
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
