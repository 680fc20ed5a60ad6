/**
 * Runs the benchmarks, and writes docs/benchmarks.md.
 *
 *   node bench/run.mjs          measures everything, some minutes for each Node that `npm run test:nodes` has installed
 *   node bench/run.mjs --check  the same, and fails where a budget is missed by more than the noise
 *   node bench/run.mjs --smoke  under a minute; fails only on crashes and wrong tokens, and writes nothing
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { fileURLToPath } from "node:url";
import { nodesAtHand } from "../tools/installed.mjs";
import { judgeInProcess, judgeMemory, judgeStartUp } from "./budgets.mjs";
import { peakMemory, startUp, withIssuer } from "./command.mjs";
import { ALGORITHMS } from "./fixture.mjs";
import { readFlags } from "./flags.mjs";
import { page } from "./page.mjs";
import { installPeers } from "./peers.mjs";
import { buildGolang, buildRust } from "./programs.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));

const FULL = { rounds: 40, sliceMs: 25, opensslSeconds: 2, startUpRuns: 30, tokens: 1_000_000 };
const SMOKE = { rounds: 2, sliceMs: 2, opensslSeconds: 0, startUpRuns: 2, tokens: 10_000 };

/** What one Node does. @param {string} path its path */
function runInProcess(plan, path) {
  const core = String(cpus().length - 1);
  const isPinned = spawnSync("taskset", ["-c", core, "true"]).status === 0;
  if (!isPinned) process.stderr.write("there is no taskset here: programs in other languages may run on another core\n");
  const node = [path, `${here}in-process.mjs`, JSON.stringify(plan)];
  const [command, ...args] = isPinned ? ["taskset", "-c", core, ...node] : node;
  const text = execFileSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
  return { ...JSON.parse(text), isPinned };
}

function machine() {
  const load = loadavg()[0].toFixed(1);
  const memoryGb = Math.round(totalmem() / 1024 ** 3);
  return { cpu: cpus()[0].model.trim(), cores: cpus().length, memoryGb, system: `${type()} ${release().split("-")[0]}`, load };
}

function versions() {
  const names = ["jose", "jsonwebtoken", "fast-jwt", "aws-jwt-verify"];
  return Object.fromEntries(
    names.map((name) => {
      const path = [`${here}node_modules/${name}/package.json`, `${root}node_modules/${name}/package.json`].find(existsSync);
      return [name, JSON.parse(readFileSync(path, "utf8")).version];
    }),
  );
}

function print(judged) {
  for (const { node, what, figure, limit, verdict } of judged) {
    process.stdout.write(`${verdict.padEnd(12)} Node ${node}, ${what}: ${figure.toFixed(2)} (${limit})\n`);
  }
}

async function main() {
  const { smoke, check } = readFlags("bench", "smoke", "check");
  const effort = smoke ? SMOKE : FULL;
  const about = { startedAt: new Date(), machine: machine() };
  installPeers();
  execFileSync(process.execPath, [`${root}tools/build.mjs`, "--if-stale"], { stdio: "inherit" });
  const built = Object.entries({ "golang-jwt": buildGolang(), "jsonwebtoken (Rust)": smoke ? undefined : buildRust() });
  const programs = Object.fromEntries(built.filter(([, path]) => path !== undefined));
  const plan = { ...effort, algs: Object.keys(ALGORITHMS), tasks: ["issue", "verify"], programs };
  const nodes = (smoke ? [process.execPath] : nodesAtHand()).map((path) => runInProcess(plan, path));
  const command = await withIssuer(async (folder) => {
    process.stderr.write("the command: start-up and memory\n");
    return { startUp: startUp(folder, effort.startUpRuns), memory: await peakMemory(folder, effort.tokens) };
  });
  // So short a run says nothing about speed.
  if (smoke) return void process.stdout.write("every contestant works, and so does the command\n");
  const own = [judgeStartUp(command.startUp), ...(command.memory === undefined ? [] : [judgeMemory(command.memory)])];
  const judged = [
    ...nodes.flatMap((found) => judgeInProcess(found).map((each) => ({ node: found.node, ...each }))),
    ...own.map((each) => ({ node: process.versions.node, ...each })),
  ];
  print(judged);
  writeFileSync(
    `${root}docs/benchmarks.md`,
    page({ ...about, ...effort, ...command, nodes, isPinned: nodes[0].isPinned, versions: versions(), judged }),
  );
  if (check && judged.some(({ verdict }) => verdict === "missed")) process.exitCode = 1;
}

await main();
