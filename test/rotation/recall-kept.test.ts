import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Custodian } from "../../src/custody/contract.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { createManager } from "../../src/rotation/manager.js";
import type { Session } from "../../src/rotation/session/session.js";
import { isStillSigning, recordRevocation } from "../../src/rotation/steps/revoke.js";
import type { Stores } from "../../src/storage/contract.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { amount } from "../contracts/matrix.js";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { crashingAfter, issuersByUpload, UPLOADED } from "./issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload, issuerLeft } = issuersByUpload();
const scratch = scratchDirectories();
const imported = (privateKey = generateKeyPairSync("ed25519").privateKey) =>
  ({ privateKey, algorithm: "EdDSA", custody: "file", as: "standby", signsNext: true }) as const;

let slowDown: () => void;
beforeAll(() => {
  slowDown = quickenPassphrases();
});
afterAll(() => slowDown());

async function keyringOf(stores: Stores) {
  const read = await stores.keyring.read();
  if (read === undefined) throw new Error("there is no keyring");
  return read;
}

/** An issuer whose imported key `one` has signed, and whose imported key `two` signs now. */
async function makeTwoImported() {
  const place = await issuerByUpload();
  const [a, b] = [imported(), imported()];
  const one = (await place.manager.importKey(a)).publicJwk.kid;
  await place.manager.rotate({ uploaded: one });
  place.pass(DAY);
  const before = await place.keyring();
  const two = (await place.manager.importKey(b)).publicJwk.kid;
  await place.manager.rotate({ uploaded: two });
  return { left: place.left(), a, b, one, two, before };
}

let made: ReturnType<typeof makeTwoImported> | undefined;

/** A copy of it for each test. */
async function twoImported() {
  made ??= makeTwoImported();
  const { left, a, b, one, two, before } = await made;
  const place = await issuerLeft(left);
  const record = async (kid: string) => (await place.keyring()).keys.find(({ publicJwk }) => publicJwk?.kid === kid);
  const published = async () => (await place.stores.publicDocuments.read())?.jwks.keys.map(({ kid }) => kid);
  /** As who copies a file back. */
  const putBack = async (): Promise<void> => {
    await place.stores.keyring.write(before, (await keyringOf(place.stores)).tag);
  };
  return { ...place, a, b, one, two, record, published, putBack };
}

describe("an old keyring that is put back after a key was taken back", () => {
  it("is brought up to date: the key signs on, and no other one is lost", async () => {
    const { manager, a, one, two, kids, signs, published, putBack } = await twoImported();
    await manager.importKey(a);
    await manager.rotate({ uploaded: one });
    await putBack();
    await manager.tick();
    expect([await signs(), await kids("active"), await kids("retired")]).toMatchObject([
      one,
      [one],
      expect.arrayContaining([two]),
    ]);
    expect(await published()).toStrictEqual(expect.arrayContaining([one, two]));
    expect((await manager.repair()).findings).toStrictEqual([]);
  });

  it("keeps the key published, and takes it back again, where it had not signed since", async () => {
    const { manager, a, one, two, signs, published, putBack } = await twoImported();
    await manager.importKey(a);
    await putBack();
    await manager.tick();
    expect([await signs(), await published()]).toMatchObject([two, expect.arrayContaining([one, two])]);
    await manager.importKey(a);
    await manager.rotate({ uploaded: one });
    expect(await signs()).toBe(one);
  });

  it("is brought up to date over a crash of the taking back at any write", async () => {
    for (let left = 0; ; left += amount(5, 1)) {
      const { manager, managerOf, stores, a, one, two, signs, kids, published, putBack, pass } = await twoImported();
      const dying = crashingAfter(stores, left);
      const failing = managerOf(UPLOADED, dying.stores);
      await failing
        .importKey(a)
        .then(() => failing.rotate({ uploaded: one }))
        .catch(() => undefined);
      await putBack();
      pass(3_600);
      await manager.tick();
      const signing = await signs();
      expect([one, two]).toContain(signing);
      expect(await kids("active")).toStrictEqual([signing]);
      expect(await published()).toStrictEqual(expect.arrayContaining([one, two]));
      // Typed again, all of it is done; a word that was recorded stands.
      await manager.importKey(a);
      if ((await signs()) !== one) await manager.rotate({ uploaded: one });
      expect([await signs(), await kids("active")]).toStrictEqual([one, [one]]);
      if (!dying.hasCrashed()) return;
    }
  });

  it("has the word on the last token that was said since, and not the one before", async () => {
    const soon = 1_800_000_000 + 40 * DAY;
    for (const [word, stands] of [
      [undefined, undefined],
      [soon + DAY, soon + DAY],
    ] as const) {
      const { manager, stores, a, one, two, record } = await twoImported();
      await manager.setTokensExpireBy({ kid: one, tokensExpireBy: soon });
      const before = await keyringOf(stores);
      await manager.importKey({ ...a, ...(word !== undefined && { tokensExpireBy: word }) });
      await manager.rotate({ uploaded: one });
      await stores.keyring.write(before.keyring, (await keyringOf(stores)).tag);
      await manager.tick();
      expect((await record(one))?.tokensExpireBy).toBe(stands);
      expect((await record(two))?.state).toBe("retired");
    }
  });
});

describe("a key that is taken back", () => {
  it("signs by the word that follows: without it, it stays retired", async () => {
    const { manager, a, one, kids } = await twoImported();
    for (const more of [{}, { dryRun: true }])
      await expect(manager.importKey({ ...a, signsNext: false, ...more })).rejects.toMatchObject({
        code: "plan_refused",
        message: `key ${one} was imported before, and is retired: \`signet keys import FILE --as active\` lets it sign again`,
      });
    expect(await kids("retired")).toContain(one);
  });

  it("waits on where the document alone is written anew", async () => {
    const longer = { ...UPLOADED, maxTtlSeconds: 2 * UPLOADED.maxTtlSeconds };
    const { manager, managerOf, a, one, two, kids, signs } = await twoImported();
    await manager.importKey(a);
    await managerOf(longer).applySettings();
    expect([await signs(), await kids("pending")]).toStrictEqual([two, [one]]);
    expect((await managerOf(longer).rotate({ uploaded: one })).rotated).toStrictEqual({ from: two, to: one });
  });

  it("leaves at once where it is revoked before it signs", async () => {
    const { manager, a, one, two, signs, published } = await twoImported();
    await manager.importKey(a);
    await manager.revoke({ kid: one });
    await manager.tick();
    expect([await signs(), await published()]).toMatchObject([two, expect.not.arrayContaining([one])]);
  });

  it("is not said to sign on where it is revoked while another document is written", async () => {
    const { manager, keyring, a, one, record } = await twoImported();
    await manager.importKey(a);
    let now = await keyring();
    const { id = "" } = now.keys.find(({ state }) => state === "active") ?? {};
    const { maxTtlSeconds } = now.policy;
    now = {
      ...now,
      activation: { id, sequence: now.lastSequence + 1, maxTtlSeconds, because: "limits", intendedAt: 1_800_000_000 },
    };
    const session: Session = {
      keyring: () => now,
      change: async (update) => {
        now = update(now);
      },
      time: async () => 1_800_000_000 + DAY,
      check: async () => undefined,
      release: async () => undefined,
    };
    expect((await record(one))?.state).toBe("pending");
    const revocation = await recordRevocation(session, { kid: one });
    expect(isStillSigning(now, revocation)).toBe(false);
    expect(now.keys.find(({ publicJwk }) => publicJwk?.kid === one)?.state).toBe("revoked");
  });

  it("has its last token where the import says, never earlier than was said before, or nowhere", async () => {
    const soon = 1_800_000_000 + 40 * DAY;
    for (const [word, stands, words] of [
      [soon - DAY, soon, undefined],
      [soon + DAY, soon + DAY, "record that the last token of key "],
      [undefined, undefined, "forget when the last token of key "],
    ] as const) {
      const { manager, a, one, record } = await twoImported();
      await manager.setTokensExpireBy({ kid: one, tokensExpireBy: soon });
      const { actions } = await manager.importKey({ ...a, ...(word !== undefined && { tokensExpireBy: word }) });
      expect((await record(one))?.tokensExpireBy).toBe(stands);
      const told = actions.filter(({ kind }) => kind === "expire").map((action) => action.words);
      expect(told).toStrictEqual(words === undefined ? [] : [expect.stringContaining(words)]);
    }
  });

  it("is not one that can never leave, where there is no room for that", async () => {
    const { manager, a, one, kids, pass } = await twoImported();
    // The issuer's own first key has gone.
    pass(10 * DAY);
    await manager.tick();
    await manager.setTokensExpireBy({ kid: one, tokensExpireBy: 1_800_000_000 + 40 * DAY });
    const spare = () => generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
    await manager.importForeignKeys({ keys: [1, 2, 3, 4, 5, 6].map((each) => ({ ...spare(), kid: `other-${each}` })) });
    await expect(manager.importKey(a)).rejects.toThrow("stays until --tokens-expire-by is given");
    expect(await kids("retired")).toContain(one);
    await manager.importKey({ ...a, tokensExpireBy: 1_800_000_000 + 50 * DAY });
    expect(await kids("pending")).toStrictEqual([one]);
  });

  it.each([["without a passphrase"], ["under another one"]])("is kept as those before, and is not written %s", async (way) => {
    const directory = await scratch();
    const stores = createFileStores(directory);
    const keys = join(directory, "keys");
    const managerOf = (passphrase: string | undefined) =>
      createManager({
        stores,
        custodians: { file: createFileCustodian({ directory: keys, passphrase: async () => passphrase }) },
        settings: UPLOADED,
        sleep: async () => undefined,
      });
    const manager = managerOf("the right one, and long enough");
    await manager.tick({ createKeyring: true });
    const [a, b] = [imported(), imported()];
    for (const key of [a, b]) await manager.rotate({ uploaded: (await manager.importKey(key)).publicJwk.kid });
    const keyring = (await stores.keyring.read())?.keyring;
    const id = keyring?.keys.find(({ state, origin }) => state === "retired" && origin === "imported")?.id ?? "";
    await createFileCustodian({ directory: keys }).destroy(id);
    const wrong = managerOf(way === "under another one" ? "a wrong one, and long enough" : undefined);
    const code = expect.stringMatching(/^passphrase_/);
    await expect(wrong.importKey(a)).rejects.toMatchObject({ code });
    await expect(wrong.importKey({ ...a, dryRun: true })).rejects.toMatchObject({ code });
    const names = await readdir(keys);
    expect(names.filter((name) => name.includes(id))).toStrictEqual([]);
    for (const name of names) expect(await readFile(join(keys, name), "utf8")).not.toContain('"d"');
    await manager.importKey(a);
    expect((await readdir(keys)).some((name) => name.includes(id))).toBe(true);
  });
});

describe("an imported key that is imported once more", () => {
  it("has its last token where the import says, or where it was said before", async () => {
    const { manager, b, two, record } = await twoImported();
    const soon = 1_800_000_000 + 40 * DAY;
    for (const [word, stands, done] of [
      [soon, soon, 1],
      [soon - DAY, soon, 0],
      [undefined, soon, 0],
      [soon + DAY, soon + DAY, 1],
    ] as const) {
      const { actions } = await manager.importKey({ ...b, ...(word !== undefined && { tokensExpireBy: word }) });
      expect(actions.filter(({ kind }) => kind === "expire")).toHaveLength(done);
      expect((await record(two))?.tokensExpireBy).toBe(stands);
    }
    expect((await manager.history()).filter(({ event }) => event === "key.expiry-set")).toHaveLength(2);
  });
});

describe("a key that was named to sign, and cannot be proven", () => {
  it("is waited for, and no other one is made in its place", async () => {
    const { manager, managerOf, stores, kids, signs, file, pass, two } = await twoImported();
    const { kid } = (await manager.importKey(imported())).publicJwk;
    const open: Custodian["open"] = async (key) => {
      if (key.kid === kid) throw new Error("the service does not answer");
      return file.open(key);
    };
    const failing = managerOf(UPLOADED, stores, { ...file, open });
    await failing.rotate({ uploaded: kid });
    for (let day = 0; day < 3; day++) {
      pass(DAY);
      await failing.tick();
      expect([await kids("pending"), await signs()]).toStrictEqual([[kid], two]);
    }
    await manager.tick();
    expect(await signs()).toBe(kid);
  });

  it("gives way to another one that is made by a word, also where it is gone", async () => {
    const { manager, kids, signs, pass, made } = await issuerByUpload({ ...UPLOADED, issuer: "https://issuer.example" });
    const first = await made();
    const before = await signs();
    await manager.rotate({ uploaded: first });
    // It waits for those who read the JWKS: asked again, no other one is made.
    await manager.rotate();
    expect(await kids("pending")).toStrictEqual([first]);
    await manager.revoke({ kid: first });
    await manager.tick();
    expect(await kids("pending")).toStrictEqual([]);
    const second = await made();
    expect(second).not.toBe(first);
    pass(10 * DAY);
    await manager.tick();
    expect(await signs()).toBe(before);
    await manager.rotate({ uploaded: second });
    expect(await signs()).toBe(second);
  });
});
