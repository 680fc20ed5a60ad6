import { chmod, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileOnceStore, type FileOnceOptions } from "../../src/storage/file/once.js";
import { createOnceSweep } from "../../src/storage/file/once-sweep.js";
import { onceSuite, useNamed } from "../contracts/once-suite.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const place = async () => join(await scratch(), ".signet", "used");

onceSuite("on a disk", async () => {
  const directory = await place();
  return { store: createFileOnceStore(directory), again: () => createFileOnceStore(directory) };
});

const START = Math.floor(Date.now() / 1_000);

/** A store over an empty place, with a clock that is the test's, and goes or is put. */
async function clocked(options: FileOnceOptions = {}) {
  const directory = await place();
  const clock = { seconds: START, putBySeconds: 0 };
  const now = () => (clock.seconds + clock.putBySeconds) * 1_000;
  const open = () => createFileOnceStore(directory, { ...options, now, elapsed: () => clock.seconds * 1_000 });
  return { directory, clock, open, store: open() };
}

/** The names of all uses that are remembered. */
async function remembered(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.flatMap((name) => /\/([0-9a-f]{64})$/.exec(name)?.[1] ?? []);
}

const FULL = { code: "replay_store_full", status: 503 };

describe("uses on a disk", () => {
  it("are for their owner alone, in folders that stay small, and say nothing of who used them", async () => {
    const { directory, store } = await clocked();
    for (let index = 0; index < 40; index++) await store.createOnce(useNamed(`${index}`), START + 300, "the-callers-name");
    const names = await readdir(directory, { recursive: true });
    expect(names.join()).not.toContain("caller");
    for (const name of ["", ...names]) {
      const stats = await stat(join(directory, name));
      expect(stats.mode & 0o777).toBe(stats.isDirectory() ? 0o700 : 0o600);
    }
    const folders = (await remembered(directory)).map((use) => names.find((name) => name.endsWith(use))?.split("/")[0]);
    expect(new Set(folders).size).toBeGreaterThan(10);
  });

  it("are refused beyond what one share may take, which leaves the room of others", async () => {
    const { store, open } = await clocked({ maxUses: 8, maxUsesOfShare: 3 });
    for (const name of ["a", "b", "c"]) expect(await store.createOnce(useNamed(name), START + 300, "greedy")).toBe(true);
    const refused = store.createOnce(useNamed("d"), START + 300, "greedy");
    await expect(refused).rejects.toMatchObject({ ...FULL, retryAfterSeconds: expect.any(Number) });
    // Neither a restart nor another process gives it more.
    await expect(open().createOnce(useNamed("e"), START + 300, "greedy")).rejects.toMatchObject(FULL);
    expect(await store.createOnce(useNamed("d"), START + 300, "modest")).toBe(true);
  });

  it("are refused beyond the room there is, by whichever shares", async () => {
    const { store, directory } = await clocked({ maxUses: 6, maxUsesOfShare: 4 });
    const racing = Array.from({ length: 24 }, (_, index) => store.createOnce(useNamed(`${index}`), START + 300, `c${index % 3}`));
    const outcomes = await Promise.allSettled(racing);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(6);
    for (const each of outcomes) if (each.status === "rejected") expect(each.reason).toMatchObject(FULL);
    expect(await remembered(directory)).toHaveLength(6);
  });

  it("of many greedy shares leave a hundredth of all room to each other one, and are bounded by that", async () => {
    const { store, open, directory } = await clocked({ maxUses: 200 });
    let used = 0;
    const taken = async (share: string, by = store) => {
      for (let count = 0; ; count++) {
        const isTaken = await by.createOnce(useNamed(`${used++}`), START + 80_000, share).catch((error) => error);
        if (isTaken !== true) return [count, isTaken.code];
      }
    };
    for (const share of ["w", "x", "y", "z"]) expect(await taken(share)).toStrictEqual([50, FULL.code]);
    expect(await taken("modest")).toStrictEqual([2, FULL.code]);
    expect(await taken("another", open())).toStrictEqual([2, FULL.code]);
    expect(await taken("x", open())).toStrictEqual([0, FULL.code]);
    expect(await remembered(directory)).toHaveLength(204);
  });

  it("that are replayed take no room, however often", async () => {
    const { store } = await clocked({ maxUses: 4, maxUsesOfShare: 2 });
    await store.createOnce(useNamed("a"), START + 300, "ci");
    for (let times = 0; times < 20; times++) expect(await store.createOnce(useNamed("a"), START + 300, "ci")).toBe(false);
    expect(await store.createOnce(useNamed("b"), START + 300, "ci")).toBe(true);
  });

  it("free their room when they are over, without a restart", async () => {
    const { store, clock } = await clocked({ maxUses: 4, maxUsesOfShare: 2 });
    for (const name of ["a", "b"]) await store.createOnce(useNamed(name), START + 300, "ci");
    const full = await store.createOnce(useNamed("c"), START + 300, "ci").catch((error) => error);
    clock.seconds += full.retryAfterSeconds;
    let isTaken = false;
    for (let times = 0; times < 2_000 && !isTaken; times++) {
      clock.seconds += 1;
      isTaken = await store.createOnce(useNamed("c"), clock.seconds + 300, "ci").catch(() => false);
    }
    expect(isTaken).toBe(true);
  });

  it("go when they are over, by whoever works then, and only these", async () => {
    const { store, open, directory, clock } = await clocked();
    const use = (name: string, seconds: number) => store.createOnce(useNamed(name), clock.seconds + seconds, "ci");
    for (let index = 0; index < 60; index++) await use(`short ${index}`, 300);
    for (let index = 0; index < 20; index++) await use(`long ${index}`, 80_000);
    clock.seconds += 1_300;
    const other = open();
    let calls = 0;
    do {
      for (let index = 0; index < 64; index++) await other.createOnce(useNamed(`late ${calls++}`), clock.seconds + 300, "ci");
    } while (calls < 2_000 && (await remembered(directory)).length > 20 + calls);
    for (let index = 0; index < 20; index++) expect(await use(`long ${index}`, 80_000)).toBe(false);
    // Some steps over all folders, and no scan at each call.
    expect(calls).toBeLessThan(2_000);
  });

  it.each([300, 599, 6 * 3_600])(
    "that are in force are not forgotten by a clock that is put forward by %i seconds",
    async (seconds) => {
      const { store, clock } = await clocked();
      for (let index = 0; index < 20; index++) await store.createOnce(useNamed(`${index}`), START + 1, "ci");
      clock.putBySeconds = seconds;
      for (let index = 0; index < 200; index++) await store.createOnce(useNamed(`later ${index}`), START + seconds + 300, "ci");
      clock.putBySeconds = 0;
      for (let index = 0; index < 20; index++) expect(await store.createOnce(useNamed(`${index}`), START + 1, "ci")).toBe(false);
    },
  );

  it("are counted anew by a clock that is put back", async () => {
    const { store, clock } = await clocked({ maxUses: 400, maxUsesOfShare: 2 });
    clock.putBySeconds = 5_000;
    for (const name of ["a", "b"]) await store.createOnce(useNamed(name), START + 5_300, "ci");
    clock.putBySeconds = 0;
    await expect(store.createOnce(useNamed("c"), START + 300, "ci")).rejects.toMatchObject(FULL);
    expect(await store.createOnce(useNamed("c"), START + 300, "other")).toBe(true);
  });

  it("leave other files beside them, however old", async () => {
    const { store, directory } = await clocked();
    await store.createOnce(useNamed("a"), START + 300, "ci");
    const folder = join(directory, "00");
    await writeFile(join(folder, "notes.txt"), "");
    const sweep = createOnceSweep([folder]);
    const over = { files: new Set<string>(), known: new Set<string>() };
    for (let uses = 0; uses < 1_024; uses++) await sweep.some(over, Date.now() + 40 * 86_400_000, false);
    expect(await readdir(folder)).toContain("notes.txt");
  });

  it("whose term nobody knows are kept for days: of a copied folder, or where a power cut took the term's name", async () => {
    const { store, directory } = await clocked();
    await store.createOnce(useNamed("a"), START + 300, "ci");
    const [found = ""] = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith(useNamed("a")));
    const folder = dirname(join(directory, found));
    const { ino } = await stat(join(folder, useNamed("a")), { bigint: true });
    const look = async (days: number, files: readonly string[] = []) => {
      const sweep = createOnceSweep([folder]);
      const over = { files: new Set(files), known: new Set<string>() };
      for (let uses = 0; uses < 1_024; uses++) await sweep.some(over, Date.now() + days * 86_400_000, false);
      return readdir(folder);
    };
    // Nor is one that has the number of a file that is over, and is another one.
    expect(await look(2, [`${ino}:1`])).toStrictEqual([useNamed("a")]);
    expect(await look(4)).toStrictEqual([]);
  });
});

describe("a disk that fails", () => {
  const UNKNOWN = { code: "replay_store_failed", status: 503 };

  it("is no success, and names its files to the log alone: the folder was removed", async () => {
    const { store, directory } = await clocked();
    await store.createOnce(useNamed("a"), START + 300, "ci");
    await rm(directory, { recursive: true });
    const error = await store.createOnce(useNamed("a"), START + 300, "ci").catch((thrown) => thrown);
    expect(error).toMatchObject({ ...UNKNOWN, cause: { code: "store_failed", message: expect.stringContaining(directory) } });
    expect(error.cause.message).toContain("start the server anew");
    expect(error.message).not.toContain(directory);
  });

  it("is not believed where others may write", async () => {
    const { store, directory, open } = await clocked();
    await store.createOnce(useNamed("a"), START + 300, "ci");
    await chmod(directory, 0o777);
    await expect(open().createOnce(useNamed("b"), START + 300, "ci")).rejects.toMatchObject({
      ...UNKNOWN,
      cause: { code: "store_insecure" },
    });
  });
});
