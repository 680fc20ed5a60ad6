/**
 * Takes the rules of rotation away, one at a time (tools/rules/rules.mjs), and plays stories until one breaks a promise. A rule without
 * which nothing ever breaks is no rule; a proof that cannot fail is no proof.
 *
 *   node tools/prove-rules.mjs [--short | --stories N] [--only TEXT] [--seed N]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { RULES } from "./rules/rules.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const SHORT = 60;
const LONG = 600;
const LONGEST_MS = 600_000;

const PLAYER = `
import fc from "fast-check";
import { stories } from "./test/rotation/world/stories.js";
import { play } from "./test/rotation/world/world.js";
import { cloudStories } from "./test/rotation/cloud/stories.js";
import { playCloud } from "./test/rotation/cloud/cloud-world.js";
const [world, count, seed] = process.argv.slice(2);
const [arbitrary, player] = world === "AWS" ? [cloudStories, playCloud] : [stories, play];
const found = { played: 0, broken: 0, first: "" };
for (const story of fc.sample(arbitrary, { numRuns: Number(count), seed: Number(seed) })) {
  found.played++;
  try {
    await player(story);
  } catch (error) {
    found.broken++;
    found.first ||= String(error.message).split(";")[0].slice(0, 120);
  }
}
console.log(JSON.stringify(found));
`;

/** @param {string} name */
function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/** Builds the player with one rule taken away; with none, as it is. */
async function playerWithout(rule, outfile) {
  let taken = 0;
  const takeAway = {
    name: "take a rule away",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        if (rule === undefined || path !== join(root, rule.file)) return undefined;
        const parts = readFileSync(path, "utf8").split(rule.from);
        taken = parts.length - 1;
        return { contents: parts.join(rule.to), loader: "ts" };
      });
    },
  };
  const stdin = { contents: PLAYER, resolveDir: root, loader: /** @type {const} */ ("ts") };
  await build({ stdin, bundle: true, platform: "node", format: "esm", outfile, logLevel: "error", plugins: [takeAway] });
  if (rule !== undefined && taken !== 1)
    throw new Error(`${rule.rule}: its text stands ${taken} times in ${rule.file}: tools/rules/rules.mjs has to follow`);
}

/** @returns {Promise<{ played: number, broken: number, first: string }>} */
function play(script, world, stories, seed) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, world, String(stories), String(seed)], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: LONGEST_MS,
    });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    // What never ends breaks a promise as well.
    child.on("close", () => resolve(text === "" ? { played: 0, broken: 1, first: "it never ended" } : JSON.parse(text)));
  });
}

const stories = Number(option("--stories") ?? (process.argv.includes("--short") ? SHORT : LONG));
const seed = Number(option("--seed") ?? 7);
const chosen = RULES.filter(({ rule }) => rule.includes(option("--only") ?? ""));
const scratch = mkdtempSync(join(tmpdir(), "signet-rules-"));
const jobs = [undefined, ...chosen].flatMap((rule) =>
  (rule?.worlds ?? ["files and services", "AWS"]).map((world) => ({ rule, world })),
);
/** @type {{ rule: import("./rules/rules.mjs").Rule | undefined, world: string, played: number, broken: number, first: string }[]} */
const results = [];

async function work() {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const script = join(scratch, `${jobs.length}.mjs`);
    await playerWithout(job.rule, script);
    const found = await play(script, job.world, stories, seed);
    results.push({ ...job, ...found });
    const what = job.rule === undefined ? "with every rule" : `without "${job.rule.rule}"`;
    console.log(`${what}, ${job.world}: ${found.broken} of ${found.played} stories break${found.first && `: ${found.first}`}`);
  }
}

try {
  await Promise.all(Array.from({ length: availableParallelism() }, work));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (results.some(({ rule, broken }) => rule === undefined && broken > 0)) {
  console.error("a story breaks a promise though every rule is there");
  process.exitCode = 1;
}
for (const { rule } of chosen) {
  if (results.some((result) => result.rule?.rule === rule && result.broken > 0)) continue;
  console.error(`nothing broke without "${rule}"`);
  process.exitCode = 1;
}
