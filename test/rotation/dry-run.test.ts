import { generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PublicJwk } from "../../src/algorithms/jwk.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { createManager } from "../../src/rotation/manager.js";
import type { PublishedDocuments, Stores } from "../../src/storage/contract.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "./settings-fixture.js";

const scratch = scratchDirectories();
const DAY = 86_400;

/** An issuer with its private keys in a folder, a key that signs, and a standby that has been published for long enough. */
async function issuer() {
  const keys = join(await scratch(), "keys");
  const { stores } = memoryPlace();
  let now = 1_800_000_000;
  const managerOver = (over: Stores = stores) =>
    createManager({
      stores: over,
      custodians: { file: createFileCustodian({ directory: keys }) },
      settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
      clock: () => now,
      sleep: async () => undefined,
    });
  await managerOver().tick({ createKeyring: true });
  now += 2 * DAY;
  await managerOver().tick();
  const keyring = async () => {
    const read = await stores.keyring.read();
    if (read === undefined) throw new Error("there is no keyring");
    return read.keyring;
  };
  const keyOf = async (state: string) => (await keyring()).keys.find((key) => key.state === state);
  const unmounted = async () => {
    await rename(keys, `${keys}.elsewhere`);
    await mkdir(keys, { mode: 0o700 });
  };
  const mounted = async () => {
    await rm(keys, { recursive: true });
    await rename(`${keys}.elsewhere`, keys);
  };
  return { keys, stores, managerOver, keyring, keyOf, unmounted, mounted, now: () => now };
}

describe("a dry run", () => {
  it("is refused where the run is: an old keyring was put back, and a line of the log is missing since", async () => {
    const { stores, managerOver, keyring } = await issuer();
    const old = (await stores.keyring.read())?.keyring;
    await managerOver().rotate();
    const { count } = (await keyring()).audit;
    const tag = (await stores.keyring.read())?.tag as string;
    await stores.keyring.write(old as never, tag);
    // The line after those that the old keyring knows of.
    const read = (from?: number) => withoutLine(stores.audit.read(from), (old?.audit.count ?? 0) + 1);
    const cut = managerOver({ ...stores, audit: { ...stores.audit, read } });
    expect(count).toBeGreaterThan((old?.audit.count ?? 0) + 1);
    const refused = { code: "keyring_old" };
    await expect(cut.tick()).rejects.toMatchObject(refused);
    await expect(cut.tick({ dryRun: true })).rejects.toMatchObject(refused);
    await expect(cut.rotate({ dryRun: true })).rejects.toMatchObject(refused);
    expect((await cut.repair({ apply: true, dryRun: true })).actions.map(({ kind }) => kind)).toContain("adopt");
  });

  it("raises the alerts of the run: a key that was planted, and one that signs and is not found", async () => {
    const { keys, stores, managerOver, keyOf } = await issuer();
    const published = await stores.publicDocuments.read();
    if (published === undefined) throw new Error("nothing is published");
    const planted = [...published.jwks.keys, { ...published.jwks.keys[0], kid: "planted" } as PublicJwk];
    await stores.publicDocuments.publish({ ...published, jwks: { keys: planted } }, published.tag);
    const { id = "" } = (await keyOf("active")) ?? {};
    for (const file of await readdir(keys)) if (file.startsWith(id)) await rm(join(keys, file));
    const { alerts } = await managerOver().tick({ dryRun: true });
    expect(alerts).toEqual([
      expect.stringMatching(/^the key that signs, .* has lost its private part/),
      expect.stringContaining("a key that we did not make (planted)"),
    ]);
    expect((await managerOver().tick()).alerts).toEqual(expect.arrayContaining([...alerts]));
  });

  it("does not trust a clock that the run does not", async () => {
    const { stores, managerOver, now } = await issuer();
    const late = managerOver({ ...stores, serviceTime: async () => now() + 3_600 });
    for (const dryRun of [false, true]) await expect(late.rotate({ dryRun })).rejects.toMatchObject({ code: "clock_untrusted" });
  });

  it("makes no keyring where keys of another one were left", async () => {
    const { stores, managerOver } = await issuer();
    const read = async () => undefined;
    const without = managerOver({ ...stores, keyring: { ...stores.keyring, read } });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const request = { privateKey, algorithm: "ES256", custody: "file", as: "active", createKeyring: true } as const;
    for (const dryRun of [false, true]) {
      await expect(without.importKey({ ...request, dryRun })).rejects.toMatchObject({ code: "keyring_missing" });
      await expect(without.tick({ createKeyring: true, dryRun })).rejects.toMatchObject({ code: "keyring_missing" });
    }
  });

  it("says of every change that no key could be made where none is found", async () => {
    const { managerOver, unmounted, keyOf } = await issuer();
    const kid = (await keyOf("active"))?.publicJwk?.kid as string;
    await unmounted();
    const refused = { code: "plan_refused", message: expect.stringMatching(/^no key could be made: none of this issuer's/) };
    await expect(managerOver().rotate({ dryRun: true })).rejects.toMatchObject(refused);
    await expect(managerOver().applySettings({ rotate: true, dryRun: true })).rejects.toMatchObject(refused);
    const { obstacle, actions } = await managerOver().revoke({ kid, dryRun: true });
    expect(obstacle).toMatch(/^no key could be made: none of this issuer's/);
    expect(actions.map(({ kind }) => kind)).toContain("make");
  });

  it("lets a standby take over that could not be proven, and can be again", async () => {
    const { managerOver, unmounted, mounted, keyOf } = await issuer();
    const kid = (await keyOf("active"))?.publicJwk?.kid as string;
    await unmounted();
    await expect(managerOver().revoke({ kid })).rejects.toThrow("none of this issuer's private keys is found");
    expect((await keyOf("pending"))?.unprovenAt).toBeDefined();
    await mounted();
    const dry = await managerOver().revoke({ kid, dryRun: true });
    const done = await managerOver().revoke({ kid });
    expect(dry.actions.map(({ kind }) => kind)).toContain("activate");
    expect(dry.actions.find(({ kind }) => kind === "activate")).toStrictEqual(
      done.actions.find(({ kind }) => kind === "activate"),
    );
    expect(dry.waits.map(({ rule }) => rule)).not.toContain("young_standby");
  });
});

describe("why a key is where it is", () => {
  it("names no rotation in the past where one was asked for, and the second standby has to be published first", async () => {
    const { managerOver, keyOf, keyring, now } = await issuer();
    await managerOver().rotate();
    const kid = (await keyOf("active"))?.publicJwk?.kid;
    expect((await keyring()).rotationRequest).not.toBeNull();
    const explained = (await managerOver().explain()).find((each) => each.kid === kid);
    expect(explained?.words).toContain("takes place at ");
    expect(explained?.nextAt).toBeGreaterThan(now());
  });

  it("says of a standby that the JWKS lacks that verifiers have it not yet", async () => {
    const { stores, managerOver, keyOf } = await issuer();
    const standby = await keyOf("pending");
    const { tag, jwks, ...published } = (await stores.publicDocuments.read()) as PublishedDocuments;
    const keys = jwks.keys.filter((jwk) => jwk.kid !== standby?.publicJwk?.kid);
    await stores.publicDocuments.publish({ ...published, jwks: { keys } }, tag);
    const explained = (await managerOver().explain()).find((each) => each.kid === standby?.publicJwk?.kid);
    expect(explained?.words).toContain("not seen in the JWKS yet");
  });
});

describe("an import that was interrupted", () => {
  it("is not given up while none of the other keys is found: a folder may not be mounted", async () => {
    const { keys, stores, managerOver, keyOf, unmounted, mounted } = await issuer();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    // Stopped after the key file was written.
    const write: Stores["keyring"]["write"] = async (keyring, tag) => {
      if (keyring.keys.some(({ origin, state }) => origin === "imported" && state === "pending")) throw new Error("killed");
      return stores.keyring.write(keyring, tag);
    };
    const killed = managerOver({ ...stores, keyring: { ...stores.keyring, write } });
    const request = { privateKey, algorithm: "ES256", custody: "file", as: "standby" } as const;
    await expect(killed.importKey(request)).rejects.toThrow();
    expect([(await keyOf("creating"))?.origin, (await readdir(keys)).length]).toStrictEqual(["imported", 3]);
    const id = (await keyOf("creating"))?.id;
    await unmounted();
    await expect(managerOver().tick()).rejects.toThrow("mount or restore them");
    expect((await keyOf("creating"))?.id).toBe(id);
    await mounted();
    await managerOver().tick();
    expect((await stores.keyring.read())?.keyring.keys.find((key) => key.id === id)?.state).toBe("pending");
  });
});

async function* withoutLine(lines: AsyncIterable<string>, number: number): AsyncIterable<string> {
  for await (const line of lines) if (JSON.parse(line).number !== number) yield line;
}
