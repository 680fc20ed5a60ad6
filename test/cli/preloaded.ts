import { fileURLToPath } from "node:url";
import { type Ran, signet } from "./command.js";

const MAX_WRITES = 500;

/** The option of Node by which a module of this folder is loaded before the command. */
export const preloaded = (name: string): string => `--import=${fileURLToPath(new URL(name, import.meta.url))}`;

/** Runs a command that is killed at a write: before its n-th one (`"n"`), or after it (`"n after"`). */
export function killedAt(args: readonly string[], cwd: string, at: string): Promise<Ran> {
  return signet(args, { cwd, env: { KILL_AT: at, NODE_OPTIONS: preloaded("kill-at-write.mjs") } });
}

/**
 * Runs a case for every n-th write until the command lives to its end: before and after each one where that is every single one, else by turns.
 * Answers how many writes it made.
 */
export async function everyWrite(stride: number, run: (at: string) => Promise<Ran>): Promise<number> {
  for (let write = 1; write < MAX_WRITES; write += stride) {
    const [before, after] = [`${write}`, `${write} after`];
    for (const at of stride === 1 ? [before, after] : [write % 2 === 0 ? before : after]) {
      if ((await run(at)).signal !== "SIGKILL") return write;
    }
  }
  throw new Error(`the command made more than ${MAX_WRITES} writes`);
}
