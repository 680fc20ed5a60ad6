/**
 * Plays stories of bad luck against the rotation of keys until one breaks a promise, on every processor: in files and abstract services
 * (test/rotation/world), also where keys are uploaded by hand, with every custodian of AWS, stale and partial lists and hands from outside (test/rotation/cloud), and on a disk
 * that fills, fails and loses its power, in two containers and two places (test/rotation/disk).
 *
 *   node tools/prove-rotation.mjs [--short | --stories N] [--seed N]
 *
 * With --short 400 known stories, 200 with uploads, 60 in AWS and 24 on a disk; without it 100,000 new ones, and 10,000 of each other kind.
 * --stories N plays N, and a tenth of that of each other kind.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { PRODUCT } from "./rotation-product.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const SHORT = { world: 400, uploads: 200, cloud: 60, disk: 24 };
const LONG = { world: 100_000, uploads: 10_000, cloud: 10_000, disk: 10_000 };
const PLACES = { world: "in files and services", uploads: "there, where keys are uploaded", cloud: "in AWS", disk: "on a disk" };

const PLAYER = `
import fc from "fast-check";
import { stories, storiesByUpload } from "./test/rotation/world/stories.js";
import { play as playWorld } from "./test/rotation/world/world.js";
import { fullCloudStories } from "./test/rotation/cloud/stories.js";
import { playCloud } from "./test/rotation/cloud/cloud-world.js";
import { diskStories } from "./test/rotation/disk/stories.js";
import { playDisk } from "./test/rotation/disk/disk-world.js";
const [where, ...numbers] = process.argv.slice(2);
const [numRuns, seed] = numbers.map(Number);
const worlds = { world: [stories, playWorld], uploads: [storiesByUpload, playWorld], cloud: [fullCloudStories, playCloud], disk: [diskStories, playDisk] };
const [all, play] = worlds[where];
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
import { plan } from "./src/rotation/plan/planner.js";
import { fullView } from "./test/rotation/plan/view-fixture.js";
const view = fullView(1_900_000_000);
const spent = Array.from({ length: 2_000 }, () => {
  const began = performance.now();
  plan(view, view.keyring.policy, 1_900_000_000);
  return performance.now() - began;
});
export const medianMilliseconds = spent.sort((a, b) => a - b)[1_000];
`;
const MAX_PLAN_MILLISECONDS = 1;

/** @param {string} name */
function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : Number(process.argv[at + 1]);
}

/** @param {string} contents @param {string} outfile */
async function bundled(contents, outfile) {
  const stdin = { contents, resolveDir: root, loader: /** @type {const} */ ("ts") };
  await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, external: ["esbuild"], logLevel: "warning" });
  return outfile;
}

/** @param {string[]} args @param {string} product what each process of the world on a disk runs */
function player(args, product) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, SIGNET_PRODUCT: product },
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
const tenth = Math.ceil((given ?? 0) / 10);
const isShort = given === undefined && process.argv.includes("--short");
const counts = given === undefined ? (isShort ? SHORT : LONG) : { world: given, uploads: tenth, cloud: tenth, disk: tenth };
const seed = option("--seed") ?? (isShort ? 1 : Date.now() % 1_000_000_000);
const scratch = mkdtempSync(join(tmpdir(), "signet-rotation-"));
try {
  const bench = await bundled(BENCH, join(scratch, "bench.mjs"));
  const { medianMilliseconds } = await import(pathToFileURL(bench).href);
  console.log(`a plan for ten keys takes ${(medianMilliseconds * 1_000).toFixed(1)} us`);
  if (medianMilliseconds >= MAX_PLAN_MILLISECONDS) process.exitCode = 1;
  const script = await bundled(PLAYER, join(scratch, "player.mjs"));
  const product = join(scratch, "product.cjs");
  await build({ ...PRODUCT, outfile: product });
  for (const where of /** @type {const} */ (["world", "uploads", "cloud", "disk"])) {
    const began = performance.now();
    const count = availableParallelism();
    const players = Array.from({ length: count }, (_, index) =>
      player([script, where, String(Math.ceil(counts[where] / count)), String(seed + index)], product),
    );
    const outcomes = await Promise.all(players);
    /** @param {"runs" | "tokens" | "calls"} what */
    const sum = (what) => outcomes.reduce((total, outcome) => total + outcome[what], 0).toLocaleString("en");
    const seconds = Math.round((performance.now() - began) / 1_000);
    console.log(
      `${sum("runs")} stories ${PLACES[where]}, ${sum("calls")} calls, ${sum("tokens")} tokens in ${seconds} s (seeds from ${seed})`,
    );
    if (outcomes.some(({ code }) => code !== 0)) process.exitCode = 1;
    else console.log("no token was broken, and nothing was left behind");
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
