import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publicJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { issuersByUpload } from "../issuer-by-upload.js";

const { issuerByUpload } = issuersByUpload();

/** An issuer with a key of another one, which is published under the name that it had there as well. */
async function withTwoNames() {
  const place = await issuerByUpload();
  const { privateKey } = generateKeyPairSync("ed25519");
  const imported = { privateKey, algorithm: "EdDSA", custody: "file", as: "standby", signsNext: true } as const;
  const { kid } = (await place.manager.importKey(imported)).publicJwk;
  await place.manager.importForeignKeys({ keys: [publicJwk(privateKey, algorithmNamed("EdDSA"), "old")] });
  const published = async () => (await place.stores.publicDocuments.read())?.jwks.keys.map((jwk) => jwk.kid);
  return { ...place, kid, published };
}

describe("a key that is published under two names", () => {
  it.each(["its own", "the other"])("leaves under both where it is revoked by %s", async (name) => {
    const { manager, kid, published } = await withTwoNames();
    expect(await published()).toEqual(expect.arrayContaining([kid, "old"]));
    const revoked = name === "its own" ? kid : "old";
    const dry = await manager.revoke({ kid: revoked, dryRun: true });
    expect(dry.tokensAtRisk.latestExpiry).toBeNull();
    expect(await published()).toEqual(expect.arrayContaining([kid, "old"]));
    await manager.revoke({ kid: revoked, reason: "stolen" });
    expect(await published()).not.toContain(kid);
    expect(await published()).not.toContain("old");
  });

  it("is succeeded where it signs, though it is revoked by the name that it had elsewhere", async () => {
    const { manager, kid, kids, published, signs } = await withTwoNames();
    await manager.rotate({ uploaded: kid });
    expect(await signs()).toBe(kid);
    // Where keys are uploaded by hand no other one signs before somebody has said that it was.
    await expect(manager.revoke({ kid: "old" })).rejects.toThrow("but still signs until another key is proven");
    expect(await kids("active")).toStrictEqual([kid]);
    expect(await published()).not.toContain("old");
  });
});
