import { statSync } from "node:fs";
import { mkdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { createLastUses, forgetUse, lastUse } from "../../src/files/last-uses.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until, untilTurn } from "../contracts/until.js";

const scratch = scratchDirectories();
const START_MS = 1_800_000_000_000;

/** The uses of a process, at a time that the test says. */
function uses(folder: string) {
  const failures: unknown[] = [];
  let now = START_MS;
  const kept = createLastUses(folder, (error) => failures.push(error), { now: () => now });
  return {
    ...kept,
    failures,
    usedAt(seconds: number, name: string) {
      now = START_MS + seconds * 1_000;
      kept.used(name);
    },
  };
}

const seconds = async (folder: string, name: string) => {
  const at = await lastUse(folder, name);
  return at && at - START_MS / 1_000;
};

describe("the last uses of callers", () => {
  it("are written soon after the first of each, and no more than once a minute after that", async () => {
    const folder = join(await scratch(), "callers");
    const process = uses(folder);
    process.usedAt(0, "web");
    await until("the first use", async () => (await seconds(folder, "web")) === 0);
    for (let second = 1; second < 50; second++) process.usedAt(second, "web");
    process.usedAt(50, "chat");
    await until("the other's use", async () => (await seconds(folder, "chat")) === 50);
    process.usedAt(51, "chat");
    expect([await seconds(folder, "web"), await seconds(folder, "chat")]).toStrictEqual([0, 50]);
    await process.close();
    expect([await seconds(folder, "web"), await seconds(folder, "chat")]).toStrictEqual([49, 51]);
    expect(process.failures).toStrictEqual([]);
  });

  it("are written a minute later, those that came meanwhile with the last of them", async () => {
    vi.useFakeTimers({ now: START_MS });
    try {
      const folder = join(await scratch(), "callers");
      const kept = createLastUses(folder, (error) => expect.fail(String(error)));
      const written = (name: string, second: number) =>
        untilTurn(`${name} at ${second}`, () => {
          const ms = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
          return ms !== undefined && Math.floor((ms - START_MS) / 1_000) === second;
        });
      const at = async (ms: number, name: string) => {
        await vi.advanceTimersByTimeAsync(ms);
        kept.used(name);
        await vi.advanceTimersByTimeAsync(1);
      };
      await at(0, "web");
      await written("web", 0);
      await at(20_000, "web");
      await at(20_000, "chat");
      await written("chat", 40);
      await at(10_000, "chat");
      expect(await seconds(folder, "web")).toBe(0);
      await vi.advanceTimersByTimeAsync(10_000);
      await written("web", 20);
      expect(await seconds(folder, "chat")).toBe(40);
      await vi.advanceTimersByTimeAsync(40_000);
      await written("chat", 50);
    } finally {
      vi.useRealTimers();
    }
  });

  it("are those of all processes, and outlive them", async () => {
    const folder = join(await scratch(), "callers");
    const [first, second] = [uses(folder), uses(folder)];
    second.usedAt(20, "web");
    await second.close();
    first.usedAt(10, "web");
    await first.close();
    expect(await seconds(folder, "web")).toBe(20);
    expect((await stat(folder)).mode & 0o77).toBe(0);
  });

  it("are forgotten with the caller", async () => {
    const folder = join(await scratch(), "callers");
    await forgetUse(folder, "web");
    const process = uses(folder);
    process.usedAt(0, "web");
    await process.close();
    await forgetUse(folder, "web");
    expect(await lastUse(folder, "web")).toBeUndefined();
  });

  it("that cannot be written are told, and stop nothing", async () => {
    const folder = join("/dev/null", "callers");
    const process = uses(folder);
    process.usedAt(0, "web");
    await process.close();
    expect(process.failures).toHaveLength(1);
  });

  it("that cannot be written keep no other from it, and are told", async () => {
    const folder = join(await scratch(), "callers");
    await mkdir(folder);
    await symlink("web", join(folder, "web"));
    const process = uses(folder);
    for (const name of ["web", "chat"]) process.usedAt(3, name);
    await process.close();
    expect(await seconds(folder, "chat")).toBe(3);
    expect(process.failures).toMatchObject([{ code: "store_failed" }]);
  });

  it("are not kept from being told by a time that has not come yet, from before the clock was put back", async () => {
    const folder = join(await scratch(), "callers");
    const [ahead, right] = [uses(folder), uses(folder)];
    ahead.usedAt(20_000, "web");
    await ahead.close();
    right.usedAt(10, "web");
    await right.close();
    expect(await seconds(folder, "web")).toBe(10);
  });
});
