import { chmod, chown, lchown, lstat, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRenewal } from "../../src/client/renewal.js";
import { SignetError } from "../../src/errors.js";
import { createTokenFile, type TokenFileEvent } from "../../src/operator/token-file.js";
import { handingOf, tokenPlace } from "../../src/operator/token-place.js";
import { createMachine, type Machine, tokenWith } from "../client/machine.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { untilTurn } from "../contracts/until.js";

const scratch = scratchDirectories();
const PRIVATE = { mode: 0o600 };

/** A file on the disk that is kept on a machine of the test's time, where tokens are numbered and live for 100 seconds. */
async function kept(path: string, handing = PRIVATE) {
  const machine = createMachine(1, 0);
  const state = { asked: 0, failure: undefined as Error | undefined };
  const { clocks } = machine;
  const end = () => Math.floor(clocks.now() / 1_000) + 100;
  const renewal = createRenewal({
    async ask() {
      state.asked += 1;
      if (state.failure !== undefined) throw state.failure;
      return { token: tokenWith({ exp: end(), jti: state.asked }), lifeSeconds: 100 };
    },
    minTtlSeconds: 10,
    clocks,
  });
  const events: TokenFileEvent[] = [];
  const place = await tokenPlace(path, handing);
  const file = createTokenFile({ renewal, place, clocks, onEvent: (event) => void events.push(event) });
  const told = (): readonly string[] => events.map(({ what }) => what);
  return { file, machine, state, told, events, renewal };
}

async function later(machine: Machine, ms: number): Promise<void> {
  let isOver = false;
  machine.after(ms, () => {
    isOver = true;
  });
  while (!isOver) await machine.next();
}

/** Steps until the first token stands there: the call that brings it is not waited for. */
async function begun(path: string, handing = PRIVATE) {
  const own = await kept(path, handing);
  await own.file.step();
  await own.file.step();
  expect(own.told()).toStrictEqual(["ready"]);
  return own;
}

describe("a token's file", () => {
  it("is its owner's, holds the token and nothing else, and is replaced in time", async () => {
    const path = join(await scratch(), "token");
    const { file, machine, told } = await begun(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const first = await readFile(path, "utf8");
    expect(first).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    await later(machine, 85_000);
    await file.step();
    await file.step();
    expect(told()).toStrictEqual(["ready", "renewed"]);
    expect(await readFile(path, "utf8")).not.toBe(first);
    file.close();
  });

  it("has the mode that was asked for, each time, whatever the umask and the file before", async () => {
    const path = join(await scratch(), "token");
    await writeFile(path, "", { mode: 0o600 });
    const before = process.umask(0o077);
    try {
      const { file } = await begun(path, { mode: 0o644 });
      expect((await stat(path)).mode & 0o777).toBe(0o644);
      file.close();
    } finally {
      process.umask(before);
    }
  });

  it.runIf(process.getuid?.() === 0)("is given to a group", async () => {
    const path = join(await scratch(), "token");
    const { file } = await begun(path, await handingOf({ group: "4711" }));
    expect(await stat(path)).toMatchObject({ gid: 4_711, mode: expect.toSatisfy((mode) => (mode & 0o777) === 0o640) });
    file.close();
  });

  it("is replaced behind a symbolic link, which stays", async () => {
    const folder = await scratch();
    await mkdir(join(folder, "real"));
    await symlink("real/token", join(folder, "token"));
    const { file } = await begun(join(folder, "token"));
    expect((await lstat(join(folder, "token"))).isSymbolicLink()).toBe(true);
    expect(await readdir(join(folder, "real"))).toStrictEqual(["token"]);
    file.close();
  });

  it("comes back when it was deleted or changed, as the folder is watched", async () => {
    const path = join(await scratch(), "token");
    const { file, machine, told } = await begun(path);
    const token = await readFile(path, "utf8");
    for (const harm of [() => rm(path), () => writeFile(path, "a.b.c")]) {
      await later(machine, 2_000);
      await file.step();
      let isWoken = false;
      file.onWake(() => {
        isWoken = true;
      });
      await harm();
      await untilTurn("the watch tells", () => isWoken);
      await later(machine, 1_500);
      await file.step();
      expect(await readFile(path, "utf8")).toBe(token);
    }
    expect(told()).toStrictEqual(["ready", "restored", "restored"]);
    file.close();
  });

  it("comes back with its folder, though the watch ended with that", async () => {
    const folder = join(await scratch(), "run");
    await mkdir(folder);
    const { file, machine, told } = await begun(join(folder, "token"));
    await rm(folder, { recursive: true });
    await later(machine, 11_000);
    await file.step();
    expect(told()).toStrictEqual(["ready", "unwritable"]);
    await mkdir(folder);
    await later(machine, 31_000);
    await file.step();
    expect(told()).toStrictEqual(["ready", "unwritable", "restored"]);
    expect(await readdir(folder)).toStrictEqual(["token"]);
    file.close();
  });

  it("is bridged through an outage, which is told once, and removed before its token is over", async () => {
    const path = join(await scratch(), "token");
    const { file, machine, state, told } = await begun(path);
    state.failure = new SignetError("issuer_unavailable", "away");
    for (let second = 1; second < 97; second++) {
      await later(machine, 1_000);
      await file.step();
    }
    expect(told()).toStrictEqual(["ready", "failing"]);
    expect(await readdir(join(path, ".."))).toStrictEqual(["token"]);
    await later(machine, 2_000);
    await file.step();
    expect(told()).toStrictEqual(["ready", "failing", "removed"]);
    expect(await readdir(join(path, ".."))).toStrictEqual([]);
    state.failure = undefined;
    await later(machine, 60_000);
    await file.step();
    await file.step();
    expect(told()).toStrictEqual(["ready", "failing", "removed", "recovered", "renewed"]);
    file.close();
  });

  it("that an earlier process has left is removed when it is over, and not before", async () => {
    const path = join(await scratch(), "token");
    const end = Math.floor(createMachine(1, 0).clocks.now() / 1_000) + 30;
    await writeFile(path, tokenWith({ exp: end }));
    const { file, machine, state, told } = await kept(path);
    state.failure = new SignetError("issuer_unavailable", "away");
    await file.step();
    await later(machine, 20_000);
    await file.step();
    expect(await readdir(join(path, ".."))).toStrictEqual(["token"]);
    await later(machine, 9_000);
    await file.step();
    expect(told()).toContain("removed");
    expect(await readdir(join(path, ".."))).toStrictEqual([]);
    file.close();
  });

  it("that another process has written meanwhile is removed when that one is over, whatever was there before", async () => {
    const path = join(await scratch(), "token");
    const now = Math.floor(createMachine(1, 0).clocks.now() / 1_000);
    await writeFile(path, tokenWith({ exp: now + 30 }));
    const { file, machine, state, told } = await kept(path);
    state.failure = new SignetError("issuer_unavailable", "away");
    await file.step();
    const good = tokenWith({ exp: now + 600 });
    await writeFile(path, good);
    await later(machine, 500_000);
    await file.step();
    expect(await readFile(path, "utf8")).toBe(good);
    expect(told()).toStrictEqual(["failing"]);
    await later(machine, 99_000);
    await file.step();
    expect(told()).toStrictEqual(["failing", "removed"]);
    expect(await readdir(join(path, ".."))).toStrictEqual([]);
    file.close();
  });

  it("that another process has written just before the own token is over stays", async () => {
    const path = join(await scratch(), "token");
    const { file, machine, state, told } = await begun(path);
    state.failure = new SignetError("issuer_unavailable", "away");
    await later(machine, 97_000);
    await file.step();
    await later(machine, 500);
    const good = tokenWith({ exp: Math.floor(machine.clocks.now() / 1_000) + 600 });
    await writeFile(path, good);
    await later(machine, 1_000);
    await file.step();
    await later(machine, 60_000);
    await file.step();
    expect(await readFile(path, "utf8")).toBe(good);
    expect(told()).toStrictEqual(["ready", "failing"]);
    file.close();
  });

  it("is no file of another kind", async () => {
    const path = join(await scratch(), "config");
    await writeFile(path, "export PATH=/bin\n");
    await expect(tokenPlace(path, PRIVATE)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("neither written over nor removed"),
    });
    expect(await readFile(path, "utf8")).toBe("export PATH=/bin\n");
  });

  it("is neither written over nor removed once something else than a token stands there, which is told once", async () => {
    const path = join(await scratch(), "token");
    const { file, machine, state, told } = await begun(path);
    await writeFile(path, "precious\n");
    await later(machine, 85_000);
    await file.step();
    await file.step();
    expect(state.asked).toBe(2);
    state.failure = new SignetError("issuer_unavailable", "away");
    for (let second = 0; second < 200; second += 10) {
      await later(machine, 10_000);
      await file.step();
    }
    expect(told()).toStrictEqual(["ready", "unwritable", "failing"]);
    expect(await readFile(path, "utf8")).toBe("precious\n");
    await rm(path);
    state.failure = undefined;
    await later(machine, 60_000);
    await file.step();
    await file.step();
    expect(told()).toContain("renewed");
    expect(await readFile(path, "utf8")).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    file.close();
  });

  it.runIf(process.getuid?.() === 0)("is never what a link leads to that another user has planted since", async () => {
    const above = await scratch();
    const [folder, precious] = [join(above, "run"), join(above, "precious")];
    await mkdir(folder);
    await chown(folder, 4_711, 4_711);
    const other = tokenWith({ exp: 4_000_000_000 });
    await writeFile(precious, other, { mode: 0o600 });
    const path = join(folder, "token");
    const { file, machine, state, told, events } = await begun(path, { mode: 0o644 });
    await rm(path);
    await symlink("../precious", path);
    await lchown(path, 4_711, 4_711);
    await later(machine, 85_000);
    await file.step();
    await file.step();
    state.failure = new SignetError("issuer_unavailable", "away");
    for (let second = 0; second < 200; second += 10) {
      await later(machine, 10_000);
      await file.step();
    }
    expect(told()).toStrictEqual(["ready", "unwritable", "failing"]);
    expect(events[1]).toMatchObject({ failure: { code: "store_insecure", message: expect.stringContaining(`${path} is a`) } });
    expect(await readFile(precious, "utf8")).toBe(other);
    expect((await stat(precious)).mode & 0o777).toBe(0o600);
    file.close();
  });

  it("is kept in a folder that every user can write, as volumes of pods are", async () => {
    const folder = await scratch();
    await chmod(folder, 0o2777);
    const { file, machine, told } = await begun(join(folder, "token"));
    for (let second = 0; second < 90; second += 10) {
      await later(machine, 10_000);
      await file.step();
    }
    await file.step();
    expect(told()).toStrictEqual(["ready", "renewed"]);
    file.close();
  });

  it("has nothing beside it that a killed writer has left", async () => {
    const folder = await scratch();
    const left = "token.aaaaaaaa-bbbbbbbb-cccccccc--4194303-1.0123456789ab.tmp";
    await writeFile(join(folder, left), "a.b");
    await chmod(join(folder, left), 0o600);
    const old = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(folder, left), old, old);
    const { file } = await begun(join(folder, "token"));
    expect(await readdir(folder)).toStrictEqual(["token"]);
    file.close();
  });
});

describe("the mode of a token's file", () => {
  it.each([
    [{}, { mode: 0o600 }],
    [{ mode: "0640" }, { mode: 0o640 }],
    [{ mode: "444" }, { mode: 0o444 }],
    [{ group: "12" }, { mode: 0o640, gid: 12 }],
    [{ group: "root" }, { mode: 0o640, gid: 0 }],
  ])("is %j", async (options, handing) => {
    expect(await handingOf(options)).toStrictEqual(handing);
  });

  it.each([{ mode: "666" }, { mode: "700" }, { mode: "620" }, { mode: "9" }, { mode: "0" }, { group: "no such group" }])(
    "is not %j",
    async (options) => {
      await expect(handingOf(options)).rejects.toMatchObject({ code: "usage" });
    },
  );
});
