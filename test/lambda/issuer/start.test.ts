import { setImmediate as turn } from "node:timers/promises";
import { jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { publicKeyFromJwk } from "../../../src/algorithms/jwk.js";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createKms } from "../../../src/aws/kms.js";
import { createParameterStore } from "../../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../../src/aws/transport.js";
import { createKmsCustodian } from "../../../src/custody/kms/custodian.js";
import { createParameterStoreCustodian } from "../../../src/custody/parameter-store/custodian.js";
import { SignetError } from "../../../src/errors.js";
import { startIssuer } from "../../../src/lambda/issuer/issuer.js";
import { createReport, withoutStack } from "../../../src/lambda/shared/report.js";
import type { Settings } from "../../../src/lambda/shared/settings.js";
import { createAwsActiveStore } from "../../../src/storage/aws/active-store.js";
import { until } from "../../contracts/until.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../../fakes/aws/fake-aws.mjs";

const READ = "ssm:GetParameters";
const SIGN = "kms:Sign";
const context = { awsRequestId: "r-1", invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:issuer" };
const custodies = ["parameter-store", "kms"] as const;
type Custody = (typeof custodies)[number];

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
const publicKeys = {} as Record<Custody, ReturnType<typeof publicKeyFromJwk>>;

beforeAll(async () => {
  aws = await startFakeAws({ isDirect: true });
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
  const parameters = createParameterStore(transport);
  for (const custody of custodies) {
    const custodian =
      custody === "kms"
        ? createKmsCustodian({ kms: createKms(transport), installation: custody })
        : createParameterStoreCustodian({ parameters, path: `/signet/${custody}/keys` });
    const jwk = await custodian.create("a", algorithmNamed("ES256"));
    const store = createAwsActiveStore(parameters, `/signet/${custody}/active`);
    await store.write({ sequence: 1, kid: jwk.kid, alg: jwk.alg, maxTtlSeconds: 60, material: await custodian.material("a") });
    publicKeys[custody] = publicKeyFromJwk(jwk);
  }
});

beforeEach(() => {
  aws.clearFaults();
  aws.calls.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

function start(custody: Custody, more: Record<string, string> = {}) {
  const lines: string[] = [];
  const env = { ...aws.env, SIGNET_INSTALLATION: custody, SIGNET_METRICS: "true", AWS_LAMBDA_LOG_FORMAT: "JSON", ...more };
  const { handler, ready } = startIssuer(env, (line) => lines.push(line));
  return {
    ready,
    lines,
    /** What was called until the answer came. */
    async issue(): Promise<string[]> {
      aws.calls.length = 0;
      const { token } = (await handler({ claims: {} }, context)) as { token: string };
      const calls = actions();
      await jwtVerify(token, publicKeys[custody]);
      return calls;
    },
  };
}

const actions = () => aws.calls.map(({ action }) => action);
const signedBy = (custody: Custody) => (custody === "kms" ? [SIGN] : []);

describe("INIT", () => {
  it.each(custodies)("reads and opens the key, so that the first invocation need not (%s)", async (custody) => {
    const { ready, lines, issue } = start(custody);
    await ready;
    expect(actions()).toStrictEqual([READ]);
    expect(lines).toStrictEqual([]);
    expect(await issue()).toStrictEqual(signedBy(custody));
  });

  it("issues a token to itself that no limit, rate, line or metric sees", async () => {
    const limits = { maxTokensPerMinute: 1, requiredClaims: ["tenant"], fixedClaims: { tenant: "a" } };
    const { ready, lines, issue } = start("parameter-store", { SIGNET_LIMITS: JSON.stringify(limits) });
    await ready;
    await issue();
    await expect(issue()).rejects.toMatchObject({ name: "rate_exceeded" });
    const metrics = lines.map((line) => JSON.parse(line)).filter(({ _aws }) => _aws);
    expect(metrics).toMatchObject([{ Issued: 1, Refused: 0 }, { Refused: 1 }]);
  });

  it.each([
    ["denied", { code: "AccessDeniedException", status: 400 }, 1],
    ["throttled", { code: "ThrottlingException", status: 400 }, 0],
    ["cut off", { kind: "reset" }, 0],
  ])("whose read is %s leaves the function ready", async (_, fault, logged) => {
    aws.inject({ action: READ, ...fault });
    const { ready, lines, issue } = start("parameter-store");
    await ready;
    expect(lines).toHaveLength(logged);
    expect(lines.join()).not.toMatch(/\bat |"at":|\.ts/);
    expect(await issue()).toStrictEqual(logged === 0 ? [] : [READ]);
  });

  it("ends after five seconds without an answer, and the first invocation joins the read", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    aws.inject({ action: READ, kind: "timeout", times: 2 });
    const { ready, issue } = start("parameter-store");
    let isReady = false;
    ready.then(() => {
      isReady = true;
    });
    while (actions().length < 1) await turn();
    vi.advanceTimersByTime(3_000);
    while (actions().length < 2) await turn();
    vi.advanceTimersByTime(1_999);
    await turn();
    expect(isReady).toBe(false);
    vi.advanceTimersByTime(1);
    await ready;
    const calls = issue();
    vi.advanceTimersByTime(1_000);
    expect(await calls).toStrictEqual([READ]);
  });
});

describe("a function that was frozen", () => {
  const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);

  it.each(custodies)("answers without a read within its key's age, and confirms the key afterwards (%s)", async (custody) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { ready, issue } = start(custody);
    await ready;
    pass(3_000);
    expect(await issue()).toStrictEqual(signedBy(custody));
    await until("the key is confirmed", () => actions().includes(READ));
    pass(3_000);
    expect(await issue()).toStrictEqual(signedBy(custody));
  });

  it.each(custodies)("reads the key first where it has outlived its age (%s)", async (custody) => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const { ready, issue } = start(custody);
    await ready;
    pass(3_601);
    expect(await issue()).toStrictEqual([READ, ...signedBy(custody)]);
  });
});

describe("an error while a function starts", () => {
  it("has its code and words, and neither stack nor path", () => {
    const failing = () =>
      withoutStack(() => {
        throw new SignetError("config_invalid", "SIGNET_LIMITS must be JSON");
      });
    expect(failing).toThrow(
      expect.objectContaining({ name: "config_invalid", stack: "config_invalid: SIGNET_LIMITS must be JSON" }),
    );
  });

  it("that nobody foresaw stands in the log by its kind, without a stack", () => {
    const lines: string[] = [];
    const report = createReport({ metrics: false, installation: "a" } as Settings, { AWS_LAMBDA_LOG_FORMAT: "JSON" }, (line) =>
      lines.push(line),
    );
    report.unready(new TypeError("cannot read /var/task/index.js"));
    const timestamp = expect.any(String);
    expect(lines.map((line) => JSON.parse(line))).toStrictEqual([
      { timestamp, level: "ERROR", requestId: "init", failure: "TypeError" },
    ]);
  });

  it("that nobody foresaw says no more than that", () => {
    const failing = () =>
      withoutStack(() => {
        throw new TypeError("cannot read /var/task/index.js");
      });
    expect(failing).toThrow(expect.objectContaining({ name: "internal", message: expect.not.stringContaining("/") }));
  });
});
