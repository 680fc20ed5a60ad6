import { spawn } from "node:child_process";
import { isAbsolute } from "node:path";
import { isListOf, isNonEmptyText } from "../encoding/list-of.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import { isProgram } from "../files/program.js";

/** A program and its arguments, as they are run: no shell reads them. */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
}

/** How long a program may run. */
const MAX_MS = 60_000;

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
 * variables, which may hold secrets, reaches it.
 *
 * @param more variables beside those of the environment
 * @param onFailure told what became of one that failed
 */
export function runAfter(
  { path, args }: Program,
  env: Readonly<Record<string, string | undefined>>,
  more: Readonly<Record<string, string>>,
  onFailure: (words: string) => void,
): { readonly again: () => void; readonly ended: () => Promise<void> } {
  const given = { ...Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("SIGNET_"))), ...more };
  let running: Promise<void> | undefined;
  let isAskedAgain = false;

  async function run(): Promise<void> {
    do {
      isAskedAgain = false;
      const fault = await ran(path, args, given);
      if (fault !== undefined) onFailure(`${shortened(path, 256)} ${fault}`);
    } while (isAskedAgain);
    running = undefined;
  }

  return Object.freeze({
    again() {
      isAskedAgain = true;
      running ??= run();
    },
    ended: async () => running,
  });
}

function ran(path: string, args: readonly string[], env: Record<string, string | undefined>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(path, args, { env, stdio: ["ignore", 2, 2], windowsHide: true });
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      child.kill("SIGKILL");
    }, MAX_MS);
    const end = (fault: string | undefined): void => {
      clearTimeout(timer);
      resolve(fault);
    };
    child.on("error", (error: NodeJS.ErrnoException) => end(`cannot be started (${error.code ?? "unknown"})`));
    child.on("exit", (code, signal) => {
      if (isOver) end(`did not end within ${MAX_MS / 1_000} seconds, and was killed`);
      else end(code === 0 ? undefined : `failed (${code === null ? `signal ${signal}` : `exit ${code}`})`);
    });
  });
}
