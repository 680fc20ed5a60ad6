/** A served issuer, and what it takes. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const bareServer = fileURLToPath(new URL("bare-server.mjs", import.meta.url));
const hasTaskset = cpus().length > 1 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** A command on one core of its own, where the system can do that. */
export function pinned(core, command) {
  return hasTaskset && core !== null && core !== undefined ? ["taskset", "-c", String(core), ...command] : command;
}

/**
 * Makes an issuer with one caller, and hands out a function that serves it.
 *
 * @template T
 * @param {(serve: (options?: { workers?: number, core?: number, bare?: boolean }) => Promise<Served>, secret: string) => Promise<T>} work
 */
export async function withServer(work) {
  const folder = mkdtempSync(join(tmpdir(), "signet-bench-http-"));
  const running = new Set();
  try {
    const run = (...args) =>
      execFileSync(process.execPath, [signet, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    run("init", "--issuer", "https://issuer.example");
    const secret = run("callers", "add", "bench").toString().trim();
    const serve = async (options = {}) => {
      const served = await start(folder, options);
      running.add(served.child);
      return served;
    };
    return await work(serve, secret);
  } finally {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @typedef {Awaited<ReturnType<typeof start>>} Served */

async function start(folder, { workers = 1, core, bare = false }) {
  const began = performance.now();
  const program = bare ? [bareServer] : [signet, "serve", "--port", "0", "--workers", String(workers)];
  const [command, ...args] = pinned(core, [process.execPath, ...program]);
  // Its log goes where a log goes: to a file.
  const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.resume();
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      const found = /^Signet serves (http\S+?)(?: with|;)/m.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`signet serve ended: ${said}`)));
  });
  await fetch(`${url}/healthz`);
  const readyMs = performance.now() - began;
  const pids = () => [child.pid, ...childrenOf(child.pid)];
  return {
    url,
    child,
    readyMs,
    /** Processor time so far, in microseconds, of all its processes. */
    cpu: () => pids().reduce((sum, pid) => sum + cpuOf(pid), 0),
    /** Memory of each process that serves, in MB. */
    rssMb: () => (workers === 1 ? [child.pid] : childrenOf(child.pid)).map(rssOf),
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function childrenOf(pid) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => fieldsOf(name)[1] === String(pid))
    .map(Number);
}

// proc(5): after the name in brackets come state, parent and, further on, user and system time in ticks of 10 ms.
function fieldsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return [];
  }
}

function cpuOf(pid) {
  const fields = fieldsOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10_000;
}

function rssOf(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}
