import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runAfter } from "../../src/operator/run-after.js";
import { hasEnded } from "../contracts/ended.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";

const scratch = scratchDirectories();
const never = new Promise<void>(() => undefined);
/** It ends by itself at last, so that a test that fails leaves nothing behind. */
const HANGS = 'sleep 600 &\necho "$$ $!" >> "$FOLDER/pids"\nwait\n';

afterEach(() => void vi.useRealTimers());

/** A program of these lines of a shell, which has run once it has written a line of `pids`. */
async function program(lines: string) {
  const folder = await scratch();
  const path = join(folder, "after");
  await writeFile(path, `#!/bin/sh\n${lines}`, { mode: 0o700 });
  const failures: string[] = [];
  const env = { PATH: process.env.PATH, SIGNET_PASSPHRASE: "s" };
  const runs = runAfter({ path, args: [] }, env, { FOLDER: folder }, (words) => void failures.push(words));
  const begun = async () => (await readFile(join(folder, "pids"), "utf8").catch(() => "")).split("\n").slice(0, -1);
  const pids = async () => (await begun()).flatMap((line) => line.split(" ").map(Number));
  return { path, folder, failures, runs, begun, pids };
}

describe.skipIf(process.platform === "win32")("a program that runs after something was done", () => {
  it("runs once more where that was asked for meanwhile, and tells how it failed", async () => {
    const { path, folder, failures, runs, begun } = await program(
      'echo "$$" >> "$FOLDER/pids"\nread line < "$FOLDER/released"\nexit 3\n',
    );
    await writeFile(join(folder, "released"), "");
    for (let count = 0; count < 3; count++) runs.again();
    await runs.ended();
    expect(await begun()).toHaveLength(2);
    expect(failures).toStrictEqual([`${path} failed (exit 3)`, `${path} failed (exit 3)`]);
  });

  it("is not started once more after the stop, which waits for the run that is under way", async () => {
    const { folder, failures, runs, begun } = await program(
      'echo "$$" >> "$FOLDER/pids"\nwhile [ ! -e "$FOLDER/released" ]; do :; done\n',
    );
    runs.again();
    runs.again();
    await until("it runs", async () => (await begun()).length === 1);
    const stopped = runs.stop(never);
    await writeFile(join(folder, "released"), "");
    await stopped;
    runs.again();
    await runs.ended();
    expect(await begun()).toHaveLength(1);
    expect(failures).toStrictEqual([]);
  });

  it("is killed with all that it has started ten seconds after the stop", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { path, failures, runs, begun, pids } = await program(HANGS);
    runs.again();
    await until("it runs", async () => (await begun()).length === 1);
    const stopped = runs.stop(never);
    vi.advanceTimersByTime(9_999);
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(1);
    await stopped;
    expect(failures).toStrictEqual([`${path} did not end within 10 seconds, and was killed`]);
    for (const pid of await pids()) await until("the end of all that it started", () => hasEnded(pid));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is killed so at once where the stop is to end now", async () => {
    const { path, failures, runs, begun, pids } = await program(HANGS);
    runs.again();
    await until("it runs", async () => (await begun()).length === 1);
    await runs.stop(Promise.resolve());
    expect(failures).toStrictEqual([`${path} was killed at a second signal`]);
    for (const pid of await pids()) await until("the end of all that it started", () => hasEnded(pid));
  });
});
