/**
 * How long `signet issue` takes to start, as a ratio to `node -e 0`, on this Node and on those that `npm run test:nodes` installs: by the
 * clock and by processor time, which a busy machine disturbs less. Runs take turns; figures are medians.
 *
 *   node bench/start-up.mjs [--runs 20] [--check] [NODE ...]   NODE is the path of another one
 */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodesAtHand } from "../tools/installed.mjs";
import { MAX_START_UP } from "./budgets.mjs";
import { withIssuer } from "./command.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const signet = join(root, "bin/signet");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "20" }, check: { type: "boolean", default: false } },
});

/** @param {string} cwd @param {string[]} command @returns {{ wall: number, processor: number }} milliseconds */
function timed(cwd, command) {
  const start = performance.now();
  // Bash says what its child took to the millisecond, on stderr.
  const { stderr, status } = spawnSync("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$@" > /dev/null', "bash", ...command], {
    cwd,
    encoding: "utf8",
  });
  const wall = performance.now() - start;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}`);
  const [user = 0, system = 0] = stderr.trim().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  return { wall, processor: 1_000 * (user + system) };
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

await withIssuer(async (folder) => {
  for (const node of [...nodesAtHand(), ...positionals]) {
    /** @type {{ wall: number, processor: number }[][]} */
    const rounds = [];
    // The first rounds fill the compile cache and the file cache.
    for (let round = -2; round < Number(values.runs); round++) {
      const both = [timed(folder, [node, "-e", "0"]), timed(folder, [node, signet, "issue", "sub=alice"])];
      if (round >= 0) rounds.push(both);
    }
    const of = (kind) => rounds.map((both) => both.map((each) => each[kind]));
    const [wall, processor] = ["wall", "processor"].map((kind) => {
      const pairs = of(kind);
      return { ratio: median(pairs.map(([bare, ours]) => ours / bare)), ms: median(pairs.map(([, ours]) => ours)) };
    });
    const isKept = processor.ratio <= MAX_START_UP;
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    const figures = `processor ${processor.ratio.toFixed(2)} (${processor.ms.toFixed(0)} ms), clock ${wall.ratio.toFixed(2)} (${wall.ms.toFixed(0)} ms)`;
    process.stdout.write(`${isKept ? "kept  " : "missed"} ${version}: ${figures}; at most ${MAX_START_UP} of node -e 0\n`);
    if (!isKept && values.check) process.exitCode = 1;
  }
});
