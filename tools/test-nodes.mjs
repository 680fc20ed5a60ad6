/**
 * Runs the tests, those of the packed tarball among them, on every line of Node that is supported.
 *
 *   npm run test:nodes -- [MAJOR ...] [--results DIR]
 *
 * Without a major: on all but the line that this process runs on, which `npm test` tries. DIR receives the results as JSON.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { once, skip } from "./installed.mjs";
import { skippedIn } from "./test-failures.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const folder = join(root, "tools/nodes");
const pins = readFileSync(join(folder, "package.json"), "utf8");
const supported = [...new Set(Object.keys(JSON.parse(pins).optionalDependencies).map((name) => name.split("-")[0] ?? ""))];
const modules = join(folder, "node_modules");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { results: { type: "string" } },
});
const results = values.results === undefined ? mkdtempSync(join(tmpdir(), "signet-nodes-")) : resolve(values.results);
const unknown = positionals.find((major) => !supported.includes(major));
if (unknown !== undefined) {
  process.stderr.write(`there is no Node ${unknown} here; there is ${supported.join(", ")}\n`);
  process.exit(2);
}
const [own] = process.versions.node.split(".");
const wanted = positionals.length > 0 ? positionals : supported.filter((major) => major !== own);

await once(modules, "nodes", pins, async () => {
  const quiet = ["--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", ["install", ...quiet], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
});

/** @param {string} node @param {string} name @param {string[]} more */
function vitest(node, name, ...more) {
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${join(results, name)}`];
  // Whatever a test starts by the name `node`, bin/signet among it, runs on this Node too.
  const PATH = `${dirname(node)}:${process.env.PATH}`;
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", ...report, ...more];
  return spawnSync(node, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH } }).status === 0;
}

const failed = [];
for (const major of wanted) {
  const node = join(modules, `${major}-${process.platform}-${process.arch}`, "bin/node");
  if (!existsSync(node)) {
    skip(`there is no Node ${major} for ${process.platform} on ${process.arch} among the pins of tools/nodes`);
    continue;
  }
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  process.stdout.write(`\n== Node ${version}\n`);
  if (!vitest(node, `node-${major}.json`)) failed.push(`the tests on Node ${version}`);
  const packaging = ["--config", "test/packaging/vitest.config.ts"];
  if (!vitest(node, `node-${major}-packaging.json`, ...packaging)) failed.push(`the packaging on Node ${version}`);
  failed.push(...skippedIn(results, [`node-${major}.json`, `node-${major}-packaging.json`]));
}

process.stdout.write(
  failed.length === 0 ? `\nNode ${wanted.join(", ")}: every test passed\n` : `\nfailed: ${failed.join(", ")}\n`,
);
if (failed.length > 0) process.exitCode = 1;
