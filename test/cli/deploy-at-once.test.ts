import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { STACK_ID, startCloudFormation } from "../fakes/aws/cloudformation.js";
import { signet, signetProcess } from "./command.js";

const scratch = scratchDirectories();
const MADE = {
  parameters: { RotateEveryDays: "7" },
  outputs: { JWTIssuerFunctionArn: "arn:aws:lambda:eu-central-1:1:function:f" },
};

let aws: Awaited<ReturnType<typeof startCloudFormation>>;
let cwd: string;

beforeAll(async () => {
  aws = await startCloudFormation();
  cwd = await scratch();
});
afterAll(() => aws.close());
beforeEach(() => {
  const none = { stack: undefined, prepared: [], deleted: [], executed: 0, before: undefined, status: "UPDATE_COMPLETE" };
  Object.assign(aws, { ...none, changes: ["Keyring", "Keys"], outputs: MADE.outputs });
});

const run = (...args: string[]) => by(signet, args);
/** Another deployment, while the first one waits. */
const other = (...args: string[]) => by(signetProcess, args);
const by = (command: typeof signet, args: string[]) => {
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_MAX_ATTEMPTS: "1" };
  return command(args, { cwd, env: { AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL: aws.url, ...keys } });
};

/** Lets something happen, once, just before CloudFormation answers an action for the nth time. */
function at(action: string, nth: number, happens: () => unknown): void {
  let count = 0;
  aws.before = async (asked) => {
    if (asked !== action || ++count !== nth) return;
    aws.before = undefined;
    await happens();
  };
}

describe("two deployments of one stack", () => {
  it("each carries out its own changes: one that only looks takes nothing from the other", async () => {
    aws.stack = MADE;
    at("ExecuteChangeSet", 1, async () => {
      expect((await other("deploy", "--dry-run", "RotateEveryDays=60")).code).toBe(0);
    });
    expect((await run("deploy", "--yes", "RotateEveryDays=30")).code).toBe(0);
    expect([aws.executed, aws.stack?.parameters.RotateEveryDays]).toStrictEqual([1, "30"]);
  });

  it("the second of two that change it is told so, and changes nothing", async () => {
    aws.stack = MADE;
    at("ExecuteChangeSet", 1, () => other("deploy", "--yes", "RotateEveryDays=60"));
    const { code, stderr } = await run("deploy", "--yes", "RotateEveryDays=30");
    expect([code, aws.stack?.parameters.RotateEveryDays]).toStrictEqual([1, "60"]);
    expect(stderr).toContain("was changed by another deployment meanwhile: nothing was done; run it again");
  });

  it("one that only looks deletes no stack that the other has made meanwhile", async () => {
    at("DeleteChangeSet", 1, () => Object.assign(aws, { stack: MADE, status: "CREATE_COMPLETE" }));
    expect((await run("deploy", "--dry-run")).code).toBe(0);
    expect([aws.deleted, aws.stack]).toStrictEqual([[], MADE]);
  });

  it("one that only looks takes away the stack that it alone has made", async () => {
    expect((await run("deploy", "--dry-run")).code).toBe(0);
    expect([aws.deleted, aws.stack]).toStrictEqual([[STACK_ID], undefined]);
  });

  it("a stack that was made while its operator was asked is not made again", async () => {
    at("DescribeStacks", 2, () => Object.assign(aws, { stack: MADE, status: "CREATE_COMPLETE" }));
    const { code, stderr } = await run("deploy", "--yes");
    expect([code, aws.prepared, aws.deleted]).toStrictEqual([1, [], []]);
    expect(stderr).toContain("was just made by another deployment: nothing was done; run it again to change it");
  });

  it("what is left of one that could not be made is deleted by its id: one that was made since has another", async () => {
    Object.assign(aws, { stack: MADE, status: "ROLLBACK_COMPLETE" });
    expect((await run("deploy", "--yes")).code).toBe(0);
    expect([aws.deleted, aws.executed]).toStrictEqual([[STACK_ID], 1]);
  });
});
