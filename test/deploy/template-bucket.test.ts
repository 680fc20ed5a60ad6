import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { handOver } from "../../src/deploy/template-bucket.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

const LONG = `# ${"x".repeat(60_000)}\n`;
const NAME = "signet-templates-111122223333-eu-central-1";
let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;

beforeAll(async () => {
  aws = await startFakeAws();
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
});
afterAll(async () => {
  transport.close();
  await aws.close();
});

describe("a template", () => {
  it("goes with the request where it is short enough", async () => {
    expect(await handOver(transport, "short", aws.env)).toStrictEqual({ TemplateBody: "short" });
    expect(aws.calls).toHaveLength(0);
  });

  it("goes by a bucket of the account's, which is made once", async () => {
    const first = await handOver(transport, LONG, aws.env);
    expect(await handOver(transport, LONG, aws.env)).toStrictEqual(first);
    expect(first).toStrictEqual({
      TemplateURL: expect.stringMatching(new RegExp(`^${aws.url}/${NAME}/signet-[0-9a-f]{32}\\.yaml$`)),
    });
    const [[, [object]]] = [...aws.state.buckets.get(NAME).objects] as [[string, [{ body: Buffer }]]];
    expect(object.body.toString()).toBe(LONG);
  });

  it("never goes to a bucket of another account", async () => {
    aws.createBucket("laid-ready", undefined, "999988887777");
    await expect(handOver(transport, LONG, aws.env, "laid-ready")).rejects.toMatchObject({ code: "aws_access_denied" });
    expect(aws.state.buckets.get("laid-ready").objects.size).toBe(0);
  });
});
