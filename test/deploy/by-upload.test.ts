import { expect, it } from "vitest";
import { answerBucketAt, askResource, startStack } from "./stack.js";

const bucket = await answerBucketAt(1_800_000_000_000);

it("a stack's parameter leaves to a person which key signs next, and takes that back", async () => {
  const stack = await startStack(bucket.url);
  const ask = (parameters: Record<string, string>, type: string, old = {}) =>
    askResource(stack, bucket, { parameters, id: "Keys", type, old });
  const keyring = () => stack.read("keyring.json") as { policy: object; keys: { state: string }[] };
  const made = await ask({ RotateByUpload: "on" }, "Create");
  expect(made.outcome).toBe("SUCCESS");
  expect(keyring()).toMatchObject({ policy: { byUpload: true, rotateEverySeconds: 0 }, keys: [{ state: "active" }] });
  expect((await ask({}, "Update", made.ResourceProperties)).outcome).toBe("SUCCESS");
  expect(keyring().policy).not.toHaveProperty("byUpload");
  expect(keyring().keys.map(({ state }) => state)).toStrictEqual(["active", "pending"]);
  expect(stack.aws.calls.filter(({ code }: { code: string }) => /AccessDenied/.test(code))).toStrictEqual([]);
  await stack.aws.close();
});
