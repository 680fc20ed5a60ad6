/** Programs that run on this machine, for as long as a proof takes. */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const PATIENCE_MS = 60_000;

/** Below the ports that systems give to whoever asks for any, and to outgoing connections (Linux from 32768 on, others from 49152). */
const CHOSEN_PORTS = { from: 20_000, count: 12_000 };

/**
 * A port of this machine that nobody listens on at the moment, and that the system gives to nobody by itself.
 *
 * @param {string} [host]
 * @returns {Promise<number>}
 */
export async function freePort(host = "127.0.0.1") {
  for (;;) {
    const port = CHOSEN_PORTS.from + randomInt(CHOSEN_PORTS.count);
    if (await canListen(port, host)) return port;
  }
}

/** @param {number} port @param {string} host */
function canListen(port, host) {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(port, host, () => server.close(() => resolve(true)));
    server.on("error", (/** @type {NodeJS.ErrnoException} */ error) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
  });
}

// It ends by itself when the process that wanted it is gone, however that ended.
const BUSY = "const own = process.ppid; while (process.ppid === own) for (let turn = 0; turn < 1e8; turn++);";

/**
 * Keeps cores busy, as other programs of a machine do.
 *
 * @param {number} count
 * @returns {() => void} ends them
 */
export function busyLoops(count) {
  const loops = Array.from({ length: count }, () => spawn(process.execPath, ["-e", BUSY], { stdio: "ignore" }));
  return () => {
    for (const loop of loops) loop.kill("SIGKILL");
  };
}

/**
 * Waits until something answers at a URL.
 *
 * @param {string} url
 * @param {import("node:child_process").ChildProcess} [child] who is to answer: when it has ended nobody waits any more
 */
export async function untilAnswers(url, child) {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end && (child === undefined || child.exitCode === null)) {
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await delay(50);
  }
  throw new Error(`nothing answers at ${url}`);
}

/** @param {number | undefined} pid @returns {number} the memory that a process takes now, in MB; 0 where there is none */
export function rssMb(pid) {
  return memoryMb(pid, "VmRSS");
}

/** The system's own high-water mark: a peak between two looks is not lost. @param {number | undefined} pid @returns {number} in MB; 0 where there is no process */
export function peakMb(pid) {
  return memoryMb(pid, "VmHWM");
}

function memoryMb(pid, what) {
  try {
    return Number(new RegExp(`^${what}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** @param {number} pid @returns {number[]} the processes that one has started */
export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
