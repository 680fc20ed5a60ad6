/** Servers under measurement, and what they take. */
import { spawn, spawnSync } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { childrenOf, rssMb } from "../tools/processes.mjs";

const hasTaskset = cpus().length > 1 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** A command on one core of its own, where the system can do that; on any where none is named. @param {number | null} [core] */
export function pinned(core, command) {
  return hasTaskset && typeof core === "number" ? ["taskset", "-c", String(core), ...command] : command;
}

let started = 0;

/** @typedef {Awaited<ReturnType<typeof startServer>>} Served */

/**
 * Starts a server, which says `serves http://...` on stderr when it listens. Its log goes where a log goes: to a file.
 *
 * @param {readonly string[]} command
 * @param {{ folder: string, core?: number, env?: Record<string, string> }} options
 */
export async function startServer(command, { folder, core, env = {} }) {
  const began = performance.now();
  const [program, ...args] = pinned(core, command);
  const log = openSync(join(folder, `server-${++started}.log`), "w");
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", log, "pipe"], env: { ...process.env, ...env } });
  const url = await listening(child, command).catch((error) => {
    child.kill("SIGKILL");
    throw error;
  });
  const readyMs = performance.now() - began;
  const processes = () => [child.pid, ...childrenOf(child.pid)];
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const signal = (name) => {
    for (const pid of hasEnded() ? [] : processes()) process.kill(pid, name);
  };
  return {
    url,
    readyMs,
    /** Stands still until `resume()`: a server that waits looks at its files each second, and takes the caches of the one that is measured. */
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    /** Processor time so far, in microseconds, of all threads of all its processes. */
    cpu: () => processes().reduce((sum, pid) => sum + cpuOf(pid), 0),
    /** Memory of the largest process that serves, in MB. */
    rssMb: () => Math.max(...processes().map(rssMb)),
    async stop() {
      if (hasEnded()) return;
      signal("SIGCONT");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(late);
    },
  };
}

async function listening(child, command) {
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said = `${said}${text}`.slice(-10_000);
      const found = /\bserves (http:\/\/[\w.]+:\d+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${command.join(" ")} ended: ${said}`)));
  });
  await fetch(`${url}/healthz`).then((answer) => answer.text());
  return url;
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
