import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Installation } from "../../src/assemble.js";
import { tickOnSchedule } from "../../src/server/manage.js";
import { readTeller } from "../../src/server/server.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { inFolder, ourIssuer } from "../rotation/incidents/party.js";
import { followedKeys } from "./followed.js";

const scratch = scratchDirectories();
afterEach(() => {
  vi.useRealTimers();
});

/** A server's view of an issuer with keys, what it counted, and what its log told. */
async function followedIssuer(directory: string) {
  const { stores, active: activeKey, manager } = await ourIssuer(inFolder(directory));
  const counted: string[] = [];
  const told: string[] = [];
  const log = { warn: (entry: object) => void told.push(Object.values(entry).join(" ")) };
  const start = () => {
    const teller = readTeller({ dependencyFailed: (dependency) => void counted.push(dependency) }, log as never);
    return followedKeys({ activeKey, stores }, teller);
  };
  return { start, counted, told, manager, stores };
}

describe("public documents that are gone", () => {
  it.each([
    ["an emptied JWKS", (folder: string) => writeFile(join(folder, "jwks.json"), "")],
    ["a JWKS without a key", (folder: string) => writeFile(join(folder, "jwks.json"), '{"keys":[]}')],
    ["a JWKS that was deleted", (folder: string) => rm(join(folder, "jwks.json"))],
    ["a folder that was deleted", (folder: string) => rm(folder, { recursive: true })],
    ["a discovery document that was deleted", (folder: string) => rm(join(folder, "openid-configuration.json"))],
  ])("are served on as they were read last: %s", async (_, harm) => {
    const directory = await scratch();
    const { start, counted, told, manager } = await followedIssuer(directory);
    const followed = start();
    await followed.refresh();
    const { jwks, discovery } = followed.documents() ?? {};
    expect([jwks?.keys.length, discovery === undefined, counted]).toStrictEqual([2, false, []]);
    await harm(join(directory, "public"));
    for (let read = 0; read < 3; read++) await followed.refresh();
    expect(followed.documents()).toMatchObject({ jwks, discovery });
    expect(counted).toStrictEqual(Array(3).fill("public documents"));
    expect(told).toHaveLength(1);
    await manager().tick();
    await followed.refresh();
    expect(followed.documents()).toMatchObject({ jwks, discovery });
    expect(counted).toHaveLength(3);
  });

  it("are told of again once they were there meanwhile", async () => {
    const directory = await scratch();
    const { start, told, manager } = await followedIssuer(directory);
    const followed = start();
    for (let time = 0; time < 2; time++) {
      await rm(join(directory, "public", "jwks.json"));
      await followed.refresh();
      await manager().tick();
      await followed.refresh();
    }
    expect(told).toHaveLength(2);
  });

  it("are no empty answer of a server that starts then", async () => {
    const directory = await scratch();
    const { start, counted } = await followedIssuer(directory);
    await writeFile(join(directory, "public", "jwks.json"), "");
    const followed = start();
    await followed.refresh();
    expect([followed.documents(), counted]).toStrictEqual([undefined, ["public documents"]]);
  });

  it("may list no key where the keyring has none to publish", async () => {
    const directory = await scratch();
    const { start, counted, stores } = await followedIssuer(directory);
    const followed = start();
    await followed.refresh();
    const { keyring, tag } = (await stores.keyring.read()) as NonNullable<Awaited<ReturnType<typeof stores.keyring.read>>>;
    await stores.keyring.write({ ...keyring, keys: [] }, tag);
    await writeFile(join(directory, "public", "jwks.json"), '{"keys":[]}');
    await followed.refresh();
    expect([followed.documents()?.jwks, counted]).toStrictEqual([{ keys: [] }, []]);
  });
});

describe("a keyring that is gone", () => {
  it("is a read that fails", async () => {
    const directory = await scratch();
    const { start, counted } = await followedIssuer(directory);
    const followed = start();
    await followed.refresh();
    await rm(join(directory, "keyring.json"));
    await followed.refresh();
    expect(counted).toStrictEqual(["keyring"]);
    expect(followed.documents()?.jwks.keys).toHaveLength(2);
  });
});

describe("a manager that waits for a person", () => {
  it("is counted at each tick, once a minute, and told of once", async () => {
    vi.useFakeTimers();
    const failed = vi.fn();
    const error = vi.fn();
    const tick = async () => ({
      actions: [],
      nextAt: null,
      blockedBy: "the keyring has seen the future",
      alerts: [],
      strays: [],
    });
    const installation = { manager: async () => ({ tick }) } as unknown as Installation;
    const ticking = tickOnSchedule(installation, { info: vi.fn(), error } as never, failed);
    await vi.advanceTimersByTimeAsync(10 * 60_000 + 1);
    await ticking.stop();
    expect(failed.mock.calls).toStrictEqual(Array(11).fill(["key manager"]));
    expect(error).toHaveBeenCalledTimes(1);
  });

  it("is counted apart where keys are managed and one could not be proven, and each key is told of once", async () => {
    vi.useFakeTimers();
    const failed = vi.fn();
    const error = vi.fn();
    let alerts = ["standby a could not be proven"];
    const tick = async () => ({ actions: [], nextAt: null, blockedBy: null, alerts, strays: [] });
    const installation = { manager: async () => ({ tick }) } as unknown as Installation;
    const ticking = tickOnSchedule(installation, { info: vi.fn(), error } as never, failed);
    await vi.advanceTimersByTimeAsync(10 * 60_000 + 1);
    expect(failed.mock.calls).toStrictEqual(Array(11).fill(["key alert"]));
    expect(error).toHaveBeenCalledTimes(1);
    alerts = [];
    await vi.advanceTimersByTimeAsync(2 * 3_600_000);
    await ticking.stop();
    expect(failed).toHaveBeenCalledTimes(11);
  });
});

describe("private keys that no record names", () => {
  it("are told once for as long as they are there, with commands that can be pasted, and not those that a sweep destroys", async () => {
    vi.useFakeTimers();
    const warn = vi.fn();
    const stray = (name: string, destroyedAfter: number | null) => ({
      name,
      destroyedAfter,
      monthlyUsd: 0,
      words: `\`signet ${name}\``,
    });
    let strays = [stray("a", null), stray("b", 1_800_000_000)];
    const tick = async () => ({ actions: [], nextAt: Date.now() / 1_000 + 60, blockedBy: null, alerts: [], strays });
    const installation = { manager: async () => ({ tick }) } as unknown as Installation;
    const pasteable = (words: string) => words.replace("signet", "./bin/signet");
    const ticking = tickOnSchedule(installation, { info: vi.fn(), error: vi.fn(), warn } as never, undefined, pasteable);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(warn.mock.calls).toStrictEqual([
      [{ stray: "a", monthlyUsd: 0, why: "`./bin/signet a`" }, "a private key is there that no record names"],
    ]);
    strays = [];
    await vi.advanceTimersByTimeAsync(60_000);
    strays = [stray("a", null)];
    await vi.advanceTimersByTimeAsync(60_000);
    await ticking.stop();
    expect(warn).toHaveBeenCalledTimes(2);
  });
});
