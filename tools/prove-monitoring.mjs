/**
 * Lets promtool judge the alerts of examples/monitoring: that they can be read, and that each fires when it should, and not before; and that
 * Prometheus can read the dashboard's queries.
 *
 *   node tools/prove-monitoring.mjs
 *
 * promtool comes with Prometheus (`apt-get install prometheus`, or `go install github.com/prometheus/prometheus/cmd/promtool@latest`); PROMTOOL
 * names another place than the PATH. Where it is not there, CI takes it out of Debian's package, and fails without it; elsewhere it is said that
 * nothing was proven.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const examples = fileURLToPath(new URL("../examples/monitoring/", import.meta.url));

/** @param {string} program @param {string[]} args @param {string} [cwd] */
function run(program, args, cwd = examples) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8", timeout: 120_000 });
  return { isDone: status === 0, output: `${error?.message ?? stdout + stderr}\n` };
}

/**
 * Unpacks Debian's package, and installs nothing: that would start a server.
 *
 * @param {string} scratch
 */
function unpacked(scratch) {
  const download = () => run("apt-get", ["download", "prometheus"], scratch);
  let fetched = download();
  // A machine that is new knows no package until it has asked for the lists.
  if (!fetched.isDone && run("apt-get", ["update"]).isDone) fetched = download();
  const [archive] = readdirSync(scratch);
  if (archive !== undefined && run("dpkg", ["-x", archive, "."], scratch).isDone) return join(scratch, "usr/bin/promtool");
  throw new Error(`there is no promtool, and none could be taken out of Debian's package: ${fetched.output}`);
}

/**
 * The dashboard's queries as rules, which is what promtool reads.
 *
 * @param {string} path where they are written
 */
function dashboardQueries(path) {
  const { panels } = JSON.parse(readFileSync(join(examples, "grafana-dashboard.json"), "utf8"));
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const rules = queries.map((expr, at) => ({ record: `query${at}`, expr }));
  writeFileSync(path, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
  return path;
}

/** @param {string} promtool @param {string} scratch */
function prove(promtool, scratch) {
  for (const args of [
    ["check", "rules", "signet.rules.yml"],
    ["check", "config", "--syntax-only", "prometheus.yml"],
    ["test", "rules", "signet.rules.test.yml"],
    ["check", "rules", dashboardQueries(join(scratch, "dashboard.yml"))],
  ]) {
    const { isDone, output } = run(promtool, args);
    process.stdout.write(`${isDone ? "ok  " : "FAIL"} promtool ${args.join(" ")}\n${isDone ? "" : output}`);
    if (!isDone) process.exitCode = 1;
  }
}

const present = process.env.PROMTOOL || "promtool";
const isPresent = run(present, ["--version"]).isDone;
if (isPresent || process.env.CI === "true") {
  const scratch = mkdtempSync(join(tmpdir(), "signet-promtool-"));
  try {
    prove(isPresent ? present : unpacked(scratch), scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else {
  process.stdout.write(
    "SKIPPED: promtool is not here, so no alert was tried (tools/prove-monitoring.mjs says where it comes from)\n",
  );
}
