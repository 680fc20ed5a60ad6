import { spawn } from "node:child_process";
import { isAbsolute } from "node:path";
import { isListOf, isNonEmptyText } from "../encoding/list-of.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { startInGroup } from "../files/process-group.js";
import { isProgram } from "../files/program.js";

/** A program and its arguments, as they are run: no shell reads them. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
}

/** A program that is run after something was done. */
export interface AfterRuns {
  /** Runs it; where it runs already, once more after that. */
  again(): void;
  /** Waits for the run that is under way. */
  ended(): Promise<void>;
  /** Starts no further run, and waits for the one that is under way: ten seconds, or until `now`; then it is killed. */
  stop(now: Promise<void>): Promise<void>;
}

/** How long a program may run. */
const MAX_MS = 60_000;
/** How long one may go on that runs at the stop: Kubernetes gives 30 seconds for all. */
const MAX_STOP_MS = 10_000;

/**
 * Reads a program as it is given on the command line: its path, or a list in JSON with its arguments.
 *
 * @throws SignetError `usage`
 */
export function programGiven(text: string, option: string): Program {
  const words = text.startsWith("[") ? listIn(text) : [text];
  const [path, ...args] = words ?? [];
  if (path !== undefined && isAbsolute(path)) {
    assertProgram(path, option);
    return { path, args };
  }
  const example = `${option} /usr/local/bin/reload, or ${option} '["/usr/bin/systemctl","reload","app"]'`;
  throw new SignetError(
    "usage",
    `${option} must be a program's whole path, alone or in a list of JSON with its arguments: ${example}`,
  );
}

// It is found at the start, and not at the first renewal.
function assertProgram(path: string, option: string): void {
  if (isProgram(path)) return;
  const [program = "", ...words] = path.split(" ");
  const list = words.length === 0 ? "" : `; its arguments stand in a list: ${option} '${JSON.stringify([program, ...words])}'`;
  throw new SignetError("usage", `${option}: ${shortened(path, 256)} is no program that can be run${shortened(list, 300)}`);
}

function listIn(text: string): readonly string[] | undefined {
  try {
    const value = parseStrictJson(text, "it");
    return isListOf(value, isNonEmptyText) ? value : undefined;
  } catch (error) {
    if (!isSignetError(error)) throw error;
    return undefined;
  }
}

/**
 * Runs a program after something was done, and the next time only once it has ended. What it writes goes to stderr; nothing of Signet's own
 * variables, which may hold secrets, reaches it. It does not outlive this process, but what it leaves running when it ends by itself does.
 *
 * @param more variables beside those of the environment
 * @param onFailure told what became of one that failed
 */
export function runAfter(
  { path, args }: Program,
  env: Readonly<Record<string, string | undefined>>,
  more: Readonly<Record<string, string>>,
  onFailure: (words: string) => void,
): AfterRuns {
  const given = { ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("SIGNET_"))), ...more };
  let running: Promise<void> | undefined;
  let kill: (fault: string) => void = () => undefined;
  let [isAskedAgain, isStopped] = [false, false];

  async function run(): Promise<void> {
    do {
      isAskedAgain = false;
      const started = start(path, args, given);
      kill = started.kill;
      const fault = await started.fault;
      if (fault !== undefined) onFailure(`${shortened(path, 256)} ${fault}`);
    } while (isAskedAgain && !isStopped);
    running = undefined;
  }

  return Object.freeze({
    again() {
      if (isStopped) return;
      isAskedAgain = true;
      running ??= run();
    },
    ended: async () => running,
    async stop(now: Promise<void>) {
      isStopped = true;
      const timer = setTimeout(() => kill(notWithin(MAX_STOP_MS)), MAX_STOP_MS);
      now.then(() => kill("was killed at a second signal"));
      await running;
      clearTimeout(timer);
    },
  });
}

interface Run {
  /** What became of one that failed; `undefined` of one that ended with 0. */
  readonly fault: Promise<string | undefined>;
  /** Kills it with all that it has started, and does not wait for its death. Nothing where it has ended. */
  readonly kill: (fault: string) => void;
}

function start(path: string, args: readonly string[], env: Record<string, string | undefined>): Run {
  const group = startInGroup((options) => spawn(path, args, { ...options, env, stdio: ["ignore", 2, 2] }));
  let settle: (fault: string | undefined) => void = () => undefined;
  const fault = new Promise<string | undefined>((resolve) => {
    settle = resolve;
  });
  let isOver = false;
  const finish = (letGo: () => void, what: string | undefined): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    letGo();
    settle(what);
  };
  const kill = (what: string): void => finish(group.kill, what);
  const timer = setTimeout(() => kill(notWithin(MAX_MS)), MAX_MS);
  group.child.on("error", (error: NodeJS.ErrnoException) =>
    finish(group.release, `cannot be started (${error.code ?? "unknown"})`),
  );
  group.child.on("exit", (code, signal) =>
    finish(group.release, code === 0 ? undefined : `failed (${code === null ? `signal ${signal}` : `exit ${code}`})`),
  );
  return { fault, kill };
}

function notWithin(ms: number): string {
  return `did not end within ${ms / 1_000} seconds, and was killed`;
}
