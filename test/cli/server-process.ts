import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { SIGNET } from "./command.js";

/** A `signet serve` that runs. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has written so far. */
  stdout(): string;
  stderr(): string;
  /** Tells it to stop, and answers its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** How a server is started otherwise than by default. */
export interface ServedOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where its log goes. Default a pipe that is read. */
  readonly stdout?: number | "pipe";
  /** What is typed; default nothing, from no terminal. */
  readonly input?: string;
}

/** Starts `signet serve` in a folder, on a free port unless told otherwise, and waits until it says where it listens. */
export async function served(
  cwd: string,
  args: readonly string[] = [],
  port: readonly string[] = ["--port", "0"],
  { env = {}, stdout = "pipe", input }: ServedOptions = {},
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [SIGNET, "serve", ...port, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", stdout, "pipe"],
  }) as ChildProcessByStdio<Writable | null, Readable | null, Readable>;
  // It stays open, as a terminal does.
  child.stdin?.write(input);
  running.add(child);
  child.once("exit", () => running.delete(child));
  let [out, err] = ["", ""];
  child.stdout?.on("data", (text: Buffer) => (out += text.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (text: Buffer) => {
      err += text.toString();
      const found = /^Signet serves (\S+?)(?: with|;)/m.exec(err)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`signet serve ended with ${code}: ${err}`)));
  });
  return {
    url,
    child,
    stdout: () => out,
    stderr: () => err,
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null) return child.exitCode;
      const exited = once(child, "exit");
      child.kill(signal);
      return ((await exited) as [number | null])[0];
    },
  };
}

/** Kills what a failed test has left running. */
export function killServers(): void {
  for (const child of running) child.kill("SIGKILL");
}
