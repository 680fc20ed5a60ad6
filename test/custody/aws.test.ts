import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createKms } from "../../src/aws/kms.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { createKmsCustodian } from "../../src/custody/kms/custodian.js";
import { createKmsDataKeyCustodian } from "../../src/custody/kms-data-key/custodian.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const sleep = async () => undefined;

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let places = 0;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  // A busy machine takes as long as it takes.
  const patience = { deadlineMs: 120_000, attemptMs: 60_000 };
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env, ...patience });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

/** The names of a place that nobody has used. */
function place() {
  places += 1;
  return { installation: `test-${places}`, path: `/signet/test-${places}/keys` };
}

const kmsCustodian = (installation = place().installation) =>
  createKmsCustodian({ kms: createKms(transport), installation, sleep });

function dataKeyCustodian() {
  const { KeyMetadata } = aws.perform("kms", "CreateKey", {});
  const { installation, path } = place();
  const kmsKey = KeyMetadata.Arn;
  return createKmsDataKeyCustodian({
    sleep,
    kms: createKms(transport),
    parameters: createParameterStore(transport),
    path,
    kmsKey,
    installation,
  });
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
    const before = aws.calls.length;
    aws.inject({ action: "kms:Sign", kind: "corrupt-signature" });
    expect((await signer.sign("a.b")).length).toBe(64);
    expect(aws.calls.length - before).toBe(2);
    aws.inject({ action: "kms:Sign", kind: "corrupt-signature", times: 2 });
    await expect(signer.sign("a.b")).rejects.toMatchObject({ code: "signature_unproven" });
  });

  it("recognises a key that was made twice, and schedules the second one away", async () => {
    const custodian = kmsCustodian();
    aws.inject({ action: "kms:CreateKey", kind: "lost-reply" });
    const { kid } = await custodian.create("a", ES256);
    const orphans: string[] = [];
    for await (const id of custodian.list()) if (id !== `a.${kid}`) orphans.push(id);
    expect(orphans).toHaveLength(1);
    expect(orphans[0]).toMatch(/^a\.[0-9a-f-]{36}$/);
    await custodian.destroy(orphans[0] as string);
    expect(aws.state.keys.get(orphans[0]?.slice(2))).toMatchObject({ state: "PendingDeletion" });
    expect(aws.state.keys.get(kid)).toMatchObject({ state: "Enabled" });
    expect(await custodian.create("a", ES256)).toMatchObject({ kid });
  });

  it("makes a new key in place of one that is pending deletion", async () => {
    const { custodian, signer } = await opened();
    aws.perform("kms", "ScheduleKeyDeletion", { KeyId: signer.kid });
    const known = { kid: signer.kid };
    await expect(custodian.material("a", known)).rejects.toMatchObject({
      code: "key_unusable",
      message: expect.stringContaining(`aws kms cancel-key-deletion --region eu-central-1 --key-id ${signer.kid}`),
    });
    expect((await custodian.create("a", ES256)).kid).not.toBe(signer.kid);
  });

  it("takes a key that is there already, by alias, and never deletes it", async () => {
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "RSA_3072", KeyUsage: "SIGN_VERIFY" });
    const alias = `alias/lent-${KeyMetadata.KeyId}`;
    aws.perform("kms", "CreateAlias", { AliasName: alias, TargetKeyId: KeyMetadata.KeyId });
    const custodian = kmsCustodian();
    await expect(custodian.adopt("a", alias, ES256)).rejects.toMatchObject({ code: "key_mismatch" });
    const { kid, alg } = await custodian.adopt("a", alias, algorithmNamed("PS256"));
    expect({ kid, alg }).toStrictEqual({ kid: KeyMetadata.KeyId, alg: "PS256" });
    const signer = await custodian.open({ kid, alg, material: await custodian.material("a") });
    expect((await signer.sign("a.b")).length).toBe(384);
    await custodian.destroy("a");
    expect(aws.state.keys.get(kid)).toMatchObject({ state: "Enabled" });
  });

  it("says of a disabled key that it is to be enabled", async () => {
    const { signer } = await opened();
    aws.perform("kms", "DisableKey", { KeyId: signer.kid });
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
    const before = aws.calls.length;
    const signer = await custodian.open({ kid, alg, material } as never);
    expect(aws.calls.slice(before).map(({ action }) => action)).toStrictEqual(["kms:Decrypt"]);
    signer.sign("a.b");
    expect(aws.calls.length).toBe(before + 1);
    await expect(custodian.open({ kid, alg, material: { ...material, id: "b" } } as never)).rejects.toMatchObject({
      code: "aws_refused",
    });
  });
});
