import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { stackIssuer } from "../../src/console/stack-issuer.js";
import { isSignetError, SignetError } from "../../src/errors.js";
import { perform } from "../../src/lambda/key-manager/request.js";
import { loadInstallation } from "../../src/operator/load-installation.js";
import { stackManager } from "../../src/operator/stack-manager.js";
import { issueByStack } from "../../src/operator/token-issue.js";
import { signet } from "../cli/command.js";
import { some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { consoleOf, surroundingsAt } from "./fixture.js";

const scratch = scratchDirectories();
const OPERATOR = { accessKeyId: "AKIDOPERATOR", secretAccessKey: "operator" };
const MANAGER = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Manager-1A2B3C";
const ISSUER = "arn:aws:lambda:eu-central-1:111122223333:function:signet-Issuer-1A2B3C";
const READS = ["s3:GetObject", "s3:ListBucket", "ssm:GetParameters", "ssm:GetParametersByPath", "lambda:InvokeFunction"];

/** A call that the fake remembers. */
interface Called {
  readonly action: string;
  readonly resource?: string;
}

let formation: Awaited<ReturnType<typeof startCloudFormation>>;
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let denied: readonly string[];
let count = 0;
let page: Awaited<ReturnType<typeof consoleOf>>;
let invoked: object[];
let surroundings: ReturnType<typeof surroundingsAt>;
let answer: (event: object) => Promise<unknown>;

beforeAll(async () => {
  formation = await startCloudFormation();
  const operator = { ...OPERATOR, allows: ({ action }: { action: string }) => !denied.includes(action) };
  aws = await startFakeAws({ credentials: [FAKE_CREDENTIALS, operator], isDirect: true });
});
afterAll(async () => {
  formation.close();
  await aws.close();
});
beforeEach(async () => {
  denied = [];
  invoked = [];
  const bucket = `signet-keyring-${++count}`;
  aws.createBucket(bucket);
  const cwd = await scratch();
  const made = ["init", "--custody", "parameter-store", "--keyring", `s3://${bucket}`, "--issuer", "https://issuer.example"];
  const ran = await signet(made, { cwd, env: { ...aws.env, SIGNET_INSTALLATION: bucket }, shortWaits: true });
  expect(ran.code, ran.stderr).toBe(0);
  formation.stack = {
    parameters: {
      KeyCustodianParameter: "ParameterStore",
      Algorithm: "ES256",
      MaxTtlSeconds: "86400",
      RotateEveryDays: "90",
      Callers: '{"web":{"limits":{"maxTtlSeconds":60}}}',
    },
    outputs: {
      KeyringBucket: bucket,
      IssuerUrl: "https://issuer.example",
      KeyManagerFunctionArn: MANAGER,
      JWTIssuerFunctionArn: ISSUER,
      JwtIssuerFunctionArn: ISSUER,
    },
  };
  aws.state.functions.set(MANAGER, new Map());
  aws.state.functions.set(ISSUER, new Map([["web", {}]]));
  const own = { ...aws.env, AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url };
  const functions = await loadInstallation(surroundingsAt(await scratch(), own), "stack:signet", { ignoresDisk: true });
  const manager = await functions.manager({ actor: "function signet-Manager", sleep: async () => undefined });
  answer = (event) => perform(manager, event);
  aws.runs(async (arn: string, event: object) => {
    invoked.push(event);
    if (arn.startsWith(ISSUER)) return functions.issuer.issue(event as never);
    return thrownAs(answer(event));
  });
  const env = { ...own, AWS_ACCESS_KEY_ID: OPERATOR.accessKeyId, AWS_SECRET_ACCESS_KEY: OPERATOR.secretAccessKey };
  surroundings = surroundingsAt(await scratch(), env);
  page = await consoleOf(await stackIssuer(surroundings, "stack:signet"), { surroundings });
  await page.enter();
  aws.calls.length = 0;
});
afterEach(async () => {
  aws.clearFaults();
  await page.close();
  expect(page.unexpected).toStrictEqual([]);
});

/** As the function throws: its code as the name. */
async function thrownAs<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw isSignetError(error) ? Object.assign(new Error(error.message), { name: error.code }) : error;
  });
}

/** What the operator has called. */
const calledByOperator = () =>
  [
    ...new Set(
      aws.calls
        .filter(({ who }: { who?: string }) => who === OPERATOR.accessKeyId)
        .map(({ action }: { action: string }) => action),
    ),
  ].sort();

describe("the console of a stack", () => {
  it("has no token issued twice where Lambda fails", async () => {
    const asked = { caller: "web", request: { claims: { sub: "alice" }, ttl: 60 } };
    aws.inject({ action: "lambda:InvokeFunction", code: "ServiceException", status: 500 });
    await expect(issueByStack(surroundings, "stack:signet", asked)).rejects.toMatchObject({ code: "aws_unavailable" });
    expect(aws.calls.filter(({ action }: { action: string }) => action === "lambda:InvokeFunction")).toHaveLength(1);
    expect(await issueByStack(surroundings, "stack:signet", asked)).toMatch(/^eyJ/);
  });

  it("reads it with the operator's own credentials, and writes nothing", async () => {
    const { status, json } = await page.call("/api/keys");
    expect(status).toBe(200);
    expect(json).toMatchObject({
      place: "the stack signet in eu-central-1",
      issuer: "https://issuer.example",
      rights: { rotate: true, revoke: true },
      keys: [{ state: "active", custody: "parameter-store" }, { state: "pending" }],
    });
    await page.call("/api/audit");
    await page.call("/api/preview", { change: "rotate" });
    expect(calledByOperator().filter((action) => !READS.includes(action))).toStrictEqual([]);
    expect(invoked).toStrictEqual([{ action: "rotate", dryRun: true }]);
  });

  it("searches its log for the use of callers, and not for the form of a token", async () => {
    formation.asked.length = 0;
    // Where the log is, is asked for to search it.
    const searched = () => formation.asked.filter((action) => action === "DescribeStackResource");
    expect((await page.call("/api/issue-form", {})).json.callers).toStrictEqual(["web"]);
    expect(searched()).toStrictEqual([]);
    await page.call("/api/callers");
    expect(searched()).not.toStrictEqual([]);
  });

  it("leaves the private key where it is, and says so", async () => {
    const { json } = await page.call("/api/keys");
    await page.call("/api/preview", { change: "rotate" });
    expect(calledByOperator()).not.toContain("ssm:GetParameters");
    const [item] = json.health.items.filter(({ name }: { name: string }) => name === "active document");
    expect(item.words).toContain("it holds the private key, which stays where it is");
  });

  it("rotates by its key manager alone, which is told what was asked and answers what was done", async () => {
    const { json } = await page.call("/api/preview", { change: "rotate" });
    expect(json.sentences.some((words: string) => words.startsWith("the rotation would be scheduled"))).toBe(true);
    const { lines } = await page.change({ preview: json.preview });
    expect(lines[0]).toStrictEqual({ step: "ask the key manager of the stack signet" });
    const { done } = lines.at(-1) as unknown as { done: { keys: { keys: object[] } } };
    expect(done.keys.keys).toHaveLength(3);
    expect(invoked.at(-1)).toStrictEqual({
      action: "rotate",
      dryRun: false,
      token: expect.any(String),
      expected: expect.any(String),
    });
    expect(calledByOperator().filter((action) => !READS.includes(action))).toStrictEqual([]);
    const { entries } = (await page.call("/api/audit")).json;
    expect(entries[0].actor).toBe("function signet-Manager");
  });

  it("revokes by it, with the reason for its log", async () => {
    const [{ kid }] = (await page.call("/api/keys")).json.keys;
    const { json } = await page.call("/api/preview", { change: "revoke", kid, reason: "a test" });
    expect(json).toMatchObject({ confirm: kid, tokensAtRisk: { words: expect.stringContaining("tokens at risk") } });
    const { lines } = await page.change({ preview: json.preview, confirm: kid });
    const { done } = lines.at(-1) as unknown as { done: { keys: { keys: { kid: string }[] } } };
    expect(done.keys.keys.map((key) => key.kid)).not.toContain(kid);
    expect(invoked.at(-1)).toStrictEqual({
      action: "revoke",
      kid,
      dryRun: false,
      reason: "a test",
      expected: expect.any(String),
    });
    expect(calledByOperator().filter((action) => !READS.includes(action))).toStrictEqual([]);
  });

  it("rotates once where the answer of its key manager was lost", async () => {
    const { json } = await page.call("/api/preview", { change: "rotate" });
    aws.inject({ action: "lambda:InvokeFunction", kind: "lost-reply" });
    const { lines } = await page.change({ preview: json.preview });
    expect(lines.at(-1)).toHaveProperty("done");
    const { entries } = (await page.call("/api/audit", { search: "rotation.requested" })).json;
    expect(entries).toHaveLength(1);
  });

  it("rotates once where two have looked at the same keys, and both ask for it", async () => {
    const other = await consoleOf(await stackIssuer(surroundings, "stack:signet"), { surroundings });
    await other.enter();
    const [one, two] = [
      await page.call("/api/preview", { change: "rotate" }),
      await other.call("/api/preview", { change: "rotate" }),
    ];
    const changed = answer;
    // What both have looked at is still so when the second one is asked whether it is.
    let release = (): void => undefined;
    const waits = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = async (event) => {
      if (invoked.length === 4) release();
      await waits;
      return changed(event);
    };
    const answers = await Promise.all([page.change({ preview: one.json.preview }), other.change({ preview: two.json.preview })]);
    await other.close();
    for (const { lines } of answers) expect(lines.at(-1)).toHaveProperty("done");
    const { entries } = (await page.call("/api/audit", { search: "rotation.requested" })).json;
    expect(entries).toHaveLength(1);
  });

  it("tells a revocation of which the answer was lost as done: the key has left the keyring", async () => {
    const [, { kid }] = (await page.call("/api/keys")).json.keys;
    const { json } = await page.call("/api/preview", { change: "revoke", kid });
    aws.inject({ action: "lambda:InvokeFunction", kind: "lost-reply" });
    const { lines } = await page.change({ preview: json.preview, confirm: kid });
    const { done } = lines.at(-1) as unknown as { done: { sentences: string[]; keys: { keys: { kid: string }[] } } };
    expect(done.sentences[0]).toBe(`done: revoke key ${kid}: it has left the keyring`);
    expect(done.keys.keys.map((key) => key.kid)).not.toContain(kid);
    expect(invoked.filter((event) => "expected" in event)).toHaveLength(2);
  });

  it("waits for the manager that is at work after an answer was lost: it works on this very request", async () => {
    let [at, held] = [0, 3];
    const told: string[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      at += milliseconds;
    };
    const manager = await stackManager(surroundings, "stack:signet", { now: () => at, sleep });
    const changed = answer;
    answer = async (event) => {
      if (invoked.length > 1 && held-- > 0) throw new SignetError("lease_held", "function signet-Manager is changing keys");
      return changed(event);
    };
    aws.inject({ action: "lambda:InvokeFunction", kind: "lost-reply" });
    const report = await manager.changer((words) => told.push(words)).rotate({ token: "one" });
    expect([told.length, at, invoked.length]).toStrictEqual([4, 15_000, 5]);
    expect(told[1]).toContain("the answer was lost, and a manager is at work there");
    expect(report.alerts[0]).toContain("was sent again");
    // Another one's lease that does not end is told as what it is.
    [at, held] = [0, 1_000];
    aws.inject({ action: "lambda:InvokeFunction", kind: "lost-reply" });
    await expect(manager.changer(() => undefined).rotate({ token: "two" })).rejects.toMatchObject({ code: "lease_held" });
    expect(at).toBe(250_000);
  });

  it("says what to do where its key manager is of an older version", async () => {
    const { json } = await page.call("/api/preview", { change: "rotate" });
    answer = async () => {
      throw new SignetError("unknown_field", "rotate has no member token");
    };
    const { lines } = await page.change({ preview: json.preview });
    const message = expect.stringMatching(/older version.*nothing was done: `signet deploy --stack signet` updates it/);
    expect(lines.at(-1)).toStrictEqual({ error: { code: "unknown_field", message } });
  });

  it("reads its log again when it has grown, and when it is looked at, and not each time that the page asks", async () => {
    const read = () =>
      aws.calls.filter(({ action, resource = "" }: Called) => action === "s3:GetObject" && resource.includes("/audit/")).length;
    await page.call("/api/keys");
    const first = read();
    expect(first).toBeGreaterThan(0);
    await page.call("/api/keys");
    expect(read()).toBe(first);
    await page.call("/api/audit", { search: "key" });
    expect(read()).toBe(first);
    await page.call("/api/audit");
    expect(read()).toBe(2 * first);
    const { json } = await page.call("/api/preview", { change: "rotate" });
    const { lines } = await page.change({ preview: json.preview });
    const { done } = lines.at(-1) as unknown as { done: { keys: { health: { items: { name: string; words: string }[] } } } };
    expect(done.keys.health.items.find(({ name }) => name === "audit log")?.words).toMatch(/^the audit log is whole/);
    // What was added, and nothing that was read before.
    expect(read()).toBeGreaterThan(2 * first);
    expect(read()).toBeLessThan(3 * first + 2);
  });

  it.each(
    some(1, [
      ["lease_held", "function other is changing keys: try again later"],
      ["lease_lost", "another manager has taken over; run `signet keys tick` to see where it stands"],
      ["key_unusable", "the KMS key is disabled"],
    ] as const),
  )("tells %s of its key manager as what it is", async (code, words) => {
    const { json } = await page.call("/api/preview", { change: "rotate" });
    answer = async () => {
      throw new SignetError(code, words);
    };
    const { lines } = await page.change({ preview: json.preview });
    expect(lines.at(-1)).toStrictEqual({ error: { code, message: words } });
  });

  it("tells a key manager that could not run, and one that answers something else", async () => {
    answer = async () => {
      throw Object.assign(new Error("Task timed out after 240.00 seconds"), { name: "Sandbox.Timedout" });
    };
    const timedOut = await page.call("/api/preview", { change: "rotate" });
    expect(timedOut.json.error).toMatchObject({ code: "aws_unavailable", message: expect.stringContaining("Sandbox.Timedout") });
    answer = async () => ({ token: "x" });
    const other = await page.call("/api/preview", { change: "rotate" });
    expect(other.json.error).toMatchObject({ code: "aws_unavailable", message: expect.stringContaining(MANAGER) });
  });

  it("issues by its function, as a caller's alias, and shows the same for AWS's SDKs", async () => {
    const asked = { request: { claims: { sub: "alice" }, ttl: 60 }, caller: "web" };
    const { json } = await page.call("/api/issue", asked);
    expect(JSON.parse(json.claims)).toMatchObject({ sub: "alice" });
    expect(invoked.at(-1)).toStrictEqual({ claims: { sub: "alice" }, ttl: 60 });
    expect(json.commands.map(({ name }: { name: string }) => name)).toStrictEqual([
      "signet",
      "AWS CLI",
      "Node",
      "Python",
      "Go",
      "Java",
    ]);
    for (const { name, text } of json.commands.slice(1)) expect(text, name).toContain(`${ISSUER}:web`);
    expect(json.commands[0].text).toBe(`signet token --claims '{"sub":"alice"}' --ttl 60s --config stack:signet --caller web`);
    expect((await page.call("/api/issue", { ...asked, caller: "none" })).json.error.code).toBe("aws_not_found");
  });
});

describe("a right that is missing", () => {
  it.each([
    ["lambda:InvokeFunction", MANAGER],
    ["s3:GetObject", "keyring.json"],
  ])("%s is named, with what it is wanted for", async (action, resource) => {
    denied = [action];
    const path = action.startsWith("lambda") ? "/api/preview" : "/api/keys";
    const { status, json } = await page.call(path, path === "/api/keys" ? {} : { change: "rotate" });
    expect({ status, code: json.error.code }).toStrictEqual({ status: 500, code: "aws_access_denied" });
    expect(json.error.message).toContain(`allow ${action} on `);
    expect(json.error.message).toContain(resource);
  });

  it("to change keys is known before anything is asked of the key manager, and all the rest works", async () => {
    denied = ["lambda:InvokeFunction"];
    const { status, json } = await page.call("/api/keys");
    expect(status).toBe(200);
    expect(json.rights.rotate).toContain(`allow lambda:InvokeFunction on ${MANAGER}`);
    expect(json.rights.revoke).toBe(json.rights.rotate);
    expect(invoked).toStrictEqual([]);
    expect((await page.call("/api/audit")).status).toBe(200);
  });

  it("to read private keys is not wanted: how they stand is shown without", async () => {
    const before = (await page.call("/api/keys")).json;
    denied = ["ssm:GetParameters", "ssm:GetParametersByPath", "ssm:GetParameter"];
    const { status, json } = await page.call("/api/keys");
    expect(status).toBe(200);
    const standing = ({ keys }: typeof json) => keys.map(({ kid, state, since }: typeof json) => ({ kid, state, since }));
    expect(standing(json)).toStrictEqual(standing(before));
    expect(json.sentence).toBe(before.sentence);
    const [item] = json.health.items.filter(({ name }: { name: string }) => name === "active document");
    expect(item).toMatchObject({
      isWell: null,
      words: expect.stringMatching(/^it was not read from here: /),
    });
    const preview = await page.call("/api/preview", { change: "revoke", kid: before.keys[0].kid });
    expect(preview.status).toBe(200);
    const next = preview.json.lives.lives.find(({ name }: { name: string }) => name === before.keys[1].kid);
    const active = next.spans.find(({ phase }: { phase: string }) => phase === "active");
    expect(active.from).toBeLessThan(preview.json.lives.now + 60);
  });
});
