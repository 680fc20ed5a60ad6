/**
 * Takes the rules of rotation away, one at a time (tools/rules/rules.mjs). The story that is aimed at a rule (test/rotation/aimed) has to
 * break a promise without it, and none with it: a rule without which nothing ever breaks is no rule, and a proof that cannot fail is no
 * proof. In how many random stories it shows is counted as well, since chance alone does not meet most of them.
 *
 *   node tools/prove-rules.mjs [--short | --stories N] [--only TEXT] [--seed N] [--write]
 *
 * N random stories in files and services, a tenth of that in AWS: 600 and 60, or 10 and 1 with --short. `--write` puts the table into
 * docs/rotation.md.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { RULES } from "./rules/rules.mjs";
import { tableOf, withTable } from "./rules/table.mjs";

/** @typedef {import("./rules/rules.mjs").Rule} Rule */
/** @typedef {{ name: string, without: string, broke: string | null }} Aimed what an aimed story broke */
/** @typedef {{ played: number, broken: number, first: string }} Random */
/** @typedef {{ aimed: Aimed[], random: Record<string, Random> }} Found */

const root = fileURLToPath(new URL("../", import.meta.url));
const SHORT = 10;
const LONG = 600;
/** A story in AWS takes as long as ten others. */
const FEWER_IN_AWS = 10;
const MAX_MS = 900_000;

const PLAYER = `
import fc from "fast-check";
import { playAimed } from "./test/rotation/aimed/aimed.js";
import { AIMED } from "./test/rotation/aimed/index.js";
import { stories } from "./test/rotation/world/stories.js";
import { play } from "./test/rotation/world/world.js";
import { cloudStories } from "./test/rotation/cloud/stories.js";
import { playCloud } from "./test/rotation/cloud/cloud-world.js";
const [what, ...rest] = process.argv.slice(2);
async function broken(playing) {
  try {
    await playing;
    return null;
  } catch (error) {
    return String(error.message).split(";")[0].slice(0, 160);
  }
}
if (what === "aimed") {
  const chosen = AIMED.filter(({ without }) => rest.length === 0 || without === rest[0]);
  const found = [];
  for (const aimed of chosen) found.push({ name: aimed.name, without: aimed.without, broke: await broken(playAimed(aimed)) });
  console.log(JSON.stringify(found));
} else {
  const [count, seed] = rest.map(Number);
  const [arbitrary, player] = what === "AWS" ? [cloudStories, playCloud] : [stories, play];
  const found = { played: 0, broken: 0, first: "" };
  for (const story of fc.sample(arbitrary, { numRuns: count, seed })) {
    const broke = await broken(player(story));
    found.played++;
    if (broke !== null) found.broken++;
    found.first ||= broke ?? "";
  }
  console.log(JSON.stringify(found));
}
`;

/** @param {string} name */
function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/**
 * Builds the player with one rule taken away; with none, as it is.
 *
 * @param {Rule | undefined} rule
 * @param {string} outfile
 */
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

/**
 * What a player says; undefined where it never ended.
 *
 * @param {string[]} args
 * @returns {Promise<any>}
 */
function said(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: MAX_MS });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.on("error", reject);
    child.on("close", () => resolve(text === "" ? undefined : JSON.parse(text)));
  });
}

/**
 * @param {Rule | undefined} rule
 * @param {string} script
 * @param {{ stories: number, seed: number }} how
 * @returns {Promise<Found>}
 */
async function play(rule, script, { stories, seed }) {
  await playerWithout(rule, script);
  const never = [{ name: "a story", without: rule?.rule ?? "", broke: "it never ended" }];
  const aimed = (await said([script, "aimed", ...(rule === undefined ? [] : [rule.rule])])) ?? never;
  /** @type {Record<string, Random>} */
  const random = {};
  for (const world of rule?.worlds ?? ["files and services", "AWS"]) {
    const count = world === "AWS" ? Math.ceil(stories / FEWER_IN_AWS) : stories;
    const lost = { played: count, broken: count, first: "a story never ended" };
    if (count > 0) random[world] = (await said([script, world, String(count), String(seed)])) ?? lost;
  }
  return { aimed, random };
}

/** @param {string} words */
function fail(words) {
  console.error(words);
  process.exitCode = 1;
}

/**
 * @param {Rule | undefined} rule
 * @param {Found} found
 */
function judge(rule, { aimed, random }) {
  const counts = Object.entries(random).map(([world, { played, broken }]) => `${broken} of ${played} in ${world}`);
  if (rule === undefined) {
    console.log(`with every rule: ${aimed.length} aimed stories; at random ${counts.join(", ")} break`);
    for (const { name, broke } of aimed) if (broke !== null) fail(`with every rule a promise breaks where ${name}: ${broke}`);
    for (const { broken, first } of Object.values(random))
      if (broken > 0) fail(`with every rule a random story breaks: ${first}`);
    return;
  }
  const [first] = aimed;
  console.log(`without "${rule.rule}": ${first?.broke ?? "nothing breaks"}; at random ${counts.join(", ")}`);
  if (aimed.length === 0) fail(`no story is aimed at "${rule.rule}": test/rotation/aimed has to follow`);
  for (const { name, broke } of aimed) if (broke === null) fail(`without "${rule.rule}" nothing breaks where ${name}`);
}

const stories = Number(option("--stories") ?? (process.argv.includes("--short") ? SHORT : LONG));
const seed = Number(option("--seed") ?? 7);
const chosen = RULES.filter(({ rule }) => rule.includes(option("--only") ?? ""));
const scratch = mkdtempSync(join(tmpdir(), "signet-rules-"));
/** @type {(Rule | undefined)[]} */
const jobs = [undefined, ...chosen];
/** @type {Map<string, Found>} */
const results = new Map();

async function work() {
  while (jobs.length > 0) {
    const script = join(scratch, `${jobs.length}.mjs`);
    const rule = jobs.shift();
    const found = await play(rule, script, { stories, seed });
    results.set(rule?.rule ?? "", found);
    judge(rule, found);
  }
}

try {
  await Promise.all(Array.from({ length: availableParallelism() }, work));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (process.argv.includes("--write")) {
  if (chosen.length !== RULES.length) throw new Error("--write wants every rule: leave --only out");
  const page = join(root, "docs/rotation.md");
  const told = ({ rule, breaks }) => ({ rule, breaks, .../** @type {Found} */ (results.get(rule)) });
  writeFileSync(page, withTable(readFileSync(page, "utf8"), tableOf(RULES.map(told))));
}
