import { describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createKmsCustodian } from "../../src/custody/kms/custodian.js";
import { createKmsDataKeyCustodian } from "../../src/custody/kms-data-key/custodian.js";
import { awsPlaces } from "./aws-places.js";

const places = awsPlaces();

const kmsCustodian = () => createKmsCustodian(places.place());

function dataKeyCustodian() {
  const { KeyMetadata } = places.aws.perform("kms", "CreateKey", {});
  return createKmsDataKeyCustodian({ ...places.place(), kmsKey: KeyMetadata.Arn });
}

describe("a KMS custodian", () => {
  const ES256 = algorithmNamed("ES256");

  async function opened(algorithm = ES256) {
    const custodian = kmsCustodian();
    const { kid, alg } = await custodian.create("a", algorithm);
    const signer = await custodian.open({ kid, alg, material: await custodian.material("a") });
    return { custodian, signer, arn: `arn:aws:kms:eu-central-1:111122223333:key/${kid}` };
  }

  it("signs texts of any length with ECDSA and RSA, and says what Ed25519 takes", async () => {
    const { signer } = await opened();
    for (const length of [3_000, 4_096, 4_097, 22_000]) expect((await signer.sign("a".repeat(length))).length).toBe(64);
    const { signer: ed25519 } = await opened(algorithmNamed("Ed25519"));
    expect((await ed25519.sign("a".repeat(4_096))).length).toBe(64);
    await expect(ed25519.sign("a".repeat(4_097))).rejects.toMatchObject({ code: "request_too_large" });
  });

  it("lets no wrong signature out: asks once more, then fails", async () => {
    const { signer } = await opened();
    const before = places.aws.calls.length;
    places.aws.inject({ action: "kms:Sign", kind: "corrupt-signature" });
    expect((await signer.sign("a.b")).length).toBe(64);
    expect(places.aws.calls.length - before).toBe(2);
    places.aws.inject({ action: "kms:Sign", kind: "corrupt-signature", times: 2 });
    await expect(signer.sign("a.b")).rejects.toMatchObject({ code: "signature_unproven" });
  });

  it("recognises a key that was made twice, and schedules the second one away", async () => {
    const custodian = kmsCustodian();
    places.aws.inject({ action: "kms:CreateKey", kind: "lost-reply" });
    const { kid } = await custodian.create("a", ES256);
    const orphans: string[] = [];
    for await (const id of custodian.list()) if (id !== `a.${kid}`) orphans.push(id);
    expect(orphans).toHaveLength(1);
    expect(orphans[0]).toMatch(/^a\.[0-9a-f-]{36}$/);
    await custodian.destroy(orphans[0] as string);
    expect(places.aws.state.keys.get(orphans[0]?.slice(2))).toMatchObject({ state: "PendingDeletion" });
    expect(places.aws.state.keys.get(kid)).toMatchObject({ state: "Enabled" });
    expect(await custodian.create("a", ES256)).toMatchObject({ kid });
  });

  it("makes a new key in place of one that is pending deletion", async () => {
    const { custodian, signer } = await opened();
    places.aws.perform("kms", "ScheduleKeyDeletion", { KeyId: signer.kid });
    const known = { kid: signer.kid };
    await expect(custodian.material("a", known)).rejects.toMatchObject({
      code: "key_unusable",
      message: expect.stringContaining(`aws kms cancel-key-deletion --region eu-central-1 --key-id ${signer.kid}`),
    });
    expect((await custodian.create("a", ES256)).kid).not.toBe(signer.kid);
  });

  it("takes a key that is there already, by alias, and never deletes it", async () => {
    const { KeyMetadata } = places.aws.perform("kms", "CreateKey", { KeySpec: "RSA_3072", KeyUsage: "SIGN_VERIFY" });
    const alias = `alias/lent-${KeyMetadata.KeyId}`;
    places.aws.perform("kms", "CreateAlias", { AliasName: alias, TargetKeyId: KeyMetadata.KeyId });
    const custodian = kmsCustodian();
    await expect(custodian.adopt("a", alias, ES256)).rejects.toMatchObject({ code: "key_mismatch" });
    const { kid, alg } = await custodian.adopt("a", alias, algorithmNamed("PS256"));
    expect({ kid, alg }).toStrictEqual({ kid: KeyMetadata.KeyId, alg: "PS256" });
    const signer = await custodian.open({ kid, alg, material: await custodian.material("a") });
    expect((await signer.sign("a.b")).length).toBe(384);
    await custodian.destroy("a");
    expect(places.aws.state.keys.get(kid)).toMatchObject({ state: "Enabled" });
  });

  it("says of a disabled key that it is to be enabled", async () => {
    const { signer } = await opened();
    places.aws.perform("kms", "DisableKey", { KeyId: signer.kid });
    await expect(signer.sign("a.b")).rejects.toMatchObject({
      code: "key_unusable",
      message: expect.stringContaining("enable it"),
    });
  });
});

describe("a custodian of wrapped keys", () => {
  it("opens a key with one call, and only under the id and installation that it was made for", async () => {
    const custodian = dataKeyCustodian();
    const { kid, alg } = await custodian.create("a", algorithmNamed("ES256"));
    const material = (await custodian.material("a")) as { wrapped: string; id: string };
    const before = places.aws.calls.length;
    const signer = await custodian.open({ kid, alg, material } as never);
    expect(places.aws.calls.slice(before).map(({ action }) => action)).toStrictEqual(["kms:Decrypt"]);
    signer.sign("a.b");
    expect(places.aws.calls.length).toBe(before + 1);
    await expect(custodian.open({ kid, alg, material: { ...material, id: "b" } } as never)).rejects.toMatchObject({
      code: "aws_refused",
    });
  });
});
