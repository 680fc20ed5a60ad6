/** How the benchmarks are told what to do. */
import { parseArgs } from "node:util";

/**
 * Reads the flags that a benchmark was started with; one that it does not have ends it, before anything is measured.
 *
 * @param {string} script in package.json
 * @param {readonly string[]} names
 * @returns {Record<string, boolean>} each, given or not
 */
export function readFlags(script, ...names) {
  const options = Object.fromEntries(names.map((name) => [name, { type: "boolean", default: false }]));
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const flags = names.map((name) => `--${name}`).join(" | ");
    process.stderr.write(`${error.message}\nusage: npm run ${script} [-- ${flags}]\n`);
    return process.exit(2);
  }
}
