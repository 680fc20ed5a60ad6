import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));

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
}

/** Runs the built command in a directory, with nothing of this process's environment but the path. */
export function signet(args: readonly string[], { cwd, input = "", env = {} }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SIGNET, ...args], { cwd, env: { PATH: process.env.PATH ?? "", HOME: cwd, ...env } });
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
