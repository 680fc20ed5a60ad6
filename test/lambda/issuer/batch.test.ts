import { afterEach, expect, it, vi } from "vitest";
import { algorithmNamed } from "../../../src/algorithms/table.js";
import { createKms } from "../../../src/aws/kms.js";
import { createParameterStore } from "../../../src/aws/ssm.js";
import { createTransport } from "../../../src/aws/transport.js";
import { createKmsCustodian } from "../../../src/custody/kms/custodian.js";
import { createHandler } from "../../../src/lambda/issuer/issuer.js";
import { createAwsActiveStore } from "../../../src/storage/aws/active-store.js";
import { untilTurn } from "../../contracts/until.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../../fakes/aws/fake-aws.mjs";

const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";
const TOKENS = 150;

type Aws = Awaited<ReturnType<typeof startFakeAws>>;
type Answer = { results: { token?: string; error?: { code: string } }[] };

let aws: Aws;
const lines: string[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await aws.close();
});

async function issuing() {
  const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
  const custodian = createKmsCustodian({ kms: createKms(transport), installation: "batch" });
  const { kid, alg } = await custodian.create("a", algorithmNamed("ES256"));
  const store = createAwsActiveStore(createParameterStore(transport), "/signet/batch/active");
  await store.write({ sequence: 1, kid, alg, maxTtlSeconds: 86_400, material: await custodian.material("a") });
  transport.close();
  const log = { SIGNET_METRICS: "true", AWS_LAMBDA_LOG_FORMAT: "JSON" };
  const env = { ...aws.env, SIGNET_INSTALLATION: "batch", SIGNET_HTTP: "true", ...log };
  return createHandler(env, (line) => lines.push(line));
}

/** A function that has answered once, under timers that are the test's, and how often KMS has signed by then. */
async function warm() {
  aws = await startFakeAws();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  const handler = await issuing();
  await handler({ claims: {} }, context);
  return { handler, before: signCalls() };
}

const context = { awsRequestId: "r-1", invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 600_000 };
const signCalls = () => aws.calls.filter(({ action }: { action: string }) => action === "kms:Sign").length;

it("a batch with KMS takes one Sign a token but for those that are counted, over 32 connections, and a failure stays its token's own", async () => {
  // As much between as keeps all connections busy.
  aws = await startFakeAws({ latencyMs: 5 });
  // This process is KMS as well: on a busy machine both are silent for the second after which a call is made once more.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const handler = await issuing();
  aws.connections.most = aws.connections.open;
  aws.inject({ action: "kms:Sign", skip: 20, kind: "reset" });
  aws.inject({ action: "kms:Sign", skip: 40, code: "ThrottlingException", status: 400 });
  aws.inject({ action: "kms:Sign", skip: 60, code: "AccessDeniedException", status: 400 });
  const requests = Array.from({ length: TOKENS }, (_, n) => ({ claims: { sub: String(n) } }));
  const { results } = (await handler({ requests }, context)) as Answer;
  expect(results.flatMap(({ error }) => error?.code ?? [])).toStrictEqual(["aws_access_denied"]);
  const subjects = results.map(
    ({ token }) => token && JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sub,
  );
  expect(subjects.filter((sub, n) => sub !== undefined && sub !== String(n))).toStrictEqual([]);
  const retries = lines.map((line) => JSON.parse(line).KmsRetries ?? 0).reduce((sum, each) => sum + each, 0);
  expect([signCalls(), retries]).toStrictEqual([TOKENS + 2, 2]);
  expect(aws.connections.most).toBeLessThanOrEqual(32);
});

it("a batch whose tokens fail says why at ERROR and counts them as failed, and tells who asked to look there", async () => {
  aws = await startFakeAws();
  const handler = await issuing();
  await handler({ claims: {} }, context);
  lines.length = 0;
  aws.inject({ action: "kms:Sign", times: 2, code: "AccessDeniedException", status: 400 });
  const requests = [{ claims: {} }, { claims: { sub: 1 } }, { claims: {} }, { claims: {} }];
  const { results } = (await handler({ requests }, context)) as Answer;
  const words = "the issuer cannot do this now; its log says why";
  expect(results.filter(({ error }) => error?.code === "aws_access_denied")).toStrictEqual(
    Array(2).fill({ error: { code: "aws_access_denied", message: words } }),
  );
  const [failure, issued, metrics] = lines.map((line) => JSON.parse(line));
  expect(lines).toHaveLength(3);
  const why = expect.stringMatching(/^kms:Sign on arn:.*: access denied; allow/);
  expect(failure).toMatchObject({ level: "ERROR", requestId: "r-1", outcome: "aws_access_denied", failed: 2, failure: why });
  expect(issued).toMatchObject({ level: "INFO", outcome: "issued", tokens: 1, refused: 1 });
  expect(metrics).toMatchObject({ Issued: 1, Refused: 1, Failed: 2 });
});

it("a batch ends with its invocation, and the tokens that are signed by then are answered", async () => {
  const { handler, before } = await warm();
  aws.inject({ action: "kms:Sign", skip: 10, times: 1_000, kind: "timeout" });
  const answer = handler({ requests: Array.from({ length: 60 }, () => ({ claims: {} })) }, context) as Promise<Answer>;
  // Ten are signed, and then each of the 32 turns is held by a call without an answer.
  await untilTurn("a call without an answer in each turn", () => signCalls() >= before + 42);
  vi.advanceTimersByTime(600_000);
  const codes = (await answer).results.map(({ error }) => error?.code ?? "token");
  expect(codes.filter((code) => code === "token")).toHaveLength(10);
  expect(codes.filter((code) => code === "aws_unavailable" || code === "aws_throttled")).toHaveLength(50);
  expect(signCalls()).toBe(before + 42);
});

/** Asks over HTTP, while seconds pass for the function alone, until it has answered. */
async function askedOverHttp(handler: ReturnType<typeof createHandler>, before: number) {
  const iam = { userArn: "arn:aws:iam::111122223333:user/a" };
  const requestContext = { stage: "$default", http: { method: "POST" }, authorizer: { iam } };
  let answer: { statusCode: number; body: string; headers: Record<string, string> } | undefined;
  const asked = handler(
    { version: "2.0", rawPath: "/issue", headers: { "content-type": "application/json" }, body: '{"claims":{}}', requestContext },
    context,
  );
  void (asked as Promise<typeof answer>).then((answered) => {
    answer = answered;
  });
  await untilTurn("a call", () => signCalls() > before);
  for (let second = 0; second < 25; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    await new Promise(setImmediate);
  }
  await untilTurn("the answer", () => answer !== undefined);
  return answer;
}

it("a request over HTTP that KMS does not answer is answered before API Gateway ends it", async () => {
  const { handler, before } = await warm();
  aws.inject({ action: "kms:Sign", times: 1_000, kind: "timeout" });
  expect(await askedOverHttp(handler, before)).toMatchObject({
    statusCode: 503,
    body: expect.stringMatching(/"kms:Sign on [^"]* no answer from [^"]*","code":"aws_unavailable"/),
  });
});

it("a request over HTTP that KMS throttles is told when to try again", async () => {
  const { handler, before } = await warm();
  aws.inject({ action: "kms:Sign", times: 1_000, code: "ThrottlingException", status: 400 });
  const answer = await askedOverHttp(handler, before);
  expect(answer).toMatchObject({ statusCode: 503, body: expect.stringContaining('"code":"aws_throttled"') });
  expect(answer?.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
});
