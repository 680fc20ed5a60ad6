import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import type { EndedKey, Keyring } from "../../../src/keyring/keyring.js";
import { createManager } from "../../../src/rotation/manager.js";
import { standingOf, withListings } from "../../../src/rotation/plan/strays.js";
import type { Stores } from "../../../src/storage/contract.js";
import { keyringFor } from "../../contracts/keyring-fixture.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { SETTINGS } from "../settings-fixture.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
const ES256 = algorithmNamed("ES256");

/** An issuer with a private key beside it that no record names, under the id "gone". */
async function withStray(
  ended: readonly Partial<EndedKey>[],
  more: Partial<Stores["keyring"]> = {},
  /** Lines of the log beyond that number are not seen. */
  late = { since: Number.POSITIVE_INFINITY },
) {
  const { stores: whole, custodian: holding } = memoryPlace();
  const audit: Stores["audit"] = {
    append: whole.audit.append,
    async *read(after) {
      for await (const line of whole.audit.read(after)) if (JSON.parse(line).number <= late.since) yield line;
    },
  };
  const stores: Stores = { ...whole, audit, keyring: { ...whole.keyring, ...more } };
  let listed = (): void => undefined;
  const custodian = {
    ...holding,
    async *list() {
      listed();
      yield* holding.list();
    },
  };
  const onList = (listener: () => void) => {
    listed = listener;
  };
  let now = 1_800_000_000;
  const manager = () =>
    createManager({
      stores,
      custodians: { file: custodian },
      settings: SETTINGS,
      clock: () => now,
      sleep: async () => undefined,
    });
  const read = async () => (await stores.keyring.read()) as { keyring: Keyring; tag: string };
  const change = async (update: (keyring: Keyring) => Keyring) => {
    const { keyring, tag } = await read();
    await stores.keyring.write(update(keyring), tag);
  };
  const names = async () => {
    const found: string[] = [];
    for await (const name of custodian.list()) found.push(name);
    return found;
  };
  await manager().tick({ createKeyring: true });
  const { kid } = await custodian.create("gone", ES256);
  if (ended.length > 0) {
    await change((keyring) => ({
      ...keyring,
      ended: ended.map((each) => ({ id: "gone", custody: "file", endedAt: now, ...each })),
    }));
  }
  const tick = async (hours: number) => {
    now += hours * HOUR;
    return manager().tick();
  };
  return { stores, kid, change, names, tick, read, onList };
}

describe("a sweep", () => {
  it("destroys what has ended when two sweeps, half a day apart, have seen it, and writes that down", async () => {
    const { names, tick, read } = await withStray([{}]);
    expect((await tick(13)).strays).toMatchObject([{ name: "gone", destroyedAfter: expect.any(Number) }]);
    await tick(11.9);
    expect(await names()).toContain("gone");
    await tick(2);
    expect(await names()).not.toContain("gone");
    expect((await read()).keyring.audit.entry).toContain('"key.destroyed","keys":["gone"]');
  });

  it("destroys nothing of which the keyring says nothing, however often it sees it", async () => {
    const { names, tick } = await withStray([]);
    for (let day = 0; day < 4; day++) await tick(25);
    expect(await names()).toContain("gone");
  });

  it("destroys nothing that is published, whatever the keyring says", async () => {
    const { names, tick, read, change, stores } = await withStray([]);
    const { keyring } = await read();
    const active = keyring.keys.find(({ state }) => state === "active");
    await change((before) => ({
      ...before,
      ended: [{ id: "gone", kid: active?.publicJwk?.kid as string, custody: "file", endedAt: before.sweptAt as number }],
    }));
    for (let day = 0; day < 3; day++) await tick(25);
    expect((await read()).keyring.strays).toMatchObject([{ name: "gone", endedSeenAt: expect.any(Number) }]);
    expect(await names()).toContain("gone");
    expect(await stores.active.read()).toHaveLength(1);
  });

  it("destroys nothing by a keyring beyond whose count the audit log goes on", async () => {
    const { names, tick, read, stores } = await withStray([{}]);
    await tick(13);
    const old = (await read()).keyring;
    // Somebody has gone on since, and then the keyring was put back.
    await stores.audit.append(old.audit.count + 1, JSON.stringify({ number: old.audit.count + 1, event: "key.made" }));
    for (let day = 0; day < 2; day++) await tick(25).catch(() => undefined);
    expect(await names()).toEqual(expect.arrayContaining(["gone", ...old.keys.map(({ id }) => id)]));
  });

  it("destroys nothing where the log shows only after the search that an old keyring was put back", async () => {
    const late = { since: Number.POSITIVE_INFINITY };
    const { names, tick, read, stores, onList } = await withStray([{}], {}, late);
    await tick(13);
    const { audit } = (await read()).keyring;
    await stores.audit.append(audit.count + 1, JSON.stringify({ number: audit.count + 1, event: "key.made" }));
    late.since = audit.count;
    onList(() => {
      late.since = Number.POSITIVE_INFINITY;
    });
    await expect(tick(13)).rejects.toMatchObject({ code: "keyring_old" });
    expect(await names()).toContain("gone");
  });

  it("destroys nothing while the keyring is of version 1, which has no word for it", async () => {
    const { names, tick, read } = await withStray([], { readableVersion: async () => 1 });
    for (let day = 0; day < 3; day++) await tick(25);
    expect((await read()).keyring.version).toBe(1);
    expect(await names()).toContain("gone");
  });
});

describe("what ended", () => {
  const at = 1_800_000_000;
  const ended: EndedKey = { id: "gone", kid: "k", custody: "kms", endedAt: at };
  const keyring: Keyring = { ...keyringFor([]), version: 2, ended: [ended] };
  const swept = (before: Keyring, days: number, names: readonly string[]) =>
    withListings(before, [{ custody: "kms", names }], at + days * DAY);

  it("is known for 31 days, and until two sweeps have not found it", () => {
    const absent = swept(keyring, 1, []);
    expect(absent.ended).toStrictEqual([{ ...ended, absentAt: at + DAY }]);
    expect(swept(absent, 30.9, []).ended).toHaveLength(1);
    expect(swept(absent, 31, []).ended).toStrictEqual([]);
    expect(swept(keyring, 31, []).ended).toHaveLength(1);
    expect(swept(absent, 31, ["gone.other"]).ended).toStrictEqual([ended]);
    expect(withListings(absent, [{ custody: "file", names: [] }], at + 40 * DAY).ended).toHaveLength(1);
  });

  it("is told from what the keyring names, and from what it does not know", () => {
    const key = { id: "a", alg: "ES256", custody: "kms", origin: "created", creatingAt: at } as const;
    const jwk = { kty: "EC", use: "sig", alg: "ES256", kid: "kid-a" } as const;
    const made: Keyring = { ...keyring, keys: [{ ...key, state: "pending", publicJwk: jwk }] };
    const making: Keyring = { ...keyring, keys: [{ ...key, state: "creating" }] };
    expect(["a", "a.kid-a", "other.kid-a"].map((name) => standingOf(made, name))).toStrictEqual(Array(3).fill("named"));
    expect(["a.kid-b", "gone", "gone.kid-c"].map((name) => standingOf(made, name))).toStrictEqual(Array(3).fill("over"));
    expect(["b", "b.kid-b"].map((name) => standingOf(made, name))).toStrictEqual(["unknown", "unknown"]);
    expect(standingOf(making, "a.kid-b")).toBe("named");
  });
});
