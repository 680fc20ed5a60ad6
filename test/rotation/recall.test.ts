import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { crashingAfter, issuersByUpload, UPLOADED, USUAL } from "./issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload, issuerLeft } = issuersByUpload();

describe("another issuer's key that was revoked", () => {
  it("is left aside when its set is published again, and refused by its name", async () => {
    const { manager, kids } = await issuerByUpload();
    const [one, two] = ["one", "two"].map((kid) => ({
      ...generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }),
      kid,
    }));
    await manager.importForeignKeys({ keys: [one, two] });
    await manager.revoke({ kid: "one" });
    for (const keys of [
      [one, two],
      [{ ...one, kid: "other" }, two],
    ]) {
      const { skipped } = await manager.importForeignKeys({ keys });
      expect(skipped).toMatchObject([{ index: 0, words: expect.stringContaining("key one was revoked on ") }]);
      await manager.tick();
      expect(await kids("retired")).toStrictEqual(["two"]);
    }
    await expect(manager.importForeignKeys({ keys: [one, two], kids: ["one"] })).rejects.toThrow("key one was revoked on ");
  });
});

describe("an imported key that was retired", () => {
  const imported = (privateKey = generateKeyPairSync("ed25519").privateKey) =>
    ({ privateKey, algorithm: "EdDSA", custody: "file", as: "standby", signsNext: true }) as const;

  async function makeWithRetired() {
    const place = await issuerByUpload();
    const key = imported();
    const { kid } = (await place.manager.importKey(key)).publicJwk;
    await place.manager.rotate({ uploaded: kid });
    place.pass(10 * DAY);
    const next = await place.made();
    await place.manager.rotate({ uploaded: next });
    expect(await place.signs()).toBe(next);
    return { left: place.left(), key, kid, next };
  }

  let made: ReturnType<typeof makeWithRetired> | undefined;

  /** An issuer whose imported key has signed, and signs no more: a copy of it for each test. */
  async function withRetired() {
    made ??= makeWithRetired();
    const { left, ...keys } = await made;
    return { ...(await issuerLeft(left)), ...keys };
  }

  it("is a standby again by its import, stays published, and signs by a word", async () => {
    const { manager, key, kid, next, kids, signs, keyring, stores, pass } = await withRetired();
    const dry = await manager.importKey({ ...key, dryRun: true });
    expect(dry.actions.map(({ words }) => words)).toStrictEqual([`take key ${kid} back, which was retired`]);
    expect(await kids("retired")).toContain(kid);
    const before = (await keyring()).keys.find(({ publicJwk }) => publicJwk?.kid === kid);
    const { actions } = await manager.importKey(key);
    expect(actions.filter(({ kind }) => kind === "import")).toHaveLength(1);
    expect([await kids("pending"), await signs()]).toStrictEqual([[kid], next]);
    expect((await stores.publicDocuments.read())?.jwks.keys.map((jwk) => jwk.kid)).toContain(kid);
    // Time changes nothing, and the import is done.
    pass(100 * DAY);
    await manager.tick();
    expect((await manager.importKey(key)).actions.filter(({ kind }) => kind === "import")).toStrictEqual([]);
    expect(await signs()).toBe(next);
    const { rotated } = await manager.rotate({ uploaded: kid });
    expect(rotated).toStrictEqual({ from: next, to: kid });
    const after = (await keyring()).keys.find(({ publicJwk }) => publicJwk?.kid === kid);
    expect(after).toMatchObject({ state: "active", maxTtlSeconds: before?.maxTtlSeconds, maxAgeSeconds: before?.maxAgeSeconds });
    expect(after).not.toHaveProperty("retiredAt");
    expect((await manager.repair()).findings).toStrictEqual([]);
  });

  it("is retired once more where another one signs first", async () => {
    const { manager, key, kid, made, kids } = await withRetired();
    await manager.importKey(key);
    const other = (await manager.importKey(imported())).publicJwk.kid;
    await manager.rotate({ uploaded: other });
    expect([await kids("active"), await kids("pending")]).toStrictEqual([[other], []]);
    expect(await kids("retired")).toContain(kid);
    await made();
  });

  it("is given its private part again where the custodian has lost it", async () => {
    const { manager, key, kid, keyring, file, signs } = await withRetired();
    const id = (await keyring()).keys.find(({ publicJwk }) => publicJwk?.kid === kid)?.id ?? "";
    await file.destroy(id);
    await manager.importKey(key);
    await manager.rotate({ uploaded: kid });
    expect(await signs()).toBe(kid);
  });

  it("is taken back over a crash at any write", async () => {
    for (let left = 0; ; left++) {
      const { managerOf, stores, key, kid, kids, signs, next, pass } = await withRetired();
      const dying = crashingAfter(stores, left);
      await managerOf(UPLOADED, dying.stores)
        .importKey(key)
        .catch(() => undefined);
      pass(3_600);
      await managerOf().importKey(key);
      expect([await kids("pending"), await signs()]).toStrictEqual([[kid], next]);
      if (!dying.hasCrashed()) return;
    }
  });

  it("signs no more where keys rotate by themselves, nor once it was revoked", async () => {
    const { manager, managerOf, key, kid } = await withRetired();
    await manager.revoke({ kid });
    await manager.tick();
    const words = `key ${kid} was revoked on `;
    for (const request of [key, { ...key, kid: "another" }, { ...key, dryRun: true }])
      await expect(manager.importKey(request)).rejects.toMatchObject({
        code: "plan_refused",
        message: expect.stringContaining(words),
      });
    const named = { ...imported(), kid };
    await expect(manager.importKey(named)).rejects.toThrow(words);
    const other = await withRetired();
    await other.managerOf(USUAL).applySettings();
    await expect(other.managerOf(USUAL).importKey(other.key)).rejects.toThrow("has a key of this name already (retired)");
    await managerOf().tick();
  });

  it("is not published again where another manager revokes it just before its import has the lease", async () => {
    const { manager, managerOf, stores, kids } = await issuerByUpload();
    const key = imported();
    const { kid } = (await manager.importKey(key)).publicJwk;
    let writes = 0;
    const write: typeof stores.keyring.write = async (keyring, tag) => {
      if (++writes === 1) await manager.revoke({ kid });
      return stores.keyring.write(keyring, tag);
    };
    const late = managerOf(UPLOADED, { ...stores, keyring: { ...stores.keyring, write } });
    await expect(late.importKey(key)).rejects.toThrow(`key ${kid} was revoked on `);
    expect([await kids("pending"), await kids("revoked")]).toStrictEqual([[], []]);
  });
});
