/**
 * `npm test` again and again beside busy loops: a test that fails now and then is found here, by name.
 *
 *   npm run proof:steady               30 runs beside four busy loops
 *   npm run proof:steady -- --short    one beside two
 *   npm run proof:steady -- --runs 5 --loops 8 test/cli/serve.test.ts     chosen files
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { busyLoops } from "./processes.mjs";
import { failuresIn } from "./test-failures.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const vitest = join(root, "node_modules/vitest/vitest.mjs");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: "boolean", default: false }, runs: { type: "string" }, loops: { type: "string" } },
});
const runs = Number(values.runs ?? (values.short ? 1 : 30));
const loops = Number(values.loops ?? (values.short ? 2 : 4));
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(loops) || loops < 0) {
  process.stderr.write("--runs takes a whole number from 1, --loops one from 0\n");
  process.exit(2);
}

const endLoops = busyLoops(loops);
/** @type {import("node:child_process").ChildProcess | undefined} */
let testing;
process.on("exit", () => {
  endLoops();
  testing?.kill();
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => process.exit(1));

/** @param {string} text */
function firstLine(text) {
  return text.split("\n")[0] ?? "";
}

/** What is in no test's report: an error that none waited for. @param {string} stderr */
function lastWords(stderr) {
  const at = stderr.lastIndexOf("Unhandled Errors");
  return at < 0 ? stderr.slice(-2_000) : stderr.slice(at, at + 4_000);
}

/** One run of the tests, and what failed in it. */
async function run() {
  const scratch = mkdtempSync(join(tmpdir(), "signet-steady-"));
  const file = join(scratch, "results.json");
  const began = performance.now();
  const args = [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`, ...positionals];
  const env = { ...process.env, NO_COLOR: "1" };
  testing = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"], env });
  let stderr = "";
  testing.stderr?.on("data", (text) => {
    stderr = `${stderr}${text}`.slice(-100_000);
  });
  const [status] = await once(testing, "close");
  const seconds = Math.round((performance.now() - began) / 1_000);
  /** @type {{ numPassedTests: number, testResults: import("./test-failures.mjs").File[] }} */
  const told = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { numPassedTests: 0, testResults: [] };
  rmSync(scratch, { recursive: true });
  const failures = failuresIn(told.testResults).map(({ name, messages }) => `${name}\n      ${firstLine(messages[0] ?? "")}`);
  if (failures.length === 0 && status !== 0) failures.push(`vitest ended with ${status}: ${lastWords(stderr)}`);
  return { seconds, passed: told.numPassedTests, failures };
}

process.stdout.write(
  `${["npm test", ...positionals].join(" ")}, ${runs} times, beside ${loops} busy loops, on Node ${process.version}\n`,
);
/** @type {Map<string, number>} */
const all = new Map();
for (let number = 1; number <= runs; number++) {
  const { seconds, passed, failures } = await run();
  process.stdout.write(`  ${number} of ${runs}: ${passed} passed, ${failures.length} failed, ${seconds} s\n`);
  for (const failure of failures) {
    process.stdout.write(`    ${failure}\n`);
    const name = firstLine(failure);
    all.set(name, (all.get(name) ?? 0) + 1);
  }
}
for (const [name, times] of all) process.stdout.write(`failed in ${times} of ${runs}: ${name}\n`);
process.stdout.write(all.size === 0 ? `ok   ${runs} of ${runs} runs without a failure\n` : "the tests are not steady\n");
process.exit(all.size === 0 ? 0 : 1);
