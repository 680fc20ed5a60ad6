/** What failed or did not run in a run of the tests, as vitest's JSON reporter tells it. */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/**
 * @typedef {{ fullName: string, status: string, failureMessages: string[] }} Test
 * @typedef {{ name: string, status: string, message: string, assertionResults: Test[] }} File
 */

/**
 * @param {readonly File[]} files
 * @returns {{ name: string, messages: readonly string[] }[]} the tests by file and name; a file that failed as a whole has no test to name
 */
export function failuresIn(files) {
  return files.flatMap(({ name, status, message, assertionResults }) => {
    const path = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [{ name: path, messages: [message] }] : [];
    return failed.map(({ fullName, failureMessages }) => ({ name: `${path}: ${fullName}`, messages: failureMessages }));
  });
}

/**
 * Names each test that did not run: it proves nothing.
 *
 * @param {string} folder where the results are
 * @param {readonly string[]} names of their files; one that is not there had no tests
 * @returns {string[]} what fails in CI: a laptop may lack what a test needs
 */
export function skippedIn(folder, names) {
  const skipped = names
    .filter((name) => existsSync(join(folder, name)))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), "utf8")).testResults)
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== "passed" && status !== "failed")
    .map(({ fullName }) => `skipped test: ${fullName}`);
  for (const test of skipped) process.stdout.write(`${test}\n`);
  return process.env.CI === "true" ? skipped : [];
}
