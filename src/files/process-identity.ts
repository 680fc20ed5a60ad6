import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Whether the process that a text names still lives: `unknown` where it ran on another machine or in another container. */
export type ProcessState = "alive" | "gone" | "unknown";

/**
 * Names this process so that it cannot be mistaken for a later one with the same pid: where it runs (machine, boot, pid
 * namespace), its pid, and when it started.
 */
export function processIdentity(): string {
  return `${place()}/${process.pid}/${startTime(process.pid) ?? ""}`;
}

/** Tells whether the process named by `processIdentity` still lives. */
export function stateOfProcess(identity: string): ProcessState {
  const parts = identity.split("/");
  const [pid, started] = [Number(parts.at(-2)), parts.at(-1)];
  if (parts.slice(0, -2).join("/") !== place() || !Number.isSafeInteger(pid) || pid <= 0) return "unknown";
  if (!exists(pid)) return "gone";
  const now = startTime(pid);
  return now !== undefined && started !== "" && now !== started ? "gone" : "alive";
}

/** What an identity names, in words: "process 4711". What is no process tells itself what it is. */
export function describeProcess(identity: string): string {
  const pid = identity.split("/").at(-2);
  return pid === undefined ? identity : `process ${pid}`;
}

// Two containers share a volume and a host name but not their pids: without the namespace one would call the other dead.
function place(): string {
  return [
    hostname(),
    read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    read(() => readlinkSync("/proc/self/ns/pid")),
  ]
    .map((part) => part.replaceAll("/", "_"))
    .join("/");
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

// Field 22 of /proc/PID/stat, counted after the command's name, which may itself hold spaces and parentheses.
function startTime(pid: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return "";
  }
}
