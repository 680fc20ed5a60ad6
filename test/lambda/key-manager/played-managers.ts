import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { afterAll, afterEach, beforeEach, expect, vi } from "vitest";
import { createKeyManager } from "../../../src/lambda/key-manager/key-manager.js";
import { TOKEN_OR_KEY } from "../../contracts/leaks.js";
import { startAnswerBucket } from "../../fakes/aws/answer-bucket.js";
import { startFakeAws } from "../../fakes/aws/fake-aws.mjs";

export const HOUR = 3_600;
export const STACK = "arn:aws:cloudformation:eu-central-1:111122223333:stack/signet/5f2e7c10-aaaa-bbbb-cccc-000000000001";
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:key-manager";

/** Key managers on a fake of AWS, for the tests of a file; each test begins at one time, and what it has logged holds no secret. */
export async function playedManagers() {
  const aws = await startFakeAws({ isDirect: true });
  aws.createBucket("keyrings");
  const bucket = await startAnswerBucket();
  const lines: string[] = [];
  let installations = 0;

  afterAll(async () => {
    bucket.close();
    await aws.close();
  });
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }));
  afterEach(() => {
    vi.useRealTimers();
    const said = lines.splice(0);
    bucket.clear();
    for (const line of said) expect(line).not.toMatch(TOKEN_OR_KEY);
  });

  const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);
  const context = (milliseconds = 60_000) => ({
    awsRequestId: "r-1",
    invokedFunctionArn: ARN,
    getRemainingTimeInMillis: () => milliseconds,
  });

  function installed(more: Record<string, string> = {}, name = `managed-${++installations}`) {
    const env = {
      ...aws.env,
      SIGNET_INSTALLATION: name,
      SIGNET_KEYRING: `s3://keyrings/${name}`,
      SIGNET_ISSUER: "https://issuer.example",
      SIGNET_STACK_ID: STACK,
      ...Object.fromEntries(
        ["KMS", "SSM", "SECRETS_MANAGER", "S3", "EVENTBRIDGE", "LAMBDA", "CLOUDFORMATION"].map((id) => [
          `AWS_ENDPOINT_URL_${id}`,
          aws.url,
        ]),
      ),
      AWS_ENDPOINT_URL: bucket.url,
      AWS_LAMBDA_LOG_FORMAT: "JSON",
      ...more,
    };
    const manage = createKeyManager(env, (line) => lines.push(line), { sleep: async (seconds) => void pass(seconds) });
    const objects = aws.state.buckets.get("keyrings").objects;
    const read = (key: string) => JSON.parse(objects.get(`${name}/${key}`).at(-1).body.toString());
    const ask = (event: unknown, milliseconds?: number) => manage(event, context(milliseconds)) as Promise<Record<string, never>>;
    return {
      name,
      env,
      ask,
      /** What the stack's creation does: nobody else makes the first key. */
      create: () => ask(resource("Create")),
      keyring: () => read("keyring.json"),
      jwks: () => createLocalJWKSet(read(".well-known/jwks.json") as JSONWebKeySet),
    };
  }

  const resource = (RequestType: string, ResourceProperties = {}, more = {}) => ({
    RequestType,
    ResponseURL: `${bucket.url}/answer?signature=1`,
    StackId: STACK,
    RequestId: `request-${RequestType}`,
    ResourceType: "Custom::SigningKeys",
    LogicalResourceId: "SigningKeys",
    ResourceProperties: { ServiceToken: ARN, ...ResourceProperties },
    ...more,
  });

  return { aws, bucket, lines, pass, context, installed, resource };
}
