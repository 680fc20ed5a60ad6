import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it, vi } from "vitest";
import { some } from "../contracts/matrix.js";
import { functionOfVersion1 } from "../formats/fixtures.js";
import { answerBucketAt, askResource, context, managerContext, startStack } from "./stack.js";

const HOUR_MS = 3_600_000;
const OLD = { code: functionOfVersion1("key-manager"), more: { Formats: undefined, Version: "0.0.1" } };
const OLD_ISSUER = functionOfVersion1("issuer");

type Stack = Awaited<ReturnType<typeof startStack>>;
type Template = { code?: string; more?: object };
const bucket = await answerBucketAt(1_800_000_000_000);

/** A stack that can be of two versions. */
async function aStack(parameters: Record<string, string>) {
  const stack: Stack = await startStack(bucket.url);
  const ask = async (id: string, type: string, { code, more }: Template, old = {}) => {
    const asked = await askResource(stack, bucket, { parameters, id, type, old, code, ...(more && { more }) });
    expect(asked.outcome).toBe("SUCCESS");
    return asked.ResourceProperties as object;
  };
  const tick = async ({ code }: Template, hours: number) => {
    for (let hour = 0; hour < hours; hour += 6) {
      vi.setSystemTime(Date.now() + 6 * HOUR_MS);
      await stack.start(stack.put(parameters), "Manager", code)({ action: "tick" }, managerContext);
    }
  };
  const issueAndVerify = async (code?: string) => {
    const issue = stack.start(stack.put(parameters), "Issuer", code);
    const { token } = (await issue({ claims: {}, ttl: 600 }, context(stack.issuerArn))) as unknown as { token: string };
    await jwtVerify(token, createLocalJWKSet(stack.read(".well-known/jwks.json")), { currentDate: new Date() });
  };
  return { stack, ask, tick, issueAndVerify, version: () => stack.read("keyring.json").version };
}

describe("a stack that is updated from the version that read keyring version 1 alone", () => {
  it.each(some(1, ["KMS", "ParameterStore"]))(
    "is rolled back from a failed update, ticks on, and is updated at last (%s)",
    async (custody) => {
      const { stack, ask, tick, issueAndVerify, version } = await aStack({
        KeyCustodianParameter: custody,
        RotateEveryDays: "3",
      });
      const oldKeys = await ask("Keys", "Create", OLD);
      const oldComplete = await ask("Complete", "Create", OLD);
      // The update puts the new manager in place; its first tick comes before its custom resource is asked.
      await tick({}, 6);
      const newKeys = await ask("Keys", "Update", {}, oldKeys);
      await tick({}, 72);
      await issueAndVerify(OLD_ISSUER);
      expect(version()).toBe(1);
      // Something else of the update fails: the functions are those of before again.
      await ask("Keys", "Update", OLD, newKeys);
      await tick(OLD, 72);
      await issueAndVerify(OLD_ISSUER);
      expect(version()).toBe(1);

      await ask("Keys", "Update", {}, oldKeys);
      await tick({}, 6);
      expect(version()).toBe(1);
      await ask("Complete", "Update", {}, oldComplete);
      await tick({}, 72);
      expect(version()).toBe(2);
      await issueAndVerify();
      await stack.aws.close();
    },
  );

  it("writes version 1 in the next update too where the one before was rolled back after its last resource", async () => {
    const { stack, ask, tick, version } = await aStack({});
    const oldKeys = await ask("Keys", "Create", OLD);
    const oldComplete = await ask("Complete", "Create", OLD);
    const newKeys = await ask("Keys", "Update", {}, oldKeys);
    await ask("Complete", "Update", {}, oldComplete);
    // A stack around this one fails.
    await ask("Keys", "Update", OLD, newKeys);
    await ask("Complete", "Update", OLD, oldComplete);
    await tick(OLD, 6);
    await ask("Keys", "Update", {}, oldKeys);
    await tick({}, 30);
    expect(version()).toBe(1);
    await stack.aws.close();
  });
});

describe("a stack that is made by this version", () => {
  it("begins with version 2, and stays with it through updates of its parameters", async () => {
    const { stack, ask, tick, version } = await aStack({});
    const keys = await ask("Keys", "Create", {});
    await ask("Complete", "Create", {});
    expect(version()).toBe(2);
    await ask("Keys", "Update", {}, keys);
    await tick({}, 6);
    expect(version()).toBe(2);
    expect(stack.read("complete")).toMatchObject({ formats: 2 });
    await stack.aws.close();
  });

  const NEXT = { more: { Version: "99.0.0" } };

  it("reads on what it read where it is updated to a version that reads the same, or rolled back from one", async () => {
    const { stack, ask } = await aStack({});
    const keys = await ask("Keys", "Create", {});
    await ask("Complete", "Create", {});
    const next = await ask("Keys", "Update", NEXT, keys);
    expect(stack.read("complete")).toMatchObject({ formats: 2 });
    await ask("Keys", "Update", {}, next);
    expect(stack.read("complete")).toMatchObject({ formats: 2 });
    await stack.aws.close();
  });

  // CloudFormation calls a custom resource only where a property of it changes.
  it("has the end of an update from another version recorded, since its last resource changes with the version", async () => {
    const { stack, ask } = await aStack({});
    await ask("Keys", "Create", OLD);
    const before = await ask("Complete", "Create", OLD);
    const after = await ask("Complete", "Update", {}, before);
    expect(await ask("Complete", "Update", NEXT, after)).not.toStrictEqual(after);
    const { Version, Formats } = stack.put({}).properties("Complete");
    expect(stack.put({}).properties("Keys")).toMatchObject({ Version, Formats });
    await stack.aws.close();
  });
});
