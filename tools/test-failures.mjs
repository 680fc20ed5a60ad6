/** What failed in a run of the tests, as vitest's JSON reporter tells it. */
import { relative } from "node:path";
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
