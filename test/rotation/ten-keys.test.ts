import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createManager } from "../../src/rotation/manager.js";
import { memoryPlace } from "../contracts/memory-place.js";
import { SETTINGS } from "./settings-fixture.js";
import { pooledKey } from "./world/key-pool.js";

const EDDSA = algorithmNamed("EdDSA");
const foreign = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    publicJwk(createPublicKey(pooledKey(from + index)), EDDSA, `foreign-${from + index}`),
  );

describe("public keys of another issuer", () => {
  it("never make the JWKS longer than ten keys, also while a migration has more standbys than two", async () => {
    const { stores, custodian } = memoryPlace();
    let now = 1_800_000_000;
    const managerFor = (algorithm: "EdDSA" | "ES256") =>
      createManager({
        stores,
        custodians: { file: custodian },
        settings: { ...SETTINGS, algorithm },
        clock: () => now,
        sleep: async () => undefined,
      });
    await managerFor("EdDSA").tick({ createKeyring: true });
    await managerFor("EdDSA").rotate();
    now += 3_600;
    await managerFor("ES256").applySettings({ rotate: true, verifiersAccept: ["ES256"] });
    const published = async () => (await stores.publicDocuments.read())?.jwks.keys ?? [];
    const standbys = (await stores.keyring.read())?.keyring.keys.filter(({ state }) => state === "pending").length ?? 0;
    expect(standbys).toBeGreaterThan(2);
    const free = 10 - (await published()).length;
    await expect(managerFor("ES256").importForeignKeys({ keys: foreign(0, free + 1) })).rejects.toMatchObject({
      code: "plan_refused",
      message: expect.stringContaining("too little room"),
    });
    await managerFor("ES256").importForeignKeys({ keys: foreign(0, free) });
    expect(await published()).toHaveLength(10);
  });
});
