import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { some } from "../contracts/matrix.js";
import { askedAt, denied, issuedBy, tick, verified } from "./life.js";
import { answerBucketAt, managerContext, STACK_ID, startStack } from "./stack.js";

const bucket = await answerBucketAt(1_800_000_000_000);
const ask = askedAt(bucket);

describe("a stack whose SecretKmsKeyArn becomes another", () => {
  it.each(some(1, ["ParameterStore", "SecretsManager", "KMS", "KMSDataKey"]))(
    "issues all along, and then rotates (%s)",
    async (KeyCustodianParameter) => {
      const stack = await startStack(bucket.url);
      const ownKey = () =>
        (stack.aws.perform("kms", "CreateKey", {}) as never as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;
      const [first = {}, ...later] = [ownKey(), ownKey(), ""].map((SecretKmsKeyArn) => ({
        KeyCustodianParameter,
        SecretKmsKeyArn,
      }));
      let { outcome, ResourceProperties } = await ask(stack, first, "Keys", "Create");
      expect(outcome).toBe("SUCCESS");
      expect((await ask(stack, first, "Complete", "Create")).outcome).toBe("SUCCESS");
      const tokens: string[] = [];
      for (const parameters of later) {
        // CloudFormation changes roles and functions before it asks for the keys.
        tokens.push(await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack));
        ({ outcome, ResourceProperties } = await ask(stack, parameters, "Keys", "Update", ResourceProperties));
        expect(outcome).toBe("SUCCESS");
        await stack.start(stack.put(parameters), "Manager")({ action: "rotate" }, managerContext);
        await tick(stack, parameters, 50, 5);
        tokens.push(await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack));
        await verified(stack, tokens.at(-1) as string);
      }
      expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid)).size).toBe(3);
      expect(denied(stack)).toStrictEqual([]);
      await stack.aws.close();
    },
  );
});

describe("a stack whose private keys another account's KMS key wraps", () => {
  it.each(["kms:Decrypt", "kms:GenerateDataKeyPairWithoutPlaintext"])("may %s with it what is its own alone", async (action) => {
    const stack = await startStack(bucket.url);
    const resource = "arn:aws:kms:eu-central-1:999988887777:key/00000000-0000-4000-8000-000000000000";
    stack.put({ KeyCustodianParameter: "KMSDataKey", SecretKmsKeyArn: resource });
    const may = (installation: string) =>
      [stack.roles.Manager, stack.roles.Issuer].map((role) =>
        stack.may(role, { action, resource, context: { "kms:EncryptionContext:signet:installation": installation } }),
      );
    expect(may(stack.bucket)).toStrictEqual([true, action === "kms:Decrypt"]);
    expect(may("other")).toStrictEqual([false, false]);
    await stack.aws.close();
  });
});

describe("a stack with a KMS key that was there already", () => {
  it("signs with it first, keeps the right to it as long as it is in use, and never deletes it", async () => {
    const stack = await startStack(bucket.url);
    const input = { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" };
    const { Arn } = (stack.aws.perform("kms", "CreateKey", input) as never as { KeyMetadata: { Arn: string } }).KeyMetadata;
    const parameters = { KeyCustodianParameter: "KMS", ExistingKmsKeyArn: Arn };
    const made = await ask(stack, parameters, "Keys", "Create");
    expect(made).toMatchObject({ outcome: "SUCCESS", Data: { KeyArn: Arn, KeyID: Arn.split("/").at(-1) } });
    await verified(stack, await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack));
    const left = { KeyCustodianParameter: "KMS" };
    const without = await ask(stack, left, "Keys", "Update", made.ResourceProperties, parameters);
    expect(without.outcome).toMatch(/^FAILED .* is still in use/);
    await verified(stack, await issuedBy(stack.start(stack.put(left, parameters), "Issuer"), stack));
    expect((await ask(stack, parameters, "Keys", "Update", without.ResourceProperties)).outcome).toBe("SUCCESS");
    const other = { ...parameters, ExistingKmsKeyArn: Arn.replace(/[^/]+$/, "00000000-0000-4000-8000-000000000000") };
    const changed = await ask(stack, other, "Keys", "Update", made.ResourceProperties, parameters);
    expect(changed.outcome).toMatch(/^FAILED .* is still in use/);
    await verified(stack, await issuedBy(stack.start(stack.put(other, parameters), "Issuer"), stack));
    expect((await ask(stack, other, "Keys", "Update")).outcome).toMatch(/^FAILED .* only be taken when the stack is made/);
    expect(denied(stack)).toStrictEqual([]);
    expect((await ask(stack, parameters, "Keys", "Delete")).outcome).toBe("SUCCESS");
    expect(stack.aws.state.keys.get(Arn.split("/").at(-1))?.state).toBe("Enabled");
    await stack.aws.close();
  });

  it.each([
    [
      "another one is refused",
      { ExistingKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000" },
    ],
    ["it is left out", {}],
    ["it is left out with its custodian", { KeyCustodianParameter: "ParameterStore" }],
  ])("is rolled back to it when it has left the keyring, where %s", async (_, changed) => {
    const stack = await startStack(bucket.url);
    const input = { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" };
    const { Arn } = (stack.aws.perform("kms", "CreateKey", input) as never as { KeyMetadata: { Arn: string } }).KeyMetadata;
    const parameters = { KeyCustodianParameter: "KMS", ExistingKmsKeyArn: Arn };
    const { ResourceProperties } = await ask(stack, parameters, "Keys", "Create");
    await ask(stack, parameters, "Complete", "Create");
    await tick(stack, parameters, 26, 13);
    const manage = stack.start(stack.put(parameters), "Manager");
    await manage({ action: "rotate" }, managerContext);
    await tick(stack, parameters, 26, 13);
    await manage({ action: "revoke", kid: Arn.split("/").at(-1), reason: "it is another's" }, managerContext);
    await tick(stack, parameters, 50, 10);
    const { keys } = stack.read("keyring.json") as { keys: object[] };
    expect(JSON.stringify(keys)).not.toContain(Arn.split("/").at(-1));
    stack.aws.state.stacks.set(STACK_ID, "UPDATE_IN_PROGRESS");
    const wanted = { KeyCustodianParameter: "KMS", ...changed };
    const tried = await ask(stack, wanted, "Keys", "Update", ResourceProperties, parameters);
    expect(tried.outcome).toMatch(
      "ExistingKmsKeyArn" in changed ? /^FAILED .* only be taken when the stack is made/ : /^SUCCESS$/,
    );
    // A later resource of the stack has failed.
    stack.aws.state.stacks.set(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS");
    expect((await ask(stack, parameters, "Keys", "Update", tried.ResourceProperties)).outcome).toBe("SUCCESS");
    expect(stack.read("keyring.json")).toMatchObject({ policy: { custody: "kms" } });
    await verified(stack, await issuedBy(stack.start(stack.put(parameters), "Issuer"), stack));
    expect(denied(stack)).toStrictEqual([]);
    await stack.aws.close();
  });
});
