/** Tools of other languages, which proofs put into git-ignored places of their own, once for each set of pins. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceModule } from "./source-module.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const NODES = join(root, "tools/nodes/node_modules");
/** Outside of what an installation makes anew. */
const LOCKS = join(root, "node_modules/.cache/installations");
/** What a slow registry may take, in milliseconds. */
const INSTALLATION = 15 * 60_000;
const run = promisify(execFile);

/** What a laptop may lack, CI has to have. */
export function skip(why) {
  console.log(`skipped: ${why}`);
  if (process.env.CI === "true") throw new Error(`skipped in CI: ${why}`);
  return undefined;
}

export async function has(tool, argument) {
  return run(tool, [argument]).then(
    () => true,
    () => false,
  );
}

/** This Node, and those of other lines that `npm run test:nodes` has installed. @returns {string[]} their paths */
export function nodesAtHand() {
  const [own] = process.versions.node.split(".");
  const others = existsSync(NODES) ? readdirSync(NODES).filter((name) => !name.startsWith(`${own}-`)) : [];
  return [process.execPath, ...others.map((name) => join(NODES, name, "bin/node")).filter((path) => existsSync(path))];
}

/**
 * Does an installation once for each set of pins, while no other process does it.
 *
 * @param {string} cache keeps the stamp that tells for which pins it was done
 * @param {string} makes without it, the stamp is wrong
 */
export async function once(cache, name, pinned, install, makes = cache) {
  const stamp = join(cache, `${name}.stamp`);
  const wanted = createHash("sha256").update(pinned).digest("hex");
  const isDone = () => existsSync(makes) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isDone()) return;
  const { withProcessLock } = await sourceModule("src/files/process-lock.ts");
  mkdirSync(LOCKS, { recursive: true });
  const lock = join(LOCKS, `${relative(root, stamp).replaceAll("/", "-")}.lock`);
  const installation = async () => {
    if (isDone()) return;
    console.log(`installing ${name}`);
    mkdirSync(cache, { recursive: true });
    await install();
    writeFileSync(stamp, wanted);
  };
  await withProcessLock(lock, installation, { waitMilliseconds: INSTALLATION });
}

/**
 * Installs Python programs, exactly as they are pinned.
 *
 * @param {string} folder theirs alone: what two of them pin may differ
 * @returns the folder of their commands
 */
export async function pythonTools(cache, name, pins, folder = "python") {
  const venv = join(cache, folder);
  await once(cache, name, readFileSync(pins), async () => {
    rmSync(venv, { recursive: true, force: true });
    // The machine's own pip installs there: another one for each folder takes seconds.
    await run("python3", ["-m", "venv", "--without-pip", venv]);
    // The pins are complete: what they do not name is not wanted.
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
    await run("python3", ["-m", "pip", "--python", join(venv, "bin/python"), "install", ...quiet, "-r", pins], {
      maxBuffer: 1 << 24,
    });
  });
  return join(venv, "bin");
}

/** Installs the packages that a folder of tools has pinned. @param {string} folder */
export async function nodeTools(folder) {
  const lock = readFileSync(join(folder, "package-lock.json"));
  // The stamp stands in what `npm ci` makes anew.
  await once(join(folder, "node_modules"), `packages-${basename(folder)}`, lock, () =>
    run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder }),
  );
}
