import { describe, expect, it } from "vitest";
import type { SignetError } from "../../src/errors.js";
import { amount } from "../contracts/matrix.js";
import { crashingAfter, issuersByUpload, UPLOADED, USUAL } from "./issuer-by-upload.js";

const DAY = 86_400;
const { issuerByUpload: issuer } = issuersByUpload();

describe("an issuer whose keys are uploaded", () => {
  it("makes the first key, which signs, and no standby, whatever time passes", async () => {
    const { manager, kids, signs, pass } = await issuer();
    const [first] = await kids("active");
    for (let day = 0; day < 120; day += 10) {
      pass(10 * DAY);
      const { actions, nextAt } = await manager.tick();
      expect(actions.filter(({ kind }) => kind !== "sweep")).toStrictEqual([]);
      expect(nextAt).toBeNull();
    }
    expect([await signs(), await kids("pending")]).toStrictEqual([first, []]);
  });

  it("makes the next key where a rotation is asked for, publishes it, and lets it sign by a word alone", async () => {
    const { manager, kids, signs, pass, stores, keyring } = await issuer();
    const [first] = await kids("active");
    const asked = await manager.rotate();
    expect(asked.rotated).toBeNull();
    expect(asked.actions.map(({ kind }) => kind)).toStrictEqual(["make", "publish"]);
    const [next] = (await kids("pending")) as [string];
    expect((await stores.publicDocuments.read())?.jwks.keys.map(({ kid }) => kid)).toStrictEqual([first, next]);
    // Asked again it is the same one, and time alone changes nothing.
    expect((await manager.rotate()).actions).toStrictEqual([]);
    pass(40 * DAY);
    await manager.tick();
    expect([await kids("pending"), await signs()]).toStrictEqual([[next], first]);
    const { rotated } = await manager.rotate({ uploaded: next });
    expect(rotated).toStrictEqual({ from: first, to: next });
    expect([await signs(), await kids("retired"), await kids("pending")]).toStrictEqual([next, [first], []]);
    expect((await keyring()).rotationRequest).toBeNull();
    const entry = (await manager.history()).findLast(({ event }) => event === "rotation.requested");
    expect(entry?.keys).toStrictEqual([next]);
  });

  it("shows beforehand what the word would do", async () => {
    const { manager, made, signs } = await issuer();
    const next = await made();
    const before = await signs();
    const report = await manager.rotate({ uploaded: next, dryRun: true });
    expect(report.rotated).toStrictEqual({ from: before, to: next });
    expect(await signs()).toBe(before);
  });

  it("refuses the word for what is no pending key, and for keys that rotate otherwise", async () => {
    const { manager, kids, made, signs, keyring } = await issuer();
    const [first] = (await kids("active")) as [string];
    const next = await made();
    await expect(manager.rotate({ uploaded: "elsewhere" })).rejects.toMatchObject({ code: "key_not_found" });
    await expect(manager.rotate({ uploaded: first })).rejects.toMatchObject({
      code: "plan_refused",
      message: `key ${first} is active: only a pending key can be let sign`,
    });
    await manager.rotate({ uploaded: next });
    await expect(manager.rotate({ uploaded: first })).rejects.toThrow("is retired: only a pending key");
    await expect(manager.rotate({ uploaded: next })).rejects.toThrow("is active: only a pending key");
    expect([await signs(), (await keyring()).rotationRequest]).toStrictEqual([next, null]);
    const usual = await issuer(USUAL);
    const [standby] = (await usual.kids("pending")) as [string];
    await expect(usual.manager.rotate({ uploaded: standby })).rejects.toThrow("rotation.byUpload is not in force here");
    expect((await usual.keyring()).rotationRequest).toBeNull();
  });

  it("lets the key sign of which the last word was, where two were made", async () => {
    const { manager, made, kids, signs, managerOf, pass } = await issuer({ ...UPLOADED, issuer: "https://issuer.example" });
    const first = await made();
    await manager.rotate({ uploaded: first });
    // Another one, beside the first that still waits for readers of the JWKS.
    await managerOf({ ...UPLOADED, issuer: "https://issuer.example" }).revoke({ kid: first });
    expect(await kids("pending")).toStrictEqual([]);
    const second = await made();
    expect(second).not.toBe(first);
    pass(2 * DAY);
    await manager.tick();
    expect(await signs()).not.toBe(second);
    await manager.rotate({ uploaded: second });
    expect(await signs()).toBe(second);
  });

  it("keeps a revoked key signing until an uploaded one takes over, and says so", async () => {
    const { manager, made, kids, signs, pass } = await issuer();
    const [first] = (await kids("active")) as [string];
    const spare = await made();
    const dry = await manager.revoke({ kid: first, dryRun: true });
    expect(dry.waits.filter(({ rule }) => rule === "by_upload").map(({ kid }) => kid)).toStrictEqual([spare, first]);
    const refused = manager.revoke({ kid: first, reason: "stolen" });
    await expect(refused).rejects.toMatchObject({ code: "plan_refused" });
    const { message } = (await refused.catch((error: unknown) => error)) as SignetError;
    expect(message).toContain(`key ${first} is revoked, but still signs until another key is proven and takes over.`);
    expect(message).toContain(`key ${spare} signs not by itself: verifiers have what is uploaded to them`);
    expect(message).toContain(`\`signet keys rotate --uploaded ${spare}\` gives it`);
    expect(message).toContain(`revoked key ${first} is succeeded not by itself`);
    expect(message).not.toContain("makes the next one");
    expect(message).not.toContain("the next tick");
    pass(10 * DAY);
    await manager.tick();
    expect(await signs()).toBe(first);
    const { rotated } = await manager.rotate({ uploaded: spare });
    expect(rotated).toStrictEqual({ from: first, to: spare });
    await manager.tick();
    expect([await signs(), await kids("active"), await kids("retired"), await kids("revoked")]).toStrictEqual([
      spare,
      [spare],
      [],
      [],
    ]);
  });

  it("is repaired without letting a key sign that nobody has uploaded", async () => {
    const { manager, made, signs, stores, keyring } = await issuer();
    const before = await signs();
    await made();
    const [document] = await stores.active.read();
    await stores.active.delete(document?.sequence ?? 0);
    await manager.repair({ apply: true });
    expect(await signs()).toBe(before);
    expect((await keyring()).activation).toBeNull();
  });

  it("tells those who are to upload it of the next key, with its PEM, and names no time", async () => {
    const { made, told } = await issuer();
    const next = await made();
    const notice = told.findLast(({ change }) => change.event === "key.published");
    expect(notice?.next).toStrictEqual({ kid: next, at: null });
    expect(notice?.keys.find(({ kid }) => kid === next)?.pem).toContain("BEGIN PUBLIC KEY");
  });
});

describe("the word that a key was uploaded", () => {
  it("is kept over a crash at any write: a later tick lets that very key sign", async () => {
    for (let left = 0; ; left += amount(5, 1)) {
      const { manager, managerOf, made, signs, stores, kids, keyring, pass } = await issuer();
      const next = await made();
      const dying = crashingAfter(stores, left);
      const outcome = await managerOf(UPLOADED, dying.stores)
        .rotate({ uploaded: next })
        .catch((error: unknown) => error);
      // This process lives on: its lease has to run out.
      pass(3_600);
      await manager.tick().catch(() => undefined);
      await manager.tick();
      const { rotationRequest } = await keyring();
      // Either it was recorded, and then it is done; or nothing was.
      if ((await signs()) !== next) expect([rotationRequest?.uploaded, left < 3]).toStrictEqual([undefined, true]);
      expect(await kids("active")).toStrictEqual([await signs()]);
      if (!dying.hasCrashed()) {
        expect(outcome).not.toBeInstanceOf(Error);
        expect(left).toBeGreaterThan(3);
        return;
      }
    }
  });

  it("is given once where two managers are told at once", async () => {
    const { managerOf, made, signs, kids } = await issuer();
    const next = await made();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => managerOf().rotate({ uploaded: next })));
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(["lease_held", "lease_lost", "plan_refused"]).toContain(outcome.reason.code);
    }
    expect([await signs(), await kids("active")]).toStrictEqual([next, [next]]);
  });
});

describe("settings that change whether keys are uploaded", () => {
  it("keep the standby that was made before, and let it sign only by a word", async () => {
    const { manager, managerOf, kids, signs, pass } = await issuer(USUAL);
    const [first] = await kids("active");
    const [standby] = (await kids("pending")) as [string];
    await manager.rotate();
    expect((await managerOf(UPLOADED).applySettings()).actions[0]?.words).toContain("byUpload: true");
    const uploading = managerOf(UPLOADED);
    pass(200 * DAY);
    await uploading.tick();
    expect(await signs()).toBe(first);
    await uploading.rotate({ uploaded: standby });
    expect(await signs()).toBe(standby);
  });

  it("rotate by themselves again once it is taken back", async () => {
    const { manager, managerOf, made, signs, pass } = await issuer();
    await made();
    const before = await signs();
    const usual = managerOf(USUAL);
    expect((await usual.tick()).waits.map(({ rule }) => rule)).toContain("settings_differ");
    await usual.applySettings();
    for (let day = 0; day < 4; day++) {
      pass(DAY);
      await usual.tick();
    }
    expect(await signs()).not.toBe(before);
    // Managers of before do nothing else than the keyring says.
    await manager.tick();
    expect((await manager.tick()).waits.map(({ rule }) => rule)).toContain("settings_differ");
  });

  it("are not put in force while managers of an earlier version may read the keyring", async () => {
    const { managerOf, stores, keyring } = await issuer(USUAL);
    const updating = { ...stores, keyring: { ...stores.keyring, readableVersion: async () => 1 as const } };
    await expect(managerOf(UPLOADED, updating).applySettings()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringContaining("update it first"),
    });
    expect((await keyring()).policy).not.toHaveProperty("byUpload");
  });
});
