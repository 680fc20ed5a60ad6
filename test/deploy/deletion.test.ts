import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startAnswerBucket } from "../fakes/aws/answer-bucket.js";
import { functionOfVersion1 } from "../formats/fixtures.js";
import { askResource, STACK_ID, startStack } from "./stack.js";

type Stack = Awaited<ReturnType<typeof startStack>>;
let bucket: Awaited<ReturnType<typeof startAnswerBucket>>;
let stack: Stack;

beforeAll(async () => {
  bucket = await startAnswerBucket();
});
afterAll(() => bucket.close());
beforeEach(async () => {
  bucket.clear();
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  stack = await startStack(bucket.url);
});
afterEach(async () => {
  vi.useRealTimers();
  await stack.aws.close();
});

const KMS = { KeyCustodianParameter: "KMS" };
const ask = async (id: string, type: string, code?: string) =>
  (await askResource(stack, bucket, { parameters: KMS, id, type, code })).outcome;
const objects = () => stack.aws.state.buckets.get(stack.bucket).objects;
const usableKeys = () => [...stack.aws.state.keys.values()].filter(({ state }) => state === "Enabled");

/** What stands in the bucket and signs is untouched. */
function expectKept() {
  expect(stack.read("keyring.json").keys).toHaveLength(2);
  expect(stack.read(".well-known/jwks.json").keys).toHaveLength(2);
  expect(usableKeys()).toHaveLength(2);
  expect([...stack.aws.state.parameters.keys()].filter((name) => name.includes("/active/"))).toHaveLength(1);
}

describe("a stack that is deleted", () => {
  it("takes back what its creation has made only while the mark of that creation is read", async () => {
    expect(await ask("Keys", "Create")).toBe("SUCCESS");
    expect(stack.read("incomplete")).toMatchObject({ stackId: expect.stringContaining(":stack/signet/") });
    expect(await ask("Complete", "Create")).toBe("SUCCESS");
    expect(objects().has("incomplete")).toBe(false);
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });

  it.each([
    ["ROLLBACK_IN_PROGRESS", true],
    ["DELETE_IN_PROGRESS", false],
    ["UPDATE_ROLLBACK_IN_PROGRESS", false],
    ["ROLLBACK_COMPLETE", false],
  ])("was complete, and takes its keys back only where its creation is: %s", async (status, isTakenBack) => {
    await ask("Keys", "Create");
    await ask("Complete", "Create");
    stack.aws.state.stacks.set(STACK_ID, status);
    expect(await ask("Complete", "Delete")).toBe("SUCCESS");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    if (!isTakenBack) return expectKept();
    expect([usableKeys().length, objects().size, stack.aws.state.aliases.size]).toStrictEqual([0, 0, 0]);
    expect(stack.aws.calls.filter(({ code }: { code: string }) => /AccessDenied/.test(code))).toStrictEqual([]);
    return undefined;
  });

  it.each([
    ["that had come to its end", true],
    ["that had not", false],
  ])("keeps its keys where a creation %s was kept for more than a day and is rolled back then", async (_, isComplete) => {
    await ask("Keys", "Create");
    if (isComplete) await ask("Complete", "Create");
    stack.aws.state.stacks.set(STACK_ID, "ROLLBACK_IN_PROGRESS");
    vi.setSystemTime(Date.now() + 86_400_000);
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });

  it("takes up again what was cut off while it was taken back, whatever the stack is at then", async () => {
    await ask("Keys", "Create");
    await ask("Complete", "Create");
    stack.aws.state.stacks.set(STACK_ID, "ROLLBACK_IN_PROGRESS");
    stack.aws.inject({ action: "kms:ScheduleKeyDeletion", times: 1_000, code: "AccessDeniedException", status: 400 });
    expect(await ask("Keys", "Delete")).toMatch(/^FAILED /);
    stack.aws.clearFaults();
    stack.aws.state.stacks.set(STACK_ID, "DELETE_IN_PROGRESS");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expect([usableKeys().length, objects().size]).toStrictEqual([0, 0]);
  });

  it("keeps its keys in a creation that is taken back and was another's, or where CloudFormation does not say", async () => {
    await ask("Keys", "Create");
    await ask("Complete", "Create");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
    stack.aws.state.stacks.set(STACK_ID, "ROLLBACK_IN_PROGRESS");
    stack.aws.inject({ action: "cloudformation:DescribeStacks", times: 1_000, code: "AccessDenied", status: 403 });
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
    expect(stack.lines.join("")).toMatch(/"outcome":"keys_stay".*cloudformation:DescribeStacks/);
    stack.aws.clearFaults();
    const mark = objects().get("complete").at(-1);
    mark.body = Buffer.from(
      JSON.stringify({
        ...JSON.parse(mark.body.toString()),
        stackId: "arn:aws:cloudformation:eu-central-1:111122223333:stack/other/1",
      }),
    );
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });

  it("keeps its keys where a hand has removed the mark of its completion", async () => {
    await ask("Keys", "Create");
    await ask("Complete", "Create");
    objects().delete("complete");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });

  it("keeps its keys where the version before has made it", async () => {
    const code = functionOfVersion1("key-manager");
    await ask("Keys", "Create", code);
    objects().delete("complete");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });

  it("destroys nothing where the mark cannot be read, and says so", async () => {
    await ask("Keys", "Create");
    stack.aws.inject({ action: "s3:GetObject", times: 1_000, code: "AccessDenied", status: 403 });
    expect(await ask("Keys", "Delete")).toMatch(/^FAILED .*access denied/);
    stack.aws.clearFaults();
    expectKept();
  });

  it("goes without its bucket, which somebody has deleted, and takes nothing", async () => {
    await ask("Keys", "Create");
    await ask("Complete", "Create");
    stack.aws.state.buckets.delete(stack.bucket);
    expect(await ask("Complete", "Delete")).toBe("SUCCESS");
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expect(usableKeys()).toHaveLength(2);
  });

  it("takes nothing back of another stack's, also where its own creation finds keys there", async () => {
    await ask("Keys", "Create");
    const mark = objects().get("incomplete").at(-1);
    mark.body = Buffer.from(JSON.stringify({ stackId: "arn:aws:cloudformation:eu-central-1:111122223333:stack/other/1" }));
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
    objects().delete("incomplete");
    expect(await ask("Keys", "Create")).toBe("SUCCESS");
    expect(objects().has("incomplete")).toBe(false);
    expect(await ask("Keys", "Delete")).toBe("SUCCESS");
    expectKept();
  });
});
