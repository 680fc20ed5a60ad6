/**
 * Sends texts, events and settings by grammar to every front door (test/fuzz): nothing but our own errors may leave it, none of them with
 * a secret or with what is not fit to be shown, and nothing may hang, or cost more time or memory than it is long.
 *
 *   node tools/prove-fuzz.mjs [--short | --minutes N] [--only TEXT] [--seed N] [--path PATH]
 *
 * Ten minutes, or about ten seconds with --short. An input that breaks a promise is made small, shown with its seed, and kept in
 * test/fuzz/corpus, where `npm test` sends it from then on.
 */
import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const RUNS = 150;
const SHORT_RUNS = 40;
const SHORT_MS = 8_000;
const MINUTES = 10;
/** Processor time for one input: whoever takes longer hangs. */
const HANGS_MS = 30_000;
const LOOK_EACH_MS = 500;
const TELL_EACH_MS = 5_000;
/** A text may be there many times over, but not as often as it is long. */
const MEMORY = "--max-old-space-size=512";

/** @param {string} name @param {string} [otherwise] */
function option(name, otherwise = "") {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? "");
}

const isShort = process.argv.includes("--short");
const path = option("--path");
const directory = mkdtempSync(join(root, ".build-fuzz-"));
const task = {
  place: join(directory, "place"),
  corpus: join(root, "test/fuzz/corpus"),
  only: option("--only"),
  seed: Number(option("--seed", String((Math.random() * 0x7fff_ffff) | 0))),
  runs: isShort ? SHORT_RUNS : RUNS,
  rounds: path === "" ? Number.MAX_SAFE_INTEGER : 1,
  milliseconds: isShort ? SHORT_MS : Number(option("--minutes", String(MINUTES))) * 60_000,
  ...(path !== "" && { path }),
};

/** @param {string} outfile */
async function bundle(outfile) {
  await build({
    entryPoints: [join(root, "test/fuzz/long.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile,
    logLevel: "error",
  });
}

const sent = new Map();
let failures = 0;
let grown = 0;
let isDone = false;

/** @param {string} words */
function fail(words) {
  failures += 1;
  process.stdout.write(`FAILED ${words}\n`);
}

/** @param {any} message */
function take({ failure, file, target, runs, grown: more, done }) {
  if (failure !== undefined) {
    fail(`${failure.target}\n  ${failure.words.replaceAll("\n", "\n  ")}`);
    process.stdout.write(
      `  again: npm run proof:fuzz -- --only "${failure.target}" --seed ${failure.seed}${failure.path && ` --path ${failure.path}`}\n`,
    );
    if (file !== undefined) process.stdout.write(`  kept in ${file.slice(root.length)}\n`);
  } else if (done) isDone = true;
  else {
    sent.set(target, (sent.get(target) ?? 0) + runs);
    grown += more;
  }
}

/** Where it stood: the target, the seed and the input. */
function place() {
  try {
    return readFileSync(task.place, "utf8").split("\n")[0] ?? "";
  } catch {
    return "";
  }
}

/** The processor time that a process has taken, in milliseconds; where the system does not tell, the time that has passed. @param {number} pid */
function spentMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return performance.now();
  }
}

/** Ends a process that has stood at one input for longer than any input may take. @param {import("node:child_process").ChildProcess} child */
function watch(child) {
  let last = "";
  let since = 0;
  let told = performance.now();
  return setInterval(() => {
    const [now, spent] = [place(), spentMs(child.pid ?? 0)];
    if (now !== last) [last, since] = [now, spent];
    else if (spent - since > HANGS_MS) {
      fail(`it hangs: ${now}`);
      child.kill("SIGKILL");
    }
    if (performance.now() - told < TELL_EACH_MS) return;
    told = performance.now();
    process.stdout.write(`${[...sent.values()].reduce((sum, each) => sum + each, 0)} inputs sent, ${failures} failures\n`);
  }, LOOK_EACH_MS);
}

try {
  const script = join(directory, "long.mjs");
  await bundle(script);
  process.stdout.write(`seed ${task.seed}\n`);
  const child = fork(script, [JSON.stringify(task)], { execArgv: [MEMORY] });
  const watching = watch(child);
  child.on("message", take);
  const ended = await new Promise((resolve) => child.on("exit", (code, signal) => resolve(signal ?? code)));
  clearInterval(watching);
  if (!isDone && failures === 0) fail(`the process ended (${ended}) by: ${place()}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
for (const [target, runs] of sent) process.stdout.write(`${failures === 0 ? "ok" : "  "} ${target}: ${runs} inputs\n`);
process.stdout.write(`${grown} of them were made long as well; ${failures} failures\n`);
process.exitCode = failures === 0 ? 0 : 1;
