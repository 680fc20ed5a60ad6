import { describe, expect, it } from "vitest";
import { SignetError } from "../../../src/errors.js";
import { createManager } from "../../../src/rotation/manager.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { SETTINGS } from "../settings-fixture.js";

const HOUR = 3_600;

/** An issuer whose custodian makes keys of some algorithms alone. */
async function issuer() {
  const held: Parameters<typeof memoryPlace>[0] = { active: new Map(), log: new Map(), keys: new Map() };
  const { stores, custodian } = memoryPlace(held);
  const refused = new Set<string>();
  let now = 1_800_000_000;
  const create: typeof custodian.create = async (id, algorithm) => {
    if (refused.has(algorithm.name)) throw new SignetError("algorithm_unavailable", `${algorithm.name} is not available here`);
    return custodian.create(id, algorithm);
  };
  const manager = createManager({
    stores,
    custodians: { file: { ...custodian, create } },
    settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
    clock: () => now,
    sleep: async () => undefined,
  });
  await manager.tick({ createKeyring: true });
  const migrate = (algorithm: "ES256" | "RS256") =>
    manager.applySettings({ rotate: true, algorithm, verifiersAccept: ["ES256", "RS256"] });
  const keys = async () => (await stores.keyring.read())?.keyring.keys ?? [];
  const active = async () => (await keys()).find(({ state }) => state === "active")?.publicJwk?.kid as string;
  /** Takes every private key away, until they are put back. */
  const lose = () => {
    const before = [...held.keys];
    held.keys.clear();
    return () => {
      for (const [id, key] of before) held.keys.set(id, key);
    };
  };
  return { manager, lose, migrate, keys, active, refused, later: (seconds: number) => (now += seconds) };
}

describe("a key that cannot be made", () => {
  it("is given up once another algorithm is wanted, so that keys are made again and revocations take effect", async () => {
    const { manager, migrate, keys, active, refused, later } = await issuer();
    refused.add("RS256");
    await expect(migrate("RS256")).rejects.toMatchObject({ code: "algorithm_unavailable" });
    expect((await keys()).map(({ state }) => state)).toContain("creating");
    await expect(manager.tick()).rejects.toMatchObject({ code: "algorithm_unavailable" });
    const { actions } = await migrate("ES256");
    expect(actions.map(({ kind }) => kind)).toContain("abandon");
    expect((await keys()).map(({ state }) => state)).not.toContain("creating");
    for (let time = 0; time < 3; time++) {
      const before = await active();
      await manager.revoke({ kid: before });
      expect(await active()).not.toBe(before);
      later(26 * HOUR);
      await manager.tick();
    }
    const given = (await manager.history()).filter(({ event }) => event === "key.abandoned");
    expect(given).toMatchObject([{ why: "another algorithm or custodian is wanted since" }]);
  });

  it("is made where it could not be for a while, and is still wanted", async () => {
    const { manager, migrate, keys, refused } = await issuer();
    refused.add("RS256");
    await expect(migrate("RS256")).rejects.toMatchObject({ code: "algorithm_unavailable" });
    const [wanted] = (await keys()).filter(({ state }) => state === "creating");
    refused.clear();
    await manager.tick();
    expect((await keys()).find(({ id }) => id === wanted?.id)).toMatchObject({ state: "pending", alg: "RS256" });
  });

  it("is made where the others are alone: not in a folder that may not be mounted", async () => {
    const { manager, migrate, keys, refused, lose } = await issuer();
    refused.add("RS256");
    await expect(migrate("RS256")).rejects.toMatchObject({ code: "algorithm_unavailable" });
    refused.clear();
    const putBack = lose();
    await expect(manager.tick()).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringContaining("mount or restore"),
    });
    expect((await keys()).filter(({ state }) => state === "creating")).toHaveLength(1);
    putBack();
    await manager.tick();
    expect((await keys()).filter(({ state }) => state === "creating")).toStrictEqual([]);
  });
});
