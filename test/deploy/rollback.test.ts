import { beforeEach, describe, expect, it } from "vitest";
import { askedAt, denied, type Stack } from "./life.js";
import { answerBucketAt, STACK_ID, startStack } from "./stack.js";

const bucket = await answerBucketAt(1_800_000_000_000);
const ask = askedAt(bucket);

const KMS = { KeyCustodianParameter: "KMS" };
let stack: Stack;
beforeEach(async () => {
  stack = await startStack(bucket.url);
  return () => stack.aws.close();
});

/** A stack that is complete. */
async function made(parameters: Record<string, string>) {
  const keys = await ask(stack, parameters, "Keys", "Create");
  expect([keys.outcome, (await ask(stack, parameters, "Complete", "Create")).outcome]).toStrictEqual(["SUCCESS", "SUCCESS"]);
  stack.aws.state.stacks.set(STACK_ID, "UPDATE_IN_PROGRESS");
  return keys;
}

/** An update fails, and CloudFormation asks for what was before; what has failed goes on failing. */
async function rolledBack(before: Record<string, string>, properties: object, wanted: Record<string, string>) {
  const tried = await ask(stack, wanted, "Keys", "Update", properties, before);
  expect(tried.outcome).toMatch(/^FAILED /);
  stack.aws.state.stacks.set(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS");
  return ask(stack, before, "Keys", "Update", tried.ResourceProperties);
}

const aliases = () => [...(stack.aws.state.functions.get(stack.issuerArn)?.keys() ?? [])];

describe("the rollback of an update", () => {
  it.each([
    ["is disabled", "DisabledException", { KeyCustodianParameter: "ParameterStore" }],
    ["is denied to its roles", "AccessDeniedException", { ...KMS, RotationToken: "new" }],
    ["is denied to its roles", "AccessDeniedException", { ...KMS, MaxTtlSeconds: "7200" }],
  ])("succeeds while the key that signs %s (%s, %o)", async (_, code, remedy) => {
    const { Data, ResourceProperties } = await made(KMS);
    stack.aws.inject({ action: "kms:Sign", times: 1_000, code, status: 400 });
    expect(await rolledBack(KMS, ResourceProperties, remedy)).toMatchObject({ outcome: "SUCCESS", Data });
    expect(stack.lines.filter((line) => line.includes('"level":"ERROR"')).join()).toContain("kms:Sign");
    stack.aws.clearFaults();
    expect(denied(stack).filter(({ action }: { action: string }) => action !== "kms:Sign")).toStrictEqual([]);
  });

  it("fails where CloudFormation does not say that it is one, and tells why the update has failed", async () => {
    const { ResourceProperties } = await made(KMS);
    stack.aws.inject({ action: "kms:Sign", times: 1_000, code: "DisabledException", status: 400 });
    stack.aws.inject({ action: "cloudformation:DescribeStacks", times: 1_000, code: "AccessDenied", status: 403 });
    const { outcome } = await rolledBack(KMS, ResourceProperties, { ...KMS, MaxTtlSeconds: "7200" });
    expect(outcome).toMatch(/^FAILED .*the KMS key is disabled/);
    expect(stack.lines.join("")).toMatch(/"outcome":"rollback_unknown".*cloudformation:DescribeStacks/);
  });

  it("fails where the settings of before cannot be put in force again, and where callers have lost their aliases", async () => {
    const before = { ...KMS, Callers: '{"batch":{}}' };
    const { ResourceProperties } = await made(before);
    stack.aws.inject({ action: "kms:Sign", times: 1_000, code: "DisabledException", status: 400 });
    const wanted = { ...before, MaxTtlSeconds: "7200" };
    const tried = await ask(stack, wanted, "Keys", "Update", ResourceProperties, before);
    stack.aws.state.stacks.set(STACK_ID, "UPDATE_ROLLBACK_IN_PROGRESS");
    stack.aws.inject({ action: "s3:PutObject", times: 1_000, code: "InternalFailure", status: 500 });
    const back = () => ask(stack, before, "Keys", "Update", tried.ResourceProperties);
    expect((await back()).outcome).toMatch(/^FAILED .*s3:PutObject/);
    stack.aws.clearFaults();
    stack.aws.state.functions.get(stack.issuerArn)?.delete("batch");
    stack.aws.inject({ action: "kms:Sign", times: 1_000, code: "DisabledException", status: 400 });
    stack.aws.inject({ action: "lambda:CreateAlias", times: 1_000, code: "AccessDeniedException", status: 403 });
    expect((await back()).outcome).toMatch(/^FAILED .*lambda:CreateAlias/);
  });
});

describe("an update that removes a caller", () => {
  it("takes the alias, and what IAM grants on it, only when it has come to its end", async () => {
    const before = { Callers: '{"batch":{},"web":{}}' };
    const { ResourceProperties } = await made(before);
    const alias = stack.aws.state.functions.get(stack.issuerArn)?.get("batch");
    const wanted = { Callers: '{"web":{},"more":{}}', ExistingKmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/k", ...KMS };
    const { outcome } = await rolledBack(before, ResourceProperties, wanted);
    expect(outcome).toBe("SUCCESS");
    expect(aliases().sort()).toStrictEqual(["batch", "web"]);
    expect(stack.aws.state.functions.get(stack.issuerArn)?.get("batch")).toBe(alias);
    stack.aws.state.stacks.set(STACK_ID, "UPDATE_IN_PROGRESS");
    expect((await ask(stack, { Callers: '{"web":{}}' }, "Keys", "Update", ResourceProperties)).outcome).toBe("SUCCESS");
    expect(aliases()).toStrictEqual(["web"]);
  });
});
