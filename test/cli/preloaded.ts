import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type Ran, signet } from "./command.js";

/** The option of Node by which a module of this folder is loaded before the command. */
export const preloaded = (name: string): string => `--import=${fileURLToPath(new URL(name, import.meta.url))}`;

/** Runs a command that is killed at a write: before its n-th one (`"n"`), or after it (`"n after"`); at none by `"0"`. */
export function killedAt(args: readonly string[], cwd: string, at: string): Promise<Ran> {
  return signet(args, { cwd, env: { KILL_AT: at, NODE_OPTIONS: preloaded("kill-at-write.mjs") } });
}

/** How many writes a command has made that was to be killed at none. */
export function writesOf({ stderr }: Ran): number {
  const [, writes] = /^(\d+) writes$/m.exec(stderr) ?? [];
  expect(writes, stderr).toBeDefined();
  return Number(writes);
}

/** So many of the writes, which count from 1: spread evenly, the first and the last among them. All where there are no more. */
export function spread(count: number, writes: number): readonly number[] {
  const chosen = Math.min(count, writes);
  return Array.from({ length: chosen }, (_, index) => 1 + Math.round((index * (writes - 1)) / Math.max(1, chosen - 1)));
}

/**
 * Runs a case once without a kill, which counts the command's writes, and once for each kill: before and after every write where that many
 * are wanted, else spread over the writes, by turns after and before one. Answers how many writes there are.
 */
export async function everyWrite(kills: number, run: (at: string) => Promise<Ran>): Promise<number> {
  const writes = writesOf(await run("0"));
  const isEach = kills >= 2 * writes;
  const places = spread(kills, writes).flatMap((write, turn) => {
    const [before, after] = [`${write}`, `${write} after`];
    if (isEach) return [before, after];
    return turn % 2 === 0 ? after : before;
  });
  for (const at of places) expect((await run(at)).signal, `killed at ${at} of ${writes} writes`).toBe("SIGKILL");
  return writes;
}
