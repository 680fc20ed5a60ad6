import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import type { Keyring } from "../../../src/keyring/keyring.js";
import { createManager } from "../../../src/rotation/manager.js";
import { createFileStores } from "../../../src/storage/file/stores.js";
import { quickenPassphrases } from "../../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../../contracts/scratch.js";
import { SETTINGS } from "../settings-fixture.js";

const scratch = scratchDirectories();
let slowDown: () => void;
beforeAll(() => {
  slowDown = quickenPassphrases();
});
afterAll(() => slowDown());

/** A folder, and a command on it with a passphrase or without. */
async function folder() {
  const directory = await scratch();
  const stores = createFileStores(directory);
  const keys = join(directory, "keys");
  let now = 1_800_000_000;
  const manager = (passphrase?: string) =>
    createManager({
      stores,
      custodians: { file: createFileCustodian({ directory: keys, passphrase: async () => passphrase }) },
      settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
      clock: () => now,
      sleep: async () => undefined,
    });
  const keyring = async (): Promise<Keyring> => (await stores.keyring.read())?.keyring as Keyring;
  return { stores, keys, manager, keyring, later: (seconds: number) => (now += seconds) };
}

describe("a folder whose keys are encrypted", () => {
  it("gets no key without its passphrase, or under another one, also when every key file is gone", async () => {
    const { stores, keys, manager, keyring, later } = await folder();
    await manager("right").tick({ createKeyring: true });
    // As an earlier version has left it: the next sweep records how keys are kept.
    const made = await stores.keyring.read();
    const { keyFiles: _, ...earlier } = (made as { keyring: Keyring }).keyring;
    await stores.keyring.write(earlier, made?.tag as string);
    later(86_400);
    await manager("right").tick();
    const { keyFiles } = await keyring();
    expect(keyFiles).toStrictEqual({ encrypted: true, check: expect.any(String) });
    const header = JSON.parse(Buffer.from(keyFiles?.check?.split(".")[0] as string, "base64url").toString());
    expect(header).toMatchObject({ alg: "PBES2-HS512+A256KW", p2c: 600_000 });
    later(3_600);
    for (const name of await readdir(keys)) await rm(join(keys, name));
    await expect(manager().rotate()).rejects.toMatchObject({ code: "passphrase_required" });
    await expect(manager("other").rotate()).rejects.toMatchObject({ code: "passphrase_wrong" });
    expect(await readdir(keys)).toStrictEqual([]);
    expect((await keyring()).keys.filter(({ state }) => state === "creating")).toStrictEqual([]);
    // The folder may not be mounted: that they are lost is an operator's word.
    await expect(manager("right").rotate()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringMatching(/keys repair/),
    });
    expect(await readdir(keys)).toStrictEqual([]);
    await manager("right").repair({ apply: true });
    expect((await readdir(keys)).length).toBeGreaterThan(0);
    expect((await keyring()).keyFiles).toStrictEqual(keyFiles);
  });
});

describe("a folder whose keys are not encrypted", () => {
  it("gets none that is, until keys apply puts the passphrase in force", async () => {
    const { keys, manager, keyring } = await folder();
    await manager().tick({ createKeyring: true });
    expect((await keyring()).keyFiles).toStrictEqual({ encrypted: false });
    const before = await readdir(keys);
    await expect(manager("new").rotate()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringMatching(/not encrypted.*no key was made.*signet keys apply/),
    });
    expect(await readdir(keys)).toStrictEqual(before);
    const { actions } = await manager("new").applySettings({ keyFiles: true });
    expect(actions.map(({ words }) => words).join()).toContain("encrypted under the present passphrase");
    expect((await keyring()).keyFiles).toMatchObject({ encrypted: true });
    expect((await readdir(keys)).length).toBeGreaterThan(before.length);
    await expect(manager().applySettings({ keyFiles: true })).rejects.toMatchObject({ code: "passphrase_required" });
    const again = await manager("new").applySettings({ keyFiles: true });
    expect(again.actions.map(({ kind }) => kind)).not.toContain("apply-settings");
  });
});

describe("a folder of which nothing tells how its keys are kept, and whose keys are not there", () => {
  it("gets no key until they are back, or keys apply has said how they are kept", async () => {
    const { stores, keys, manager, keyring } = await folder();
    await manager().tick({ createKeyring: true });
    const made = await stores.keyring.read();
    const { keyFiles: _, ...earlier } = (made as { keyring: Keyring }).keyring;
    await stores.keyring.write(earlier, made?.tag as string);
    await rename(keys, `${keys}.elsewhere`);
    await expect(manager().rotate()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringMatching(/mount or restore them.*signet keys apply/),
    });
    expect((await keyring()).keys).toHaveLength(earlier.keys.length);
    // How they are kept is said then; that they are lost is another word.
    const refused = { code: "plan_refused", message: expect.stringContaining("signet keys repair") };
    await expect(manager().applySettings({ keyFiles: true })).rejects.toMatchObject(refused);
    expect((await keyring()).keyFiles).toStrictEqual({ encrypted: false });
    await manager().repair({ apply: true });
    expect((await readdir(keys)).length).toBeGreaterThan(0);
  });
});
