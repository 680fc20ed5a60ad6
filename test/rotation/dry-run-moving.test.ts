import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createManager, type Manager } from "../../src/rotation/manager.js";
import type { Stores } from "../../src/storage/contract.js";
import { issuersByUpload, USUAL } from "./issuer-by-upload.js";

const { issuerByUpload } = issuersByUpload();
const HELD = { code: "lease_held", message: expect.stringContaining("try again when it has ended") };

/** An issuer of which one process reads the log, while another one rotates the key just before each read, `times` in all. */
async function moving(times: number) {
  const made = await issuerByUpload(USUAL);
  const { stores, manager } = made;
  let count = 0;
  const rotated = async (): Promise<void> => {
    if (count < times) await manager.rotate({ token: `change-${count++}` });
  };
  const audit: Stores["audit"] = {
    ...stores.audit,
    read: async function* (after?: number) {
      await rotated();
      yield* stores.audit.read(after);
    },
  };
  return { ...made, looking: made.managerOf(USUAL, { ...stores, audit }), changes: () => count };
}

describe("what is read without the lease while another manager works", () => {
  it.each([1, 2, 100])(
    "a dry run takes no change of another for an old keyring that was put back, of %d changes",
    async (times) => {
      const { looking, changes } = await moving(times);
      for (const ask of [() => looking.tick({ dryRun: true }), () => looking.rotate({ dryRun: true })]) {
        const { actions } = await ask();
        expect(actions.map(({ kind }) => kind)).not.toContain("adopt");
      }
      expect(changes()).toBeGreaterThan(0);
    },
  );

  it("what is found is of one moment: no fault, where there is none", async () => {
    const { looking } = await moving(1);
    expect((await looking.repair()).findings).toEqual([]);
    const again = (await moving(2)).looking;
    expect(await again.verifyAudit()).toMatchObject({ isIntact: true, fault: null });
  });

  it("no verdict is given over keys that are changed all the while", async () => {
    const { looking } = await moving(Number.POSITIVE_INFINITY);
    await expect(looking.repair()).rejects.toMatchObject(HELD);
    await expect(looking.verifyAudit()).rejects.toMatchObject(HELD);
  });

  it("an answer as old as the store settles is read again before it is believed", async () => {
    const { manager, stores, file, left } = await issuerByUpload(USUAL);
    const old = await stores.keyring.read();
    await manager.rotate();
    const slept: number[] = [];
    const late: Stores = {
      ...stores,
      active: { ...stores.active, settleSeconds: 30 },
      keyring: { ...stores.keyring, read: async () => (slept.length === 0 ? old : stores.keyring.read()) },
    };
    const looking = createManager({
      stores: late,
      custodians: { file },
      settings: USUAL,
      clock: () => left().now,
      sleep: async (seconds) => void slept.push(seconds),
    });
    const { actions } = await looking.tick({ dryRun: true });
    expect(slept).toEqual([30]);
    expect(actions.map(({ kind }) => kind)).not.toContain("adopt");
  });

  it.each<[string, (asked: Manager) => Promise<unknown>]>([
    ["explained", (asked) => asked.explain()],
    ["drawn of lives", (asked) => asked.lives()],
    ["told before a private key is destroyed", (asked) => asked.destroyKey({ name: "stray", dryRun: true })],
  ])("what is %s is of one moment, though a key takes over meanwhile", async (_what, ask) => {
    const { manager, managerOf, stores, file, keyring, pass } = await issuerByUpload(USUAL);
    await file.create("stray", algorithmNamed("EdDSA"));
    await manager.rotate();
    pass(10 * 86_400);
    const before = (await keyring()).confirmedSequence;
    let reads = 0;
    const read = async () => {
      if (++reads === 1) await manager.tick();
      return stores.active.read();
    };
    const answer = await ask(managerOf(USUAL, { ...stores, active: { ...stores.active, read } }));
    expect((await keyring()).confirmedSequence).toBe(before + 1);
    expect(answer).toStrictEqual(await ask(manager));
  });

  it.each([false, true])(
    "a key that is revoked and removed while it is proven has lost nothing, in a tick of dryRun %s",
    async (dryRun) => {
      const { manager, managerOf, stores, file, signs, pass } = await issuerByUpload(USUAL);
      pass(2 * 86_400);
      await manager.tick();
      const kid = (await signs()) as string;
      let opened = 0;
      const open: typeof file.open = async (key) => {
        if (++opened === 1) await manager.revoke({ kid });
        return file.open(key);
      };
      const { alerts } = await managerOf(USUAL, stores, { ...file, open }).tick({ dryRun });
      expect(await signs()).not.toBe(kid);
      expect(alerts).toStrictEqual([]);
    },
  );
});
