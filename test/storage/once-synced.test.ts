import type { PathLike } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { useNamed } from "../contracts/once-suite.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { untilTurn } from "../contracts/until.js";

/** What was asked of the disk, in order: a name that was made, and the begin and end of a sync. */
const { asked, faults } = vi.hoisted(() => ({
  asked: [] as { what: "made" | "sync" | "synced"; path: string }[],
  faults: {
    link: (_from: string): string | Promise<undefined> | undefined => undefined,
    sync: undefined as string | undefined,
    held: (_path: string): Promise<undefined> | undefined => undefined,
  },
}));

vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  const note = (what: "made" | "sync" | "synced", path: PathLike) => asked.push({ what, path: String(path) });
  const fail = (code: string | undefined) => {
    if (code !== undefined) throw Object.assign(new Error(code), { code });
  };
  return {
    ...real,
    link: async (from: PathLike, to: PathLike) => {
      fail(await faults.link(String(from)));
      await real.link(from, to);
      note("made", to);
    },
    mkdir: async (path: PathLike, options: { mode: number }) => {
      await real.mkdir(path, options);
      note("made", path);
    },
    open: async (path: PathLike, flags: string, mode?: number) => {
      const file = await real.open(path, flags, mode);
      if (flags.startsWith("wx")) note("made", path);
      const sync = file.sync.bind(file);
      file.sync = async () => {
        note("sync", path);
        await faults.held(String(path));
        fail(faults.sync);
        await sync();
        note("synced", path);
      };
      return file;
    },
  };
});

// The files of a worker share what one of them has loaded, which knows nothing of this disk; and none after this one may have it.
vi.resetModules();
const { createFileOnceStore } = await import("../../src/storage/file/once.js");
afterAll(() => {
  vi.doUnmock("node:fs/promises");
  vi.resetModules();
});

const scratch = scratchDirectories();

const until = Math.floor(Date.now() / 1_000) + 300;

/** A promise that is kept when the test says so. */
function gate() {
  let resolve: (value: undefined) => void = () => undefined;
  const promise = new Promise<undefined>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve(undefined) };
}

/** Whether a folder's sync began after a name was made in it, and has ended. */
function lasts(made: number): boolean {
  const folder = dirname(asked[made]?.path ?? "");
  const begun = asked.findIndex(({ what, path }, index) => index > made && what === "sync" && path === folder);
  return begun > made && asked.slice(begun).some(({ what, path }) => what === "synced" && path === folder);
}

describe("a use that was answered", () => {
  it("has reached the disk, with its folders and what it links to: a power cut forgets none", async () => {
    const directory = join(await scratch(), "used");
    const store = createFileOnceStore(directory);
    const isLasting = async (name: string) => {
      expect(await store.createOnce(useNamed(name), until, "ci")).toBe(true);
      const made = asked.findIndex(({ what, path }) => what === "made" && path.endsWith(useNamed(name)));
      expect(made).toBeGreaterThanOrEqual(0);
      expect(lasts(made)).toBe(true);
    };
    await isLasting("alone");
    // Many at once share syncs: each takes one that began after its name was there.
    await Promise.all(Array.from({ length: 200 }, (_, index) => isLasting(`${index}`)));
    for (const [index, { what }] of asked.entries()) if (what === "made") expect(lasts(index)).toBe(true);
    const files = asked.filter(({ what, path }) => what === "made" && dirname(path).endsWith("/terms"));
    expect(files).toHaveLength(1);
    expect(asked).toContainEqual({ what: "synced", path: files[0]?.path });
    expect(asked.filter(({ what }) => what === "sync").length).toBeLessThan(200);
  });
});

describe("uses at once", () => {
  it("share no sync that had begun before one of them was made", async () => {
    const directory = join(await scratch(), "used");
    const store = createFileOnceStore(directory);
    const [first = "", second = ""] = ["a", "b"].map((name) => `00${useNamed(name).slice(2)}`);
    const folder = join(directory, "00");
    const { promise: held, resolve: release } = gate();
    faults.held = (path) => (path === folder ? held : undefined);
    asked.length = 0;
    const index = (what: string, path: string) => asked.findIndex((each) => each.what === what && each.path === path);
    const answers = [store.createOnce(first, until, "ci")];
    await untilTurn("the first sync", () => index("sync", folder) >= 0);
    answers.push(store.createOnce(second, until, "ci"));
    await untilTurn("the second use", () => index("made", join(folder, second)) >= 0);
    faults.held = () => undefined;
    release();
    expect(await Promise.all(answers)).toStrictEqual([true, true]);
    expect(lasts(index("made", join(folder, second)))).toBe(true);
  });

  it("that are being recorded while the room is read keep their places", async () => {
    const clock = { ms: Date.now() };
    const directory = join(await scratch(), "used");
    const store = createFileOnceStore(directory, { maxUses: 400, maxUsesOfShare: 2, now: () => clock.ms });
    await store.createOnce(useNamed("before"), until, "other");
    const { promise: held, resolve: release } = gate();
    let links = 0;
    faults.link = () => {
      links += 1;
      return held;
    };
    const answers = ["a", "b"].map((name) => store.createOnce(useNamed(name), until, "ci"));
    await untilTurn("both", () => links === 2);
    faults.link = () => undefined;
    clock.ms += 11_000;
    await store.createOnce(useNamed("reads"), until, "other");
    release();
    expect(await Promise.all(answers)).toStrictEqual([true, true]);
    await expect(store.createOnce(useNamed("c"), until, "ci")).rejects.toMatchObject({ code: "replay_store_full" });
  });
});

describe("a disk that fails", () => {
  it.each(["ENOSPC", "EROFS", "EACCES", "EIO", "EDQUOT", "EMFILE", "EOPNOTSUPP"])("is no success: %s", async (code) => {
    const store = createFileOnceStore(join(await scratch(), "used"));
    faults.link = () => code;
    await expect(store.createOnce(useNamed("a"), until, "ci")).rejects.toMatchObject({
      code: "replay_store_failed",
      status: 503,
    });
    faults.link = () => undefined;
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(true);
  });

  it("is no success where the name is there and did not reach the disk; it counts as used", async () => {
    const store = createFileOnceStore(join(await scratch(), "used"));
    await store.createOnce(useNamed("before"), until, "ci");
    faults.sync = "EIO";
    await expect(store.createOnce(useNamed("a"), until, "ci")).rejects.toMatchObject({
      code: "replay_store_failed",
      status: 503,
    });
    faults.sync = undefined;
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(false);
  });

  it("gives back the room of what it could not take", async () => {
    const store = createFileOnceStore(join(await scratch(), "used"), { maxUses: 400, maxUsesOfShare: 2 });
    faults.link = () => "EIO";
    for (const name of ["a", "b", "c", "d"]) await expect(store.createOnce(useNamed(name), until, "ci")).rejects.toThrow();
    faults.link = () => undefined;
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(true);
  });

  it("that has links for only some uses of a file gets another file", async () => {
    const directory = join(await scratch(), "used");
    const store = createFileOnceStore(directory);
    faults.link = (from) => (/-[01]$/.test(from) ? "EMLINK" : undefined);
    const racing = ["a", "b", "c"].map((name) => store.createOnce(useNamed(name), until, "ci"));
    expect(await Promise.all(racing)).toStrictEqual([true, true, true]);
    faults.link = () => undefined;
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(false);
  });
});
