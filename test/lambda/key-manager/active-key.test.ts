import { describe, expect, it } from "vitest";
import { provenActiveKey } from "../../../src/lambda/key-manager/active-key.js";
import { createManager } from "../../../src/rotation/manager.js";
import { memoryPlace } from "../../contracts/memory-place.js";
import { SETTINGS } from "../../rotation/settings-fixture.js";

/** An issuer whose active document is read as it was before, so many times. */
async function readLate(times: number) {
  const { stores, custodian } = memoryPlace();
  const custodians = { file: custodian };
  const settings = { ...SETTINGS, algorithm: "ES256", custody: "file" } as const;
  await createManager({ stores, custodians, settings }).tick({ createKeyring: true });
  let reads = 0;
  const active = { ...stores.active, read: async () => (reads++ < times ? [] : stores.active.read()) };
  const slept: number[] = [];
  const sleep = async (seconds: number) => void slept.push(seconds);
  const parts = { stores: { ...stores, active }, custodians, open: custodian.open };
  return { parts: parts as unknown as Parameters<typeof provenActiveKey>[0], sleep, slept };
}

describe("the key that a stack tells", () => {
  it("is told once the store answers what was written a moment ago", async () => {
    const { parts, sleep, slept } = await readLate(3);
    expect((await provenActiveKey({ ...parts, sleep })).SigningMethod).toBe("ES256");
    expect(slept).toStrictEqual([1, 2, 4]);
  });

  it("is looked for no longer than fifteen seconds, and once where nothing waits", async () => {
    const { parts, sleep, slept } = await readLate(Number.POSITIVE_INFINITY);
    await expect(provenActiveKey({ ...parts, sleep })).rejects.toMatchObject({ code: "no_active_key" });
    expect(slept).toStrictEqual([1, 2, 4, 8]);
    await expect(provenActiveKey(parts)).rejects.toMatchObject({ code: "no_active_key" });
  });
});
