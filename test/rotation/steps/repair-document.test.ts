import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PublicJwk } from "../../../src/algorithms/jwk.js";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import { SignetError } from "../../../src/errors.js";
import { createActiveKey } from "../../../src/issue/active-key.js";
import { createManager } from "../../../src/rotation/manager.js";
import { assertWell } from "../../../src/rotation/report.js";
import type { PublishedDocuments, Stores } from "../../../src/storage/contract.js";
import { createFileStores } from "../../../src/storage/file/stores.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { scratchDirectories } from "../../contracts/scratch.js";
import { SETTINGS } from "../settings-fixture.js";

const scratch = scratchDirectories();

describe("an active document that was altered before the first activation was confirmed", () => {
  it("is told of, and repair lets the first key sign under the next sequence", async () => {
    const directory = await scratch();
    const files = createFileStores(directory);
    const managerOn = (stores: Stores) =>
      createManager({
        stores,
        custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
        settings: { ...SETTINGS, algorithm: "EdDSA" },
        clock: () => 1_800_000_000,
        sleep: async () => undefined,
      });
    // The disk is full when the activation is to be confirmed.
    const write: Stores["keyring"]["write"] = async (keyring, tag) => {
      if (keyring.confirmedSequence > 0) throw new SignetError("store_failed", "the disk is full");
      return files.keyring.write(keyring, tag);
    };
    const started = managerOn({ ...files, keyring: { ...files.keyring, write } }).tick({ createKeyring: true });
    await expect(started).rejects.toThrow("the disk is full");
    const path = join(directory, "active", "1.json");
    const text = await readFile(path, "utf8");
    const { kid } = JSON.parse(text);
    await writeFile(path, text.replace(kid, "somebody-elses"));
    const manager = managerOn(files);
    const report = await manager.tick();
    expect(() => assertWell(report)).toThrow("signet keys repair");
    await manager.repair({ apply: true });
    assertWell(await manager.tick());
    expect(await files.active.read()).toMatchObject([{ sequence: 2, kid }]);
  });
});

describe("a clock that ran three years ahead while a key was to be activated", () => {
  it("has its times set back by repair, those of the activation too, and the keys are managed again", async () => {
    const { stores, custodian } = memoryPlace();
    let now = 1_800_000_000;
    const managerOn = (given: Stores) =>
      createManager({
        stores: given,
        custodians: { file: custodian },
        settings: { ...SETTINGS, algorithm: "EdDSA" },
        clock: () => now,
        sleep: async () => undefined,
      });
    const manager = managerOn(stores);
    await manager.tick({ createKeyring: true });
    now += 3 * 365 * 86_400;
    await manager.rotate();
    now += 2 * 86_400;
    const write: Stores["keyring"]["write"] = async (keyring, tag) => {
      if (keyring.confirmedSequence > 1) throw new SignetError("store_failed", "the disk is full");
      return stores.keyring.write(keyring, tag);
    };
    await expect(managerOn({ ...stores, keyring: { ...stores.keyring, write } }).rotate()).rejects.toThrow("the disk is full");
    expect((await stores.keyring.read())?.keyring.activation).toMatchObject({ intendedAt: now });
    now -= 3 * 365 * 86_400;
    expect((await manager.repair()).findings.map(({ kind }) => kind)).toContain("clock");
    await manager.repair({ apply: true });
    assertWell(await manager.tick());
    expect((await manager.repair()).findings.map(({ kind }) => kind)).not.toContain("clock");
  });
});

describe("the key file of the key that signs, a byte of it changed", () => {
  it("is told by its name, and repair says how the key is given up", async () => {
    const directory = await scratch();
    const manager = createManager({
      stores: createFileStores(directory),
      custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
      settings: { ...SETTINGS, algorithm: "EdDSA" },
      clock: () => 1_800_000_000,
      sleep: async () => undefined,
    });
    await manager.tick({ createKeyring: true });
    const [document] = await createFileStores(directory).active.read();
    const { kid = "", material } = document ?? {};
    const path = join(directory, "keys", `${(material as { file: string }).file}.key`);
    const text = await readFile(path, "utf8");
    await writeFile(
      path,
      text.replace(/"d":"./, (start) => `${start.slice(0, -1)}${start.endsWith("A") ? "B" : "A"}`),
    );
    const damaged = `${path} is damaged: it holds no key that signs. Restore it from a backup`;
    expect((await manager.tick()).alerts).toStrictEqual([expect.stringContaining(damaged)]);
    const { findings } = await manager.repair();
    expect(findings).toMatchObject([
      {
        kind: "private-part",
        words: expect.stringContaining("move its key file away, then `signet keys repair --yes`: tokens verify"),
        remedy: null,
      },
    ]);
    await rm(path);
    await manager.repair({ apply: true });
    assertWell(await manager.tick());
    expect((await createFileStores(directory).publicDocuments.read())?.jwks.keys.map((key) => key.kid)).toContain(kid);
  });
});

describe("a key whose custodian is not configured here", () => {
  it("is told with where to run it, beside everything else, which is repaired", async () => {
    const { stores, custodian } = memoryPlace();
    const elsewhere = memoryPlace().custodian;
    const settings = { ...SETTINGS, algorithm: "EdDSA" } as const;
    const more = { clock: () => 1_800_000_000, sleep: async () => undefined };
    const before = { "parameter-store": { ...elsewhere, custody: "parameter-store" }, file: custodian };
    await createManager({
      ...{ stores, custodians: before, settings: { ...settings, custody: "parameter-store" }, ...more },
    }).tick({ createKeyring: true });
    const { tag, ...published } = (await stores.publicDocuments.read()) as PublishedDocuments;
    await stores.publicDocuments.publish({ ...published, jwks: { keys: published.jwks.keys.slice(1) } }, tag);
    const manager = createManager({ stores, custodians: { file: custodian }, settings, ...more });
    const { findings } = await manager.repair();
    expect(findings.map(({ kind }) => kind).sort()).toStrictEqual(["jwks", "private-part", "private-part"]);
    for (const { kind, words } of findings) {
      if (kind !== "private-part") continue;
      expect(words).toMatch(/could not be proven: .* run it where parameter-store is configured$/);
    }
    // What can be done without it is done; then the run says what could not.
    await expect(manager.repair({ apply: true })).rejects.toThrow("run it where parameter-store is configured");
    expect((await stores.publicDocuments.read())?.jwks.keys).toHaveLength(published.jwks.keys.length);
  });
});

describe("a private key that no record names", () => {
  it("is told with a command that a shell takes as it is meant, and none where it is in use", async () => {
    const { stores, custodian } = memoryPlace();
    const names: string[] = [];
    const listing = {
      ...custodian,
      async *list() {
        yield* custodian.list();
        yield* names;
      },
    };
    const clock = () => 1_800_000_000;
    const manager = createManager({
      stores,
      custodians: { file: listing },
      settings: { ...SETTINGS, algorithm: "EdDSA" },
      clock,
      sleep: async () => undefined,
    });
    await manager.tick({ createKeyring: true });
    const { tag, ...published } = (await stores.publicDocuments.read()) as PublishedDocuments;
    const planted = { ...(published.jwks.keys[0] as PublicJwk), kid: "theirs" };
    await stores.publicDocuments.publish({ ...published, jwks: { keys: [...published.jwks.keys, planted] } }, tag);
    names.push("x; id", "other.theirs");
    const { findings } = await manager.repair();
    const words = findings.filter(({ kind }) => kind === "orphan").map(({ words: each }) => each);
    expect(words).toStrictEqual([
      expect.stringMatching(/: if it is not needed, `signet keys destroy 'x; id'`$/),
      expect.stringMatching(/: it is published, or an active document names it$/),
    ]);
    await expect(manager.destroyKey({ name: "other.theirs", dryRun: true })).rejects.toThrow("it is published");
  });
});

describe("an old keyring put back beside an active document that names a key of which nothing tells", () => {
  it("is brought up to date by the log, and repair lets the last key that signed sign again", async () => {
    const directory = await scratch();
    const stores = createFileStores(directory);
    let now = 1_800_000_000;
    const manager = createManager({
      stores,
      custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
      settings: { ...SETTINGS, algorithm: "EdDSA" },
      clock: () => now,
      sleep: async () => undefined,
    });
    await manager.tick({ createKeyring: true });
    const old = await readFile(join(directory, "keyring.json"), "utf8");
    await manager.rotate();
    now += 2 * 86_400;
    const { rotated } = await manager.rotate();
    const kid = rotated?.to as string;
    const [top] = await stores.active.read();
    const path = join(directory, "active", `${top?.sequence}.json`);
    await writeFile(path, (await readFile(path, "utf8")).replace(kid, "somebody-elses"));
    await writeFile(join(directory, "keyring.json"), old);
    await manager.repair({ apply: true });
    assertWell(await manager.tick());
    expect((await stores.active.read()).map((document) => document.kid)).toStrictEqual([kid]);
  });
});

describe("an old keyring put back beside an active document older than one that issuers have read", () => {
  it("has it written anew, so that an issuer which runs takes it", async () => {
    const directory = await scratch();
    const stores = createFileStores(directory);
    const custodian = createFileCustodian({ directory: join(directory, "keys") });
    let now = 1_800_000_000;
    const clock = () => now;
    const settings = { ...SETTINGS, algorithm: "EdDSA" } as const;
    const manager = createManager({ stores, custodians: { file: custodian }, settings, clock, sleep: async () => undefined });
    await manager.tick({ createKeyring: true });
    const issuer = createActiveKey({ read: stores.active.read, open: (key) => custodian.open(key), maxAgeSeconds: 3_600, clock });
    const active = join(directory, "active");
    const [first, old] = await Promise.all(
      ["active/1.json", "keyring.json"].map((name) => readFile(join(directory, name), "utf8")),
    );
    // The folder is not mounted for a while: a document is written in its place, which issuers read.
    await rm(active, { recursive: true });
    await manager.tick();
    await issuer.refresh();
    await rm(active, { recursive: true });
    await mkdir(active, { mode: 0o700 });
    await writeFile(join(active, "1.json"), first as string, { mode: 0o600 });
    await writeFile(join(directory, "keyring.json"), old as string);
    // The next run that takes the lease sees it: a sweep does at the latest.
    now += 13 * 3_600;
    assertWell(await manager.tick());
    await issuer.refresh();
    expect((await issuer.current(now)).signer.kid).toBe((await stores.active.read())[0]?.kid);
  });
});

describe("a discovery document", () => {
  it.each([
    ["deleted", (path: string) => rm(path)],
    ["damaged", (path: string) => writeFile(path, "{")],
    ["changed", async (path: string) => writeFile(path, (await readFile(path, "utf8")).replace("jwks.json", "other.json"))],
  ])("is published again where it was %s, as the JWKS", async (_how, damage) => {
    const directory = await scratch();
    const manager = createManager({
      stores: createFileStores(directory),
      custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
      settings: SETTINGS,
      clock: () => 1_800_000_000,
      sleep: async () => undefined,
    });
    await manager.tick({ createKeyring: true });
    const path = join(directory, "public", "openid-configuration.json");
    const whole = await readFile(path, "utf8");
    await damage(path);
    expect((await manager.repair()).findings.map(({ kind }) => kind)).toStrictEqual(["jwks"]);
    await manager.tick();
    expect(await readFile(path, "utf8")).toBe(whole);
  });
});
