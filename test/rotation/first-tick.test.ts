import { createPublicKey, verify } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { createManager } from "../../src/rotation/manager.js";
import type { Stores } from "../../src/storage/contract.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "./settings-fixture.js";

const scratch = scratchDirectories();

function inMemory() {
  const { stores, custodian: file } = memoryPlace();
  return { stores, file, manager: createManager({ stores, custodians: { file }, settings: SETTINGS }) };
}

/** Where processes meet, and can be judged. */
async function onFiles() {
  const directory = await scratch();
  const file = createFileCustodian({ directory: join(directory, "keys") });
  const stores = createFileStores(directory);
  return { stores, file, manager: createManager({ stores, custodians: { file }, settings: SETTINGS }) };
}

const keyringOf = async (stores: Stores) => (await stores.keyring.read())?.keyring;

describe("the first tick", () => {
  it("makes, publishes and activates a key, and publishes a standby", async () => {
    const { stores, file, manager } = inMemory();
    const report = await manager.tick({ createKeyring: true });
    expect(report.actions.map((action) => action.kind)).toStrictEqual([
      ...["make", "publish", "activate", "confirm", "make", "publish"],
    ]);
    const keyring = await keyringOf(stores);
    expect(keyring?.keys.map((key) => key.state)).toStrictEqual(["active", "pending"]);
    expect(keyring?.lease).toBeNull();
    const [document] = await stores.active.read();
    const signer = await file.open(document as NonNullable<typeof document>);
    const published = await stores.publicDocuments.read();
    expect(published?.jwks.keys.map((jwk) => jwk.kid)).toStrictEqual(keyring?.keys.map((key) => key.publicJwk?.kid));
    const key = createPublicKey({ format: "jwk", key: { ...published?.jwks.keys[0] } });
    const signature = await signer.sign("a.b");
    expect(verify("sha256", Buffer.from("a.b"), { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
  });

  it("is followed by ticks that change nothing", async () => {
    const { stores, manager } = inMemory();
    await manager.tick({ createKeyring: true });
    const before = await stores.keyring.read();
    const { actions, nextAt } = await manager.tick({ createKeyring: true });
    expect(actions).toStrictEqual([]);
    expect(nextAt).toBeGreaterThan(0);
    expect(await stores.keyring.read()).toStrictEqual(before);
  });

  it("is followed by ticks that cost three reads, a proof of the key that signs, and no write", async () => {
    const { stores, file, manager } = inMemory();
    await manager.tick({ createKeyring: true });
    const calls: string[] = [];
    const counted = <T extends object>(name: string, part: T): T =>
      new Proxy(part, {
        get(target, member) {
          const value = Reflect.get(target, member);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            calls.push(`${name}.${String(member)}`);
            return value.apply(target, args);
          };
        },
      });
    const watched = {
      ...stores,
      keyring: counted("keyring", { ...stores.keyring }),
      active: counted("active", { ...stores.active }),
      publicDocuments: counted("public", { ...stores.publicDocuments }),
      audit: counted("audit", { ...stores.audit }),
    };
    const idle = createManager({ stores: watched, custodians: { file: counted("file", { ...file }) }, settings: SETTINGS });
    await idle.tick({ createKeyring: true });
    expect(calls.sort()).toStrictEqual(["active.read", "file.open", "keyring.read", "public.read"]);
  });

  it("are not idle after a manager that died: its lease is taken back, and private keys that it may have left are looked for", async () => {
    const { stores, file, manager } = await onFiles();
    await manager.tick({ createKeyring: true });
    const current = (await stores.keyring.read()) as NonNullable<Awaited<ReturnType<typeof stores.keyring.read>>>;
    const dead = stores.holder().replace(/\/\d+\/\d+$/, "/4194000/1");
    const lease = { holder: dead, manager: "dead", generation: 9, expiresAt: Math.floor(Date.now() / 1_000) + 600 };
    await stores.keyring.write({ ...current.keyring, lease }, current.tag);
    await file.create("left-behind", algorithmNamed("ES256"));
    const report = await manager.tick({ createKeyring: true });
    expect(report.actions.map((action) => action.kind)).toStrictEqual(["sweep"]);
    expect((await keyringOf(stores))?.lease).toBeNull();
    const held: string[] = [];
    for await (const id of file.list()) held.push(id);
    // No word of the keyring names it: it is told, and stays until a person has it destroyed.
    expect(held).toContain("left-behind");
    expect(report.strays).toMatchObject([{ custody: "file", name: "left-behind", monthlyUsd: 0, destroyedAfter: null }]);
    expect(report.strays[0]?.words).toContain("signet keys destroy left-behind");
  });

  it("says with dryRun what it would do, and does nothing", async () => {
    const { stores, manager } = inMemory();
    expect((await manager.tick({ dryRun: true, createKeyring: true })).actions.map((action) => action.kind)).toStrictEqual([
      "create",
    ]);
    expect(await stores.keyring.read()).toBeUndefined();
  });

  it("makes one installation when eight managers start together", async () => {
    const { stores, file } = await onFiles();
    const managers = Array.from({ length: 8 }, () => createManager({ stores, custodians: { file }, settings: SETTINGS }));
    const outcomes = await Promise.allSettled(managers.map((manager) => manager.tick({ createKeyring: true })));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "lease_held" });
    }
    await managers[0]?.tick({ createKeyring: true });
    expect((await keyringOf(stores))?.keys.map((key) => key.state)).toStrictEqual(["active", "pending"]);
    const held: string[] = [];
    for await (const id of file.list()) held.push(id);
    expect(held).toHaveLength(2);
  });

  it("refuses to start anew over private keys whose keyring is gone", async () => {
    const { file, manager } = inMemory();
    await file.create("a", algorithmNamed("ES256"));
    await expect(manager.tick({ createKeyring: true })).rejects.toMatchObject({ code: "keyring_missing" });
  });
});

describe("an imported key", () => {
  it("becomes the active key of a new issuer, with a standby made beside it", async () => {
    const { stores, manager } = inMemory();
    const privateKey = await generatePrivateKey(algorithmNamed("RS256"));
    const { publicJwk } = await manager.importKey({
      privateKey,
      algorithm: "RS256",
      kid: "old",
      as: "active",
      custody: "file",
      createKeyring: true,
    });
    expect(publicJwk.kid).toBe("old");
    expect((await stores.active.read()).map((document) => document.kid)).toStrictEqual(["old"]);
    expect((await keyringOf(stores))?.keys.map(({ state, origin }) => [state, origin])).toStrictEqual([
      ["active", "imported"],
      ["pending", "created"],
    ]);
    const again = manager.importKey({ privateKey, algorithm: "RS256", kid: "old", as: "active", custody: "file" });
    expect((await again).publicJwk).toStrictEqual(publicJwk);
  });

  it("as a standby leaves the active key alone, and is refused as active beside one", async () => {
    const { stores, manager } = inMemory();
    const privateKey = await generatePrivateKey(algorithmNamed("ES256"));
    await manager.importKey({ privateKey, algorithm: "ES256", as: "standby", custody: "file", createKeyring: true });
    expect((await keyringOf(stores))?.keys.map(({ state, origin }) => [state, origin])).toStrictEqual([
      ["active", "created"],
      ["pending", "created"],
      ["pending", "imported"],
    ]);
    const other = await generatePrivateKey(algorithmNamed("ES256"));
    const asActive = manager.importKey({ privateKey: other, algorithm: "ES256", as: "active", custody: "file" });
    await expect(asActive).rejects.toMatchObject({ code: "plan_refused" });
  });
});

describe("a dry run", () => {
  it("refuses a change after which the keyring could not be read, as the real run does", async () => {
    const { stores, manager } = inMemory();
    await manager.tick({ createKeyring: true });
    const before = await stores.keyring.read();
    const kid = before?.keyring.keys[0]?.publicJwk?.kid as string;
    for (const dryRun of [true, false]) {
      const changed = manager.setTokensExpireBy({ kid, tokensExpireBy: 0.5, dryRun });
      await expect(changed).rejects.toMatchObject({
        code: "keyring_damaged",
        message: expect.stringContaining("tokensExpireBy"),
      });
    }
    expect((await stores.keyring.read())?.keyring.keys).toStrictEqual(before?.keyring.keys);
  });
});

describe("a key made elsewhere", () => {
  it.each(["", " a", "a ", "a\nb", "\u001b[31m", "k\u00e9", "k".repeat(257)])("is not taken under the name %j", async (kid) => {
    const { manager } = inMemory();
    const privateKey = await generatePrivateKey(algorithmNamed("ES256"));
    const imported = manager.importKey({
      privateKey,
      algorithm: "ES256",
      kid,
      as: "standby",
      custody: "file",
      createKeyring: true,
    });
    await expect(imported).rejects.toMatchObject({ code: "invalid_key", field: "kid" });
    const jwk = { ...publicJwk(privateKey, algorithmNamed("ES256")), kid };
    await expect(manager.importForeignKeys({ keys: [jwk] })).rejects.toMatchObject({ code: "invalid_key", field: "kid" });
  });

  it("is not taken under a second name, which a revocation of the first would leave in use", async () => {
    const { manager } = inMemory();
    const privateKey = await generatePrivateKey(algorithmNamed("RS256"));
    await manager.importKey({ privateKey, algorithm: "RS256", kid: "first", as: "active", custody: "file", createKeyring: true });
    for (const algorithm of ["RS256", "PS512"] as const) {
      const second = manager.importKey({ privateKey, algorithm, kid: "second", as: "standby", custody: "file" });
      await expect(second).rejects.toMatchObject({ code: "plan_refused", message: expect.stringContaining("first (active)") });
    }
  });
});

describe("settings", () => {
  it("that raise the longest life of a token reach the keyring, then the active document", async () => {
    const { stores, file, manager } = inMemory();
    await manager.tick({ createKeyring: true });
    const raised = createManager({ stores, custodians: { file }, settings: { ...SETTINGS, maxTtlSeconds: 172_800 } });
    expect((await raised.tick({ createKeyring: true })).waits.map((wait) => wait.rule)).toContain("settings_differ");
    await raised.applySettings();
    const keyring = await keyringOf(stores);
    expect(keyring?.policy).toMatchObject({ version: 2, maxTtlSeconds: 172_800 });
    expect(keyring?.keys[0]?.maxTtlSeconds).toBe(172_800);
    expect(await stores.active.read()).toMatchObject([{ sequence: 2, maxTtlSeconds: 172_800 }]);
  });
});
