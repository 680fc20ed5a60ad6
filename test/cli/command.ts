import { type ChildProcess, fork, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isEvery } from "../contracts/matrix.js";

export const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));
const WARM = fileURLToPath(new URL("./warm-command.mjs", import.meta.url));

/** What a run of the built command answered. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run differs from an empty shell in `cwd`. */
export interface RunOptions {
  readonly cwd: string;
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it goes on at once where it would wait a while and look again; for what never comes, and only without a process of its own. */
  readonly shortWaits?: boolean;
}

function environmentOf({ cwd, env = {} }: RunOptions): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HOME: cwd, ...env };
}

/** Runs the built command in a process of its own, with nothing of this process's environment but the path. */
export function signetProcess(args: readonly string[], options: RunOptions): Promise<Ran> {
  const { cwd, input = "" } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SIGNET, ...args], { cwd, env: environmentOf(options) });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") }),
    );
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

let warm: ChildProcess | undefined;
let runs = 0;
const waiting = new Map<number, { resolve(ran: Ran): void; reject(error: Error): void }>();

function warmCommand(): ChildProcess {
  if (warm?.connected) return warm;
  const child = fork(WARM, isEvery ? [] : ["--quick"], { serialization: "advanced", env: { PATH: process.env.PATH ?? "" } });
  child.on("message", ({ id, ran, error }: { id: number; ran?: Ran; error?: string }) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (ran === undefined) asked?.reject(new Error(error));
    else asked?.resolve(ran);
  });
  child.on("exit", (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the warm command ended: ${code ?? signal}`));
    waiting.clear();
  });
  // This process may end whenever it wants to; the other one follows.
  child.unref();
  child.channel?.unref();
  warm = child;
  return child;
}

/** A server ends with its process, and what Node reads when it starts wants a Node that starts. */
function needsProcess([command]: readonly string[], { env = {} }: RunOptions): boolean {
  return command === "serve" || Object.keys(env).some((name) => /^(NODE|LD)_/.test(name));
}

/**
 * Runs the built command as `signetProcess`: where it can in a process that has run others before, one command after another, which
 * costs a tenth of a start.
 */
export function signet(args: readonly string[], options: RunOptions): Promise<Ran> {
  return needsProcess(args, options) ? signetProcess(args, options) : warmly(args, options);
}

/** The same for a `serve` that is refused before it listens: nothing of it is left in the process that has run it. */
export function refusedServe(args: readonly string[], options: RunOptions): Promise<Ran> {
  return warmly(["serve", ...args], options);
}

function warmly(args: readonly string[], options: RunOptions): Promise<Ran> {
  const id = runs++;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    const { cwd, input = "", shortWaits = false } = options;
    warmCommand().send({ id, args, cwd, env: environmentOf(options), input: Buffer.from(input), shortWaits });
  });
}
