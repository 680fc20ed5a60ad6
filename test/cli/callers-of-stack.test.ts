import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const GROUP = "signet-IssuerLog-1A2B3C";
const DAY_MS = 86_400_000;
const HOSTILE = 'old\u001b[2J\n"\u202e';
const CALLERS = {
  chat: { limits: { maxTtlSeconds: 300 } },
  ci: { trusts: [{ preset: "github-actions", claims: { repository_id: "1234" } }] },
};

let formation: Awaited<ReturnType<typeof startCloudFormation>>;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let cwd: string;
let allowed: readonly string[] | undefined;

beforeAll(async () => {
  formation = await startCloudFormation();
  const credentials = [
    {
      accessKeyId: "test",
      secretAccessKey: "test",
      allows: ({ action }: { action: string }) => allowed?.includes(action) !== false,
    },
  ];
  aws = await startFakeAws({ credentials });
  cwd = await scratch();
});
afterAll(async () => {
  formation.close();
  await aws.close();
});
beforeEach(() => {
  allowed = undefined;
  deployed({ Callers: JSON.stringify(CALLERS), TokenRoute: "on" });
  Object.assign(formation, { resources: { IssuerLog: GROUP }, denied: undefined });
  Object.assign(aws.state.logs, { before: [], end: "Complete" });
  const lines = [issued(2, 3, "chat"), issued(1, 4, "chat"), issued(50, 1, "ci")];
  aws.state.logs.groups.set(GROUP, { createdAt: 0, retentionDays: 90, lines });
  aws.clearFaults();
  aws.calls.length = 0;
});

function deployed(parameters: Record<string, string>): void {
  const all = { LogRetentionDays: "90", LogLevelApplicationParameter: "INFO", TokenRoute: "off", ...parameters };
  formation.stack = { parameters: all, outputs: { KeyringBucket: "keyring-bucket" } };
}
const issued = (daysAgo: number, tokens: number, caller?: string) => ({
  // A second before, so that no clock that moves on changes the day.
  timestamp: Date.now() - daysAgo * DAY_MS - 1_000,
  message: JSON.stringify({ outcome: "issued", tokens, caller }),
});
const log = (...lines: ReturnType<typeof issued>[]) => aws.state.logs.groups.get(GROUP)?.lines.push(...lines);
const list = (args: readonly string[] = [], shortWaits = false) =>
  signet(["callers", "list", "--config", "stack:signet", ...args], { cwd, shortWaits, env: environment() });
const environment = () => ({
  AWS_REGION: "eu-central-1",
  AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url,
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: aws.url,
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_MAX_ATTEMPTS: "1",
});

describe("signet callers list --config stack:NAME", () => {
  it("lists the callers of the parameter with their use, as the log in AWS says", async () => {
    const { code, stdout, stderr } = await list();
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toStrictEqual([
      ["CALLER", "LAST USED", "TOKENS", "OWN LIMITS", "PROOFS"],
      ["chat", "1 day ago", "7", "maxTtlSeconds 300"],
      ["ci", "not in the last 30 days", "0", "the issuer's", "trusts.0 github-actions: repository_id 1234"],
      [""],
    ]);
    expect(aws.calls.map(({ action }) => action)).toStrictEqual(["logs:StartQuery", "logs:GetQueryResults"]);
  });

  it("prints them as JSON, and reads as many days as are asked for and kept", async () => {
    log(issued(3, 2), issued(5, 1, "gone"));
    const { stdout } = await list(["--json", "--days", "60"]);
    const last = aws.state.logs.groups.get(GROUP)?.lines.map(({ timestamp }) => Math.floor(timestamp / 1_000)) ?? [];
    expect(JSON.parse(stdout)).toStrictEqual({
      stack: "signet",
      region: "eu-central-1",
      days: 60,
      callers: [
        { name: "chat", limits: { maxTtlSeconds: 300 }, secrets: [], lastUsedAt: last[1], tokens: 7 },
        {
          name: "ci",
          limits: {},
          secrets: [],
          trusts: [{ ...CALLERS.ci.trusts[0], maxAgeSeconds: 3_600 }],
          lastUsedAt: last[2],
          tokens: 1,
        },
      ],
      notInCallers: [{ name: "gone", lastUsedAt: last[4], tokens: 1 }],
      withoutCaller: { lastUsedAt: last[3], tokens: 2 },
    });
    deployed({ Callers: JSON.stringify(CALLERS), LogRetentionDays: "7" });
    expect((await list()).stdout).toContain("not in the last 7 days");
  });

  it("tells who is used and is no caller, and lets no name in the log move the cursor", async () => {
    log(issued(5, 1, "gone"), issued(1, 2, HOSTILE), issued(2, 1, "__proto__"));
    const { code, stdout, stderr } = await list();
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/gone|old|proto/);
    expect(stderr.split("\n").slice(0, -1)).toStrictEqual([
      String.raw`warning: used, but not in Callers now: "old\u001b[2J\n\"\u202e": 2 tokens in the last 30 days, last 1 day ago`,
      'warning: used, but not in Callers now: "__proto__": 1 token in the last 30 days, last 2 days ago',
      'warning: used, but not in Callers now: "gone": 1 token in the last 30 days, last 5 days ago',
    ]);
    const json = await list(["--json"]);
    expect(json.stdout).not.toContain("\u001b");
    expect(json.stdout).not.toContain("\u202e");
    expect(JSON.parse(json.stdout).notInCallers[0].name).toBe(HOSTILE);
  });

  it("says of a stack without callers what the log can know", async () => {
    deployed({ Callers: "{}" });
    aws.state.logs.groups.set(GROUP, { createdAt: 0, retentionDays: 90, lines: [issued(3, 2)] });
    const { code, stdout, stderr } = await list();
    expect({ code, stdout }).toStrictEqual({ code: 0, stdout: "" });
    expect(stderr).toBe(
      "the stack signet has no callers: whom IAM lets invoke its function gets tokens within the issuer's limits\n" +
        "without a caller's alias: 2 tokens in the last 30 days, last 3 days ago\n",
    );
  });

  it.each([
    ["logs:StartQuery", [], `allow logs:StartQuery on ${GROUP}`],
    ["logs:GetQueryResults", ["logs:StartQuery"], `allow logs:GetQueryResults on ${GROUP}`],
  ])("lists them all the same where %s is not allowed, and names the right", async (_, rights, words) => {
    allowed = rights;
    const { code, stdout, stderr } = await list();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^chat {3,}not known .* maxTtlSeconds 300$/m);
    expect(stderr).toContain(`warning: when callers were used last cannot be read: logs:`);
    expect(stderr).toContain(words);
    const { callers, notInCallers, withoutCaller } = JSON.parse((await list(["--json"])).stdout);
    expect(callers[0]).toMatchObject({ name: "chat", lastUsedAt: null, tokens: null });
    expect({ notInCallers, withoutCaller }).toStrictEqual({
      notInCallers: null,
      withoutCaller: { lastUsedAt: null, tokens: null },
    });
  });

  it("does so where the stack's resources may not be asked for, or the query does not end", async () => {
    Object.assign(aws.state.logs, { before: ["Running"], end: "" });
    expect((await list([], true)).stderr).toContain("the query has not ended within 60 s");
    formation.denied = "DescribeStackResource";
    const { code, stdout, stderr } = await list();
    expect(code).toBe(0);
    expect(stdout).toContain("not known");
    expect(stderr).toContain("cloudformation:DescribeStackResource on the stack signet in eu-central-1 is not allowed to you");
    formation.denied = "DescribeStacks";
    expect(await list()).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("cloudformation:DescribeStacks") });
  });

  it("does not take a log that leaves out what is issued for one of unused callers", async () => {
    deployed({ Callers: JSON.stringify(CALLERS), TokenRoute: "on", LogLevelApplicationParameter: "WARN" });
    const { stdout, stderr } = await list();
    expect(stdout).toContain("not known");
    expect(stderr).toContain(
      "LogLevelApplicationParameter is WARN: `signet deploy --stack signet LogLevelApplicationParameter=INFO`",
    );
    expect(aws.calls).toStrictEqual([]);
  });

  it("says that rules prove nothing without the route", async () => {
    deployed({ Callers: JSON.stringify(CALLERS) });
    expect((await list()).stderr).toContain("warning: the trusts and keys of ci prove nothing without the route: TokenRoute=on");
  });

  it("refuses what it cannot read, and days that are none", async () => {
    formation.stack = { parameters: {}, outputs: { KeyringBucket: "keyring-bucket" } };
    expect(await list()).toMatchObject({ code: 2, stderr: expect.stringContaining("has no parameter Callers") });
    deployed({ Callers: '{"chat":{"limits":{"maxTtl":1}}}' });
    expect(await list()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'the parameter Callers of the stack signet: the caller "chat" : callers.chat.limits.maxTtl is not',
      ),
    });
    for (const days of ["0", "3654", "1.5", "-1", "many"])
      expect((await list([`--days=${days}`])).stderr).toContain("--days must be");
    const { code, stderr } = await signet(["callers", "list", "--days", "7"], { cwd });
    expect({ code, stderr }).toStrictEqual({ code: 2, stderr: expect.stringContaining("--days is for the log of a stack") });
  });
});

describe("the other commands about callers", () => {
  it.each([
    ["add", "web"],
    ["rotate", "web"],
    ["remove", "web", "--yes"],
    ["trust", "ci", "gitlab", "--claim", "project_id=20"],
    ["untrust", "ci", "trusts.0", "--yes"],
    ["disable", "ci", "trusts.0"],
    ["enable", "ci", "trusts.0"],
    ["test", "ci", "-"],
  ])("say where the callers of a stack stand: %s", async (...args) => {
    const env = { AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL: "http://127.0.0.1:9" };
    const { code, stdout, stderr } = await signet(["callers", ...args, "--config", "stack:prod"], { cwd, env });
    expect({ code, stdout }).toStrictEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      "signet: the callers of a stack stand in its parameter Callers: `signet callers list --config stack:prod` shows them, " +
        "`signet deploy --stack prod 'Callers={...}'` puts others in their place, all at once\n",
    );
  });
});
