/**
 * Prints `N passed, N failed` over the test results that `npm run check` left. A run that stopped for another reason than a test
 * counts as one failure.
 *
 *   node tools/tally.mjs DIR STATUS
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, status] = process.argv.slice(2);
const runs = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
const sum = (count) => runs.reduce((total, run) => total + run[count], 0);
const passed = sum("numPassedTests");
const failed = Math.max(sum("numFailedTests"), status === "0" ? 0 : 1);

process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
