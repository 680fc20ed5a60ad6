import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Whether a process lives: `unknown` where nothing proves either. */
export type HolderState = "alive" | "gone" | "unknown";

/** Where and when a process runs; a member is empty where it is not known. */
export interface ProcessIdentity {
  readonly host: string;
  /** The boot of the kernel. It is the same in every container of a machine. */
  readonly boot: string;
  readonly pidNamespace: string;
  /** A digest of the machine's id; `undefined` in names that were made before it was a part of them. */
  readonly machine: string | undefined;
  readonly pid: number;
  /** When the process started, in ticks since the boot. */
  readonly startedAt: string;
}

let own: string | undefined;

/**
 * Names this process so that it cannot be mistaken for a later one with the same pid: where it runs (host, boot, pid namespace,
 * machine), its pid, and when it started.
 */
export function processIdentity(): string {
  own ??= [hostname(), bootId(), pidNamespace(), machineId(), String(process.pid), startTime(process.pid) ?? ""]
    .map((part) => part.replaceAll("/", "_"))
    .join("/");
  return own;
}

/** What an identity says; `undefined` for a text that is none. */
export function parseIdentity(identity: string): ProcessIdentity | undefined {
  const parts = identity.split("/");
  if (parts.length !== 5 && parts.length !== 6) return undefined;
  const [host = "", boot = "", namespace = ""] = parts;
  const [pid, startedAt = ""] = [Number(parts.at(-2)), parts.at(-1)];
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { host, boot, pidNamespace: namespace, machine: parts.length === 6 ? parts[3] : undefined, pid, startedAt };
}

/** Whether a process lives, by its pid: of this host, boot and pid namespace alone. A zombie lives no more. */
export function stateByPid(identity: string): HolderState {
  const [mine, theirs] = [parseIdentity(processIdentity()), parseIdentity(identity)];
  return mine === undefined || theirs === undefined ? "unknown" : stateAt(mine, theirs);
}

/** The short name of a holder, to be typed: "web-1:4711". */
export function holderName(identity: string): string {
  const known = parseIdentity(identity);
  return (known === undefined ? identity : `${known.host}:${known.pid}`).replace(/[^\w.:-]/g, "_");
}

/** `stateByPid` of parsed identities. */
export function stateAt(mine: ProcessIdentity, theirs: ProcessIdentity): HolderState {
  const isSame = mine.host === theirs.host && mine.boot === theirs.boot && mine.pidNamespace === theirs.pidNamespace;
  if (!isSame) return "unknown";
  return isRunning(theirs) ? "alive" : "gone";
}

/** What an identity names, in words: "process 4711 of web-1". What is no process tells itself what it is. */
export function describeProcess(identity: string): string {
  const known = parseIdentity(identity);
  if (known === undefined) return identity;
  return known.host === hostname() ? `process ${known.pid}` : `process ${known.pid} of ${known.host}`;
}

function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  if (!exists(pid)) return false;
  const state = fieldOfStat(pid, 0);
  if (state === "Z" || state === "X") return false;
  const now = startTime(pid);
  return now === undefined || startedAt === "" || now === startedAt;
}

// nspawn and LXC mount another text over it: it names their container, so that it tells nothing of the machine's boots.
function bootId(): string {
  const isOwn = !read(() => readFileSync("/proc/self/mountinfo", "utf8")).includes(" /proc/sys/kernel/random/boot_id ");
  return isOwn ? read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) : "";
}

// Two containers share a volume and a host name but not their pids.
function pidNamespace(): string {
  return read(() => readlinkSync("/proc/self/ns/pid"));
}

// A machine's id is not to be shown to others (machine-id(5)).
function machineId(): string {
  const id = read(() => readFileSync("/etc/machine-id", "utf8").trim());
  return id === "" ? "" : createHash("sha256").update(`signet ${id}`).digest("hex").slice(0, 16);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ESRCH";
  }
}

// Field 22 of /proc/PID/stat.
function startTime(pid: number): string | undefined {
  return fieldOfStat(pid, 19);
}

// Counted after the command's name, which may itself hold spaces and parentheses.
function fieldOfStat(pid: number, index: number): string | undefined {
  const stat = read(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  return stat === "" ? undefined : stat.slice(stat.lastIndexOf(")") + 2).split(" ")[index];
}

function read(from: () => string): string {
  try {
    return from();
  } catch {
    return "";
  }
}
