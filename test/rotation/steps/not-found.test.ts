import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import { createManager } from "../../../src/rotation/manager.js";
import type { Stores } from "../../../src/storage/contract.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { scratchDirectories } from "../../contracts/scratch.js";
import { SETTINGS } from "../settings-fixture.js";

const scratch = scratchDirectories();
const START = 1_800_000_000;
const DAYS = 86_400;

/** An issuer with its private keys in a folder, and a key that signs beside a standby. */
async function issuer() {
  const keys = join(await scratch(), "keys");
  const place = memoryPlace();
  const { stores } = place;
  let now = START;
  const managerOf = (over: Stores = stores, directory = keys) =>
    createManager({
      stores: over,
      custodians: { file: createFileCustodian({ directory }) },
      settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
      clock: () => now,
      sleep: async () => undefined,
    });
  await managerOf().tick({ createKeyring: true });
  const records = async () =>
    ((await stores.keyring.read())?.keyring.keys ?? []).map(({ id, state, materialLostAt }) => ({ id, state, materialLostAt }));
  const published = async () => (await stores.publicDocuments.read())?.jwks.keys.map(({ kid }) => kid);
  return { keys, place, stores, managerOf, records, published, pass: (seconds: number) => (now += seconds) };
}

const REFUSED = { code: "plan_refused", message: expect.stringContaining("mount or restore them") };

describe("private keys of which none is found", () => {
  it("are given up by no rotation that is due, and another is made beside none of them: a folder may not be mounted", async () => {
    const { keys, managerOf, records, pass } = await issuer();
    const before = await records();
    await rename(keys, `${keys}.elsewhere`);
    await mkdir(keys, { mode: 0o700 });
    pass(2 * DAYS);
    await expect(managerOf().rotate()).rejects.toMatchObject(REFUSED);
    await expect(managerOf().tick()).rejects.toMatchObject(REFUSED);
    expect(await readdir(keys)).toStrictEqual([]);
    expect(await records()).toStrictEqual(before);
    await rm(keys, { recursive: true });
    await rename(`${keys}.elsewhere`, keys);
    expect((await managerOf().tick()).alerts).toStrictEqual([]);
    expect((await records()).map(({ id }) => id)).toStrictEqual(expect.arrayContaining(before.map(({ id }) => id)));
  });

  it("are given up by no revocation either, which says what keeps it from taking effect", async () => {
    const { keys, stores, managerOf, records } = await issuer();
    const [active, standby] = await records();
    const kid = (await stores.keyring.read())?.keyring.keys[0]?.publicJwk?.kid as string;
    await rename(keys, `${keys}.elsewhere`);
    await expect(managerOf().revoke({ kid })).rejects.toMatchObject(REFUSED);
    expect((await records()).find(({ id }) => id === standby?.id)).toStrictEqual(standby);
    await rename(`${keys}.elsewhere`, keys);
    await managerOf().tick();
    expect((await records()).find(({ state }) => state === "active")?.id).toBe(standby?.id);
    expect((await records()).find(({ id }) => id === active?.id)).toBeUndefined();
  });

  it("are not replaced by those of another account, where nothing else is either", async () => {
    const { stores, managerOf, records, published, pass } = await issuer();
    const before = [await records(), await published()];
    pass(2 * DAYS);
    const active = memoryPlace().stores.active;
    const elsewhere = managerOf({ ...stores, active }, join(await scratch(), "keys"));
    await expect(elsewhere.tick()).rejects.toMatchObject(REFUSED);
    expect(await active.read()).toStrictEqual([]);
    expect([await records(), await published()]).toStrictEqual(before);
  });

  it("are given up by an operator's word, and others are made", async () => {
    const { keys, managerOf, records } = await issuer();
    const before = await records();
    await rm(keys, { recursive: true });
    await managerOf().repair({ apply: true });
    const signing = (await records()).filter(({ state }) => state === "active");
    expect(signing).toHaveLength(1);
    expect(before.map(({ id }) => id)).not.toContain(signing[0]?.id);
  });
});

describe("a key that was revoked and signed on until another one was found", () => {
  it("stays out of the JWKS where the keyring and the log of then are put back, and can be revoked again", async () => {
    const { keys, place, stores, managerOf } = await issuer();
    const kid = (await stores.keyring.read())?.keyring.keys[0]?.publicJwk?.kid as string;
    await rename(keys, `${keys}.elsewhere`);
    await expect(managerOf().revoke({ kid })).rejects.toMatchObject(REFUSED);
    const then = place.copy();
    await rename(`${keys}.elsewhere`, keys);
    await managerOf().tick();
    const published = async () => (await stores.publicDocuments.read())?.jwks.keys.map((key) => key.kid);
    expect(await published()).not.toContain(kid);
    const after = managerOf({ ...stores, keyring: then.stores.keyring, audit: then.stores.audit });
    await after.repair({ apply: true });
    await after.tick();
    expect(await published()).not.toContain(kid);
    expect((await then.stores.keyring.read())?.keyring.keys.find(({ publicJwk }) => publicJwk?.kid === kid)?.state).not.toBe(
      "retired",
    );
  });

  it("leaves at another revocation where an older version has put it back", async () => {
    const { stores, managerOf } = await issuer();
    const found = await stores.keyring.read();
    const [active, standby] = found?.keyring.keys ?? [];
    const kid = standby?.publicJwk?.kid as string;
    const retired = {
      ...standby,
      state: "retired",
      retiredAt: START,
      activatedAt: START,
      maxTtlSeconds: 60,
      revokedAt: START,
    } as const;
    await stores.keyring.write({ ...found?.keyring, keys: [active, retired] } as never, found?.tag as string);
    await managerOf().revoke({ kid, reason: "again" });
    expect((await stores.publicDocuments.read())?.jwks.keys.map((key) => key.kid)).not.toContain(kid);
  });
});
