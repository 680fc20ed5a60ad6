import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C";
const arnOf = (rest: string) => `arn:aws:iam::111122223333:${rest}`;
const TOKEN_ROLE = arnOf("role/signet-TokenRole-4D5E6F");
const ADMIN = arnOf("role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123");
const OWNER = { accessKeyId: "AKIDOWNER", secretAccessKey: "secret" };
const RIGHTS = ["iam:ListRoles", "iam:ListUsers", "iam:SimulatePrincipalPolicy", "lambda:ListAliases", "lambda:GetPolicy"];
/** Who has the rights that docs/install-aws.md names, and who lacks one of them. */
const READER = { accessKeyId: "AKIDREADER", secretAccessKey: "secret", allows: RIGHTS };
const lacking = (right: string) => ({
  accessKeyId: `AKIDNO${right.split(":")[1]?.toUpperCase()}`,
  secretAccessKey: "secret",
  allows: RIGHTS.filter((each) => each !== right),
});

const policy = (name: string, ...statements: object[]) => ({ name, statements });
const invoking = (Resource: string, Condition?: object) => ({
  policies: [policy("invoke", { Effect: "Allow", Action: "lambda:InvokeFunction", Resource, Condition })],
});
/** What docs/install-aws.md advises: a boundary that denies the aliases to all but one. */
const ONLY_THE_STACK = policy(
  "boundary",
  { Effect: "Allow", Action: "*", Resource: "*" },
  {
    Effect: "Deny",
    Action: "lambda:InvokeFunction",
    Resource: "arn:aws:lambda:*:*:function:*:*-proof",
    Condition: { ArnNotEquals: { "aws:PrincipalArn": TOKEN_ROLE } },
  },
);

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let stacks: Awaited<ReturnType<typeof startCloudFormation>>;
let cwd: string;

beforeAll(async () => {
  aws = await startFakeAws({ credentials: [OWNER, READER, ...RIGHTS.map(lacking)] });
  stacks = await startCloudFormation();
  cwd = await scratch();
});
afterAll(async () => {
  stacks.close();
  await aws.close();
});
beforeEach(() => {
  const aliases = ["ci", "ci-proof", "web-proof"].map((Name) => [Name, { Name, FunctionVersion: "$LATEST" }] as const);
  aws.state.functions.set(FUNCTION, new Map(aliases));
  aws.state.policies.clear();
  aws.state.iam.most = 100;
  aws.state.iam.principals.clear();
  aws.state.iam.principals.set(TOKEN_ROLE, invoking(`${FUNCTION}:*-proof`));
  aws.state.iam.principals.set(arnOf("role/web"), invoking(`${FUNCTION}:web`));
  aws.calls.length = 0;
  stacks.stack = {
    parameters: { TokenRoute: "on" },
    outputs: { KeyringBucket: "keyring-bucket", JWTIssuerFunctionArn: FUNCTION },
  };
  stacks.resources = { TokenRole: "signet-TokenRole-4D5E6F" };
  stacks.failing = undefined;
});

const audit = (args: readonly string[] = [], { accessKeyId } = READER) =>
  signet(["audit", "access", "--config", "stack:signet", ...args], {
    cwd,
    env: {
      AWS_REGION: "eu-central-1",
      AWS_ENDPOINT_URL: aws.url,
      AWS_ENDPOINT_URL_CLOUDFORMATION: stacks.url,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_MAX_ATTEMPTS: "1",
    },
  });
const add = (arn: string, found: object) => aws.state.iam.principals.set(arn, found as never);

describe("signet audit access", () => {
  it("finds no one where only the stack's own function may invoke its aliases for proofs", async () => {
    const { code, stdout, stderr } = await audit();
    expect({ code, lines: stdout.trim().split("\n").slice(1) }).toStrictEqual({
      code: 0,
      lines: [`ok  ${TOKEN_ROLE}  ci-proof web-proof  invoke`],
    });
    expect(stderr).toContain("asked about 2 roles and users, for ci-proof, web-proof");
    expect(stderr).toContain("not asked about: the root user");
  });

  it("names others and the policies that let them in, and fails until they are expected", async () => {
    add(ADMIN, { policies: [policy("AdministratorAccess", { Effect: "Allow", Action: "*", Resource: "*" })] });
    add(arnOf("user/ops/alice"), invoking(`${FUNCTION}:web*`));
    const { code, stdout, stderr } = await audit(["--expect", arnOf("user/alice")]);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^NO  ${ADMIN} +ci-proof web-proof +AdministratorAccess$`, "m"));
    expect(stdout).toMatch(/^NO {2}arn:aws:iam::111122223333:user\/ops\/alice +web-proof +invoke$/m);
    expect(stderr).toContain("signet: 2 not expected may invoke aliases for proofs");
    expect(stderr).toContain(`warning: ${arnOf("user/alice")} is expected, and is no role or user`);
    const some = await audit(["--expect", ADMIN]);
    expect(some).toMatchObject({ code: 1, stderr: expect.stringContaining("signet: 1 not expected") });
    expect((await audit(["--expect", ADMIN, "--expect", arnOf("user/ops/alice")])).code).toBe(0);
  });

  it("finds no one behind the boundary that the docs advise, and fails once it is taken away", async () => {
    const reach = invoking("arn:aws:lambda:*:*:function:*");
    add(arnOf("role/deployer"), { ...reach, boundary: ONLY_THE_STACK });
    expect((await audit()).code).toBe(0);
    add(arnOf("role/deployer"), reach);
    expect(await audit()).toMatchObject({ code: 1, stdout: expect.stringContaining("role/deployer") });
  });

  it("asks about every role and user, over pages and where IAM throttles", async () => {
    for (let at = 0; at < 230; at++) add(arnOf(`${at % 2 ? "role" : "user"}/n-${at}`), { policies: [] });
    add(arnOf("role/zz-last"), invoking("*"));
    aws.inject({ action: "iam:SimulatePrincipalPolicy", code: "Throttling", status: 400, every: 40 });
    const { code, stdout } = await audit(["--json"]);
    expect(code).toBe(1);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ stack: "signet", region: "eu-central-1", principals: 233, tokenRole: TOKEN_ROLE });
    expect(found.findings.map(({ principal }: { principal: string }) => principal)).toStrictEqual([
      arnOf("role/zz-last"),
      TOKEN_ROLE,
    ]);
    const count = (action: string) => aws.calls.filter((call) => call.action === action && call.status === 200).length;
    expect([count("iam:ListRoles"), count("iam:ListUsers"), count("iam:SimulatePrincipalPolicy")]).toStrictEqual([2, 2, 233]);
    aws.clearFaults();
  });

  it("fails where something else decides than policies, and names the condition keys", async () => {
    add(arnOf("role/office"), invoking("*", { StringEquals: { "aws:SourceVpc": "vpc-1" } }));
    add(arnOf("user/mfa"), invoking("*", { Bool: { "aws:MultiFactorAuthPresent": "true" } }));
    const { code, stdout, stderr } = await audit();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\? +arn:aws:iam::111122223333:role\/office +ci-proof web-proof +it depends on aws:SourceVpc$/m);
    expect(stdout).toMatch(/^NO +arn:aws:iam::111122223333:user\/mfa /m);
    expect(stderr).toContain("for 1 it depends on conditions that cannot be known here");
  });

  it("never counts one as kept out whom it could not judge", async () => {
    add(arnOf("role/gone"), { policies: [], refuses: ["NoSuchEntity", "gone", 404] });
    add(arnOf("role/odd\u001b[31m"), { policies: [], refuses: ["InvalidInput", "Invalid Entity Arn", 400] });
    const one = await audit();
    expect(one.code).toBe(1);
    expect(one.stdout).toMatch(
      /^\? +arn:aws:iam::111122223333:role\/gone +ci-proof web-proof +not judged: it was deleted meanwhile$/m,
    );
    expect(one.stdout).toContain("Invalid Entity Arn");
    expect(one.stdout + one.stderr).not.toContain("\u001b");
    expect(one.stdout).toContain("\\u001b[31m");
    expect(one.stderr).toContain("2 could not be judged (it was deleted meanwhile, and other reasons)");
    const blind = await audit([], lacking("iam:SimulatePrincipalPolicy"));
    expect(blind).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("3 could not be judged (iam:SimulatePrincipalPolicy on it is not allowed to you)"),
    });
    expect(blind.stdout).toMatch(new RegExp(`${TOKEN_ROLE} .*not allowed to you`));
    expect(blind.stderr).toContain("POST /token fails");
  });

  it.each(["iam:ListRoles", "iam:ListUsers", "lambda:ListAliases", "lambda:GetPolicy"])(
    "says that %s is missing",
    async (right) => {
      const { code, stdout, stderr } = await audit([], lacking(right));
      expect({ code, stdout }).toStrictEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(`allow ${right}`);
    },
  );

  it("tells whom the policy of an alias lets in", async () => {
    const Principal = { AWS: ["arn:aws:iam::999900001111:root", ADMIN], Service: "events.amazonaws.com" };
    const Condition = { ArnLike: { "AWS:SourceArn": "arn:aws:events:*" } };
    const statement = { Sid: "from-events", Effect: "Allow", Principal, Action: "lambda:InvokeFunction", Condition };
    aws.state.policies.set(`${FUNCTION}:web-proof`, { Version: "2012-10-17", Statement: [statement] });
    const { code, stdout, stderr } = await audit(["--expect", ADMIN]);
    expect(code).toBe(1);
    const why = "the alias's own policy: from-events, under conditions \\(AWS:SourceArn\\)";
    expect(stdout).toMatch(new RegExp(`^NO +arn:aws:iam::999900001111:root +web-proof +${why}$`, "m"));
    expect(stdout).toMatch(new RegExp(`^NO +events.amazonaws.com +web-proof +${why}$`, "m"));
    expect(stdout).toMatch(new RegExp(`^ok +${ADMIN} +web-proof +${why}$`, "m"));
    expect(stderr).toContain("2 not expected");
  });

  it("has nothing to ask where no caller proves itself, and expects no role without the route", async () => {
    stacks.stack = {
      parameters: { TokenRoute: "off" },
      outputs: { KeyringBucket: "keyring-bucket", JWTIssuerFunctionArn: FUNCTION },
    };
    expect(await audit()).toMatchObject({ code: 1, stdout: expect.stringContaining(`NO  ${TOKEN_ROLE}`) });
    aws.state.functions.set(FUNCTION, new Map([["ci", { Name: "ci", FunctionVersion: "$LATEST" }]]));
    const { code, stdout, stderr } = await audit();
    expect({ code, stdout }).toStrictEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("no alias NAME-proof");
  });

  it.each([
    [["audit", "access"], "audit access --config stack:NAME"],
    [["audit", "access", "--config", "signet.json"], "audit access --config stack:NAME"],
    [["audit", "access", "--config", "stack:signet", "--expect", "admin"], "--expect takes the ARN"],
  ])("is a matter of a stack and of ARNs: %o", async (args, words) => {
    const { code, stderr } = await signet(args, { cwd, env: { AWS_REGION: "eu-central-1" } });
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });

  it("says where there is no such stack, or none of Signet's", async () => {
    stacks.stack = { parameters: {}, outputs: {} };
    expect(await audit()).toMatchObject({ code: 2, stderr: expect.stringContaining("is no stack of Signet's template alone") });
    stacks.stack = undefined;
    expect(await audit()).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no stack signet") });
    stacks.stack = {
      parameters: { TokenRoute: "on" },
      outputs: { KeyringBucket: "keyring-bucket", JWTIssuerFunctionArn: FUNCTION },
    };
    stacks.failing = "DescribeStackResource";
    expect(await audit()).toMatchObject({ code: 1, stderr: expect.stringContaining("cloudformation:DescribeStackResource") });
  });
});
