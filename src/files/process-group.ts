import type { ChildProcess } from "node:child_process";

/** How a program is started so that it has a group of its own. Windows has no groups. */
const OWN_GROUP = { detached: process.platform !== "win32", windowsHide: true } as const;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A program in a process group of its own, with whatever it starts. */
export interface ProcessGroup<Child extends ChildProcess> {
  readonly child: Child;
  /** Kills all of it. It is not heard of again. */
  kill(): void;
  /** Lets go of it: what is left of it may outlive this process. */
  release(): void;
}

const running = new Set<ChildProcess>();

/**
 * Starts a program that does not outlive this process: what ends this one, an exit or a signal, kills the program's group first. Its group
 * being its own, no terminal does that. A signal that something else listens to, such as a server, is left to that.
 *
 * @param start spawns it with these options
 */
export function startInGroup<Child extends ChildProcess>(start: (options: typeof OWN_GROUP) => Child): ProcessGroup<Child> {
  // Before it is started: a signal that came between would leave it running.
  if (running.size === 0) listen();
  let child: Child | undefined;
  try {
    child = start(OWN_GROUP);
    running.add(child);
  } finally {
    if (running.size === 0) unlisten();
  }
  return Object.freeze({
    child,
    kill() {
      release(child);
      killGroup(child);
    },
    release: () => release(child),
  });
}

function release(child: ChildProcess): void {
  if (running.delete(child) && running.size === 0) unlisten();
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    // The group has the number of its first process, which stays taken as long as one of them lives.
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}

function killAll(): void {
  for (const child of running) killGroup(child);
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  unlisten();
  process.kill(process.pid, signal);
}

function listen(): void {
  process.on("exit", killAll);
  // First of all: one that listens once is no longer counted when its turn is over.
  for (const signal of SIGNALS) process.prependListener(signal, endBy);
}

function unlisten(): void {
  process.removeListener("exit", killAll);
  for (const signal of SIGNALS) process.removeListener(signal, endBy);
}
