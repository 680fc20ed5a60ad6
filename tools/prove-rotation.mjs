/**
 * Plays stories of bad luck against the rotation of keys until one breaks a promise, on every processor: in files and abstract services
 * (test/rotation/world), and with every custodian of AWS, stale and partial lists and hands from outside (test/rotation/cloud).
 *
 *   node tools/prove-rotation.mjs [--short | --stories N] [--seed N]
 *
 * 2,000 stories and 100 in AWS with --short, else 100,000 and 10,000; --stories N plays N, and a tenth of that in AWS.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const SHORT = { world: 2_000, cloud: 100 };
const LONG = { world: 100_000, cloud: 10_000 };

const PLAYER = `
import fc from "fast-check";
import { stories } from "./test/rotation/world/stories.js";
import { play as playWorld } from "./test/rotation/world/world.js";
import { cloudStories } from "./test/rotation/cloud/stories.js";
import { playCloud } from "./test/rotation/cloud/cloud-world.js";
const [where, ...numbers] = process.argv.slice(2);
const [numRuns, seed] = numbers.map(Number);
const [all, play] = where === "cloud" ? [cloudStories, playCloud] : [stories, playWorld];
const sum = { tokens: 0, calls: 0 };
const run = await fc.check(fc.asyncProperty(all, async (story) => {
  const { tokens, calls } = await play(story);
  sum.tokens += tokens;
  sum.calls += calls;
}), { numRuns, seed });
console.log(JSON.stringify({ runs: run.numRuns, ...sum, seed }));
if (run.failed) {
  console.error(String(run.errorInstance?.stack ?? run.errorInstance));
  console.error("seed " + seed + ", story " + JSON.stringify(run.counterexample?.[0]));
  process.exitCode = 1;
}
`;

const BENCH = `
import { plan } from "./src/rotation/planner.js";
import { fullView } from "./test/rotation/view-fixture.js";
const view = fullView(1_900_000_000);
const spent = Array.from({ length: 2_000 }, () => {
  const began = performance.now();
  plan(view, view.keyring.policy, 1_900_000_000);
  return performance.now() - began;
});
export const medianMilliseconds = spent.sort((a, b) => a - b)[1_000];
`;
const MOST_PLAN_MILLISECONDS = 1;

/** @param {string} name */
function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
}

/** @param {string} contents @param {string} outfile */
async function bundled(contents, outfile) {
  const stdin = { contents, resolveDir: root, loader: /** @type {const} */ ("ts") };
  await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "warning" });
  return outfile;
}

/** @param {string} script @param {"world" | "cloud"} where @param {number} stories @param {number} seed */
function player(script, where, stories, seed) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, where, String(stories), String(seed)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...(text === "" ? { runs: 0, tokens: 0, calls: 0 } : JSON.parse(text)) }));
  });
}

const given = option("--stories");
const counts =
  given === undefined ? (process.argv.includes("--short") ? SHORT : LONG) : { world: given, cloud: Math.ceil(given / 10) };
const seed = option("--seed") ?? Date.now() % 1_000_000_000;
const scratch = mkdtempSync(join(tmpdir(), "signet-rotation-"));
try {
  const bench = await bundled(BENCH, join(scratch, "bench.mjs"));
  const { medianMilliseconds } = await import(pathToFileURL(bench).href);
  console.log(`a plan for ten keys takes ${(medianMilliseconds * 1_000).toFixed(1)} us`);
  if (medianMilliseconds >= MOST_PLAN_MILLISECONDS) process.exitCode = 1;
  const script = await bundled(PLAYER, join(scratch, "player.mjs"));
  for (const where of /** @type {const} */ (["world", "cloud"])) {
    const began = performance.now();
    const count = availableParallelism();
    const players = Array.from({ length: count }, (_, index) =>
      player(script, where, Math.ceil(counts[where] / count), seed + index),
    );
    const outcomes = await Promise.all(players);
    /** @param {"runs" | "tokens" | "calls"} what */
    const sum = (what) => outcomes.reduce((total, outcome) => total + outcome[what], 0).toLocaleString("en");
    const seconds = Math.round((performance.now() - began) / 1_000);
    const place = where === "cloud" ? "in AWS" : "in files and services";
    console.log(
      `${sum("runs")} stories ${place}, ${sum("calls")} calls, ${sum("tokens")} tokens in ${seconds} s (seeds from ${seed})`,
    );
    if (outcomes.some(({ code }) => code !== 0)) process.exitCode = 1;
    else console.log("no token was broken, and nothing was left behind");
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
