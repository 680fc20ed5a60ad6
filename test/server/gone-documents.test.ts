import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PublicJwk } from "../../src/algorithms/jwk.js";
import type { Installation } from "../../src/assemble.js";
import { createManager, type ManagerOptions } from "../../src/rotation/manager.js";
import { tickOnSchedule } from "../../src/server/manage.js";
import { readTeller } from "../../src/server/server.js";
import type { PublishedDocuments } from "../../src/storage/contract.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { inFolder, ourIssuer } from "../rotation/incidents/party.js";
import { SETTINGS } from "../rotation/settings-fixture.js";
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
      waits: [],
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
    const [first, second] = ["standby a could not be proven", "the audit log was deleted"];
    let alerts = [first];
    const tick = async () => ({ actions: [], nextAt: null, blockedBy: null, alerts, strays: [], waits: [] });
    const installation = { manager: async () => ({ tick }) } as unknown as Installation;
    const ticking = tickOnSchedule(installation, { info: vi.fn(), error } as never, failed);
    await vi.advanceTimersByTimeAsync(5 * 60_000 + 1);
    alerts = [first, second];
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(failed.mock.calls).toStrictEqual(Array(11).fill(["key alert"]));
    expect(error.mock.calls.map(([{ why }]) => why)).toStrictEqual([first, second]);
    alerts = [];
    await vi.advanceTimersByTimeAsync(2 * 3_600_000);
    await ticking.stop();
    expect(failed).toHaveBeenCalledTimes(11);
  });
});

describe("a manager's own ticks", () => {
  /** A server's ticks over a manager whose stores are in memory; a minute passes when the tick before has ended. */
  async function served() {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    const log = new Map<number, string>();
    const { stores, custodian } = memoryPlace({ active: new Map(), log, keys: new Map() });
    const managerOf = (options: Pick<ManagerOptions, "onStep"> = {}) =>
      createManager({ stores, custodians: { file: custodian }, settings: SETTINGS, sleep: async () => undefined, ...options });
    await managerOf().tick({ createKeyring: true });
    let last: Promise<unknown> = Promise.resolve();
    const manager: Installation["manager"] = async (options) => {
      const made = managerOf(options);
      const tick: typeof made.tick = (request) => {
        const ticked = made.tick(request);
        last = ticked;
        return ticked;
      };
      return { ...made, tick };
    };
    const [counted, told]: [string[], string[]] = [[], []];
    const lines = { info: () => undefined, error: ({ why }: { why: string }) => void told.push(why) };
    const ticking = tickOnSchedule({ manager } as Installation, lines as never, (dependency) => void counted.push(dependency));
    const minutes = async (count: number) => {
      counted.length = 0;
      for (let minute = 0; minute < count; minute++) {
        await vi.advanceTimersByTimeAsync(60_000);
        await last;
      }
    };
    await minutes(1);
    expect([counted, told]).toStrictEqual([[], []]);
    return { stores, log, counted, told, minutes, stop: ticking.stop };
  }

  it("count an audit log that was deleted each minute, also between two sweeps, and tell it once", async () => {
    const { log, counted, told, minutes, stop } = await served();
    const before = [...log];
    log.clear();
    // The next tick is due within the hour.
    await minutes(65);
    await minutes(15);
    expect(counted).toStrictEqual(Array(15).fill("key alert"));
    expect(told).toStrictEqual([expect.stringContaining("the audit log was deleted")]);
    for (const [number, line] of before) log.set(number, line);
    await minutes(2);
    await minutes(120);
    await stop();
    expect(counted).toStrictEqual([]);
  });

  it("count a key that was planted in the JWKS by itself, once", async () => {
    const { stores, counted, told, minutes, stop } = await served();
    const { tag, ...published } = (await stores.publicDocuments.read()) as PublishedDocuments;
    const planted = { ...(published.jwks.keys[0] as PublicJwk), kid: "planted" };
    await stores.publicDocuments.publish({ ...published, jwks: { keys: [...published.jwks.keys, planted] } }, tag);
    await minutes(180);
    await stop();
    expect(counted.sort()).toStrictEqual(["key alert", "planted key"]);
    expect(told).toStrictEqual([expect.stringContaining("did not make (planted)")]);
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
    const tick = async () => ({ actions: [], nextAt: Date.now() / 1_000 + 60, blockedBy: null, alerts: [], strays, waits: [] });
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

describe("a notice that could not be sent", () => {
  it("is told once for each reason, and counted by every tick", async () => {
    vi.useFakeTimers();
    const [warn, failed] = [vi.fn(), vi.fn()];
    let words = "down";
    const tick = async () => ({
      actions: [],
      nextAt: Date.now() / 1_000 + 60,
      blockedBy: null,
      alerts: [],
      strays: [],
      waits: [{ rule: "notices_unsent", until: null, words }],
    });
    const installation = { manager: async () => ({ tick }) } as unknown as Installation;
    const ticking = tickOnSchedule(installation, { info: vi.fn(), error: vi.fn(), warn } as never, failed);
    await vi.advanceTimersByTimeAsync(3 * 60_000);
    words = "refused";
    await vi.advanceTimersByTimeAsync(60_000);
    const told = "a notice could not be sent";
    expect(warn.mock.calls).toStrictEqual([
      [{ why: "down" }, told],
      [{ why: "refused" }, told],
    ]);
    expect(new Set(failed.mock.calls.flat())).toStrictEqual(new Set(["notice"]));
    expect(failed.mock.calls.length).toBeGreaterThan(3);
    vi.useRealTimers();
    await ticking.stop();
  });
});
