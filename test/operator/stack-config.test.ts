import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { loadInstallation } from "../../src/operator/load-installation.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";

const WRAPPING = "arn:aws:kms:eu-central-1:111122223333:key/5f2e7c10-1111-4222-8333-00000000000a";
const AT_REST = "arn:aws:kms:eu-central-1:111122223333:key/5f2e7c10-1111-4222-8333-00000000000b";

let formation: Awaited<ReturnType<typeof startCloudFormation>>;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
beforeAll(async () => {
  [formation, aws] = await Promise.all([startCloudFormation(), startFakeAws()]);
});
afterAll(async () => {
  formation.close();
  await aws.close();
});

/** Which keys a command encrypts with that changes the keys of a stack with wrapped keys. */
async function keysUsed(atRest: string, sequence: number) {
  const parameters = {
    KeyCustodianParameter: "KMSDataKey",
    Algorithm: "ES256",
    MaxTtlSeconds: "3600",
    RotateEveryDays: "90",
    SecretKmsKeyArn: atRest,
  };
  formation.stack = { parameters, outputs: { KeyringBucket: "keyring-bucket", WrappingKeyArn: WRAPPING } };
  const env = { ...aws.env, AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url, AWS_REGION: "eu-central-1" };
  const { stores, custodians } = await loadInstallation({ cwd: "/", env, self: "signet" }, "stack:signet");
  aws.calls.length = 0;
  // The fake knows neither key: what counts is which of them was named.
  const document = { formatVersion: 1, sequence, kid: "a", alg: "ES256", custody: "kms-data-key" } as never;
  await stores.active.write(document).catch(() => undefined);
  await custodians["kms-data-key"]
    ?.create("5f2e7c10-1111-4222-8333-0000000000ff", algorithmNamed("ES256"))
    .catch(() => undefined);
  const found = (name: string) => aws.calls.find(({ action }) => action === name);
  return { code: found("ssm:PutParameter")?.code, wrappedBy: found("kms:GenerateDataKeyPairWithoutPlaintext")?.resource };
}

// The stack's roles may use the key that wraps under the context of wrapped keys alone: a document that it encrypted would be closed to them.
describe("the config of a stack whose keys are wrapped", () => {
  it("encrypts documents by AWS's own key where the stack names none", async () => {
    expect(await keysUsed("", 1)).toStrictEqual({ code: "", wrappedBy: WRAPPING });
  });

  it("encrypts them by the key that the stack names", async () => {
    expect(await keysUsed(AT_REST, 2)).toStrictEqual({ code: "InvalidKeyId", wrappedBy: WRAPPING });
  });
});

describe("a stack of other things, as the CDK makes one", () => {
  it("is told as that, with what operates its issuer", async () => {
    formation.stack = { parameters: {}, outputs: { OfTheirs: "https://example.com" } };
    const env = { ...aws.env, AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url, AWS_REGION: "eu-central-1" };
    await expect(loadInstallation({ cwd: "/", env, self: "signet" }, "stack:signet")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/no output KeyringBucket.*invoking its key manager: \{"action":"explain"\}/),
    });
  });
});
