import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBucket } from "../../src/aws/s3.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { createAwsStores } from "../../src/storage/aws/stores.js";
import { keyringFor } from "../contracts/keyring-fixture.js";
import { storesSuite } from "../contracts/stores-suite.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let places = 0;

beforeAll(async () => {
  aws = await startFakeAws();
  aws.createBucket("keyrings", 3);
  transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

function stores() {
  places += 1;
  const bucket = createBucket(transport, "keyrings");
  return createAwsStores(createParameterStore(transport), `/signet/test-${places}/active`, { bucket, prefix: `test-${places}/` });
}

storesSuite("in AWS", async () => stores());

describe("stores in AWS", () => {
  it("read the active document with one call, with any custodian", async () => {
    const { active } = stores();
    await active.write({ sequence: 12, kid: "k", alg: "ES256", maxTtlSeconds: 60, material: { file: "k" } });
    const before = aws.calls.length;
    expect((await active.read())[0]?.sequence).toBe(12);
    expect(aws.calls.slice(before).map(({ action }) => action)).toStrictEqual(["ssm:GetParameters"]);
  });

  it("leave the document alone that took a deleted one's place", async () => {
    const { active } = stores();
    const document = { kid: "k", alg: "ES256", maxTtlSeconds: 60, material: { file: "k" } } as const;
    await active.write({ ...document, sequence: 13 });
    await active.delete(3);
    expect((await active.read())[0]?.sequence).toBe(13);
    await expect(active.write({ ...document, sequence: 3 })).rejects.toMatchObject({ code: "sequence_taken" });
  });

  it("recognise their own write whose answer was lost", async () => {
    const { keyring, active, publicDocuments, audit } = stores();
    aws.inject({ action: "s3:PutObject", kind: "lost-reply" });
    const tag = await keyring.write(keyringFor([]), null);
    expect((await keyring.read())?.tag).toBe(tag);
    aws.inject({ action: "ssm:PutParameter", kind: "lost-reply" });
    await active.write({ sequence: 1, kid: "k", alg: "ES256", maxTtlSeconds: 60, material: { file: "k" } });
    aws.inject({ action: "s3:PutObject", kind: "lost-reply" });
    await publicDocuments.publish({ jwks: { keys: [] } }, null);
    aws.inject({ action: "s3:PutObject", kind: "lost-reply" });
    await audit.append(1, "one");
    expect(aws.calls.filter(({ code }) => code === "ParameterAlreadyExists")).not.toHaveLength(0);
  });

  it("keep the log in order over many pages, a line once", async () => {
    const { audit } = stores();
    for (let number = 1; number <= 12; number++) await audit.append(number, `line ${number}`);
    await audit.append(12, "line 12");
    await expect(audit.append(12, "another")).rejects.toMatchObject({ code: "store_failed" });
    const lines: string[] = [];
    for await (const line of audit.read()) lines.push(line);
    expect(lines).toStrictEqual(Array.from({ length: 12 }, (_, index) => `line ${index + 1}`));
  });

  it("know the service's time, and name the bucket that is missing", async () => {
    const { serviceTime } = stores();
    // A header's date has whole seconds.
    const before = Math.floor(Date.now() / 1_000);
    const time = (await serviceTime?.()) ?? 0;
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now() / 1_000);
    const missing = createBucket(transport, "nowhere");
    await expect(missing.get("a")).rejects.toMatchObject({ code: "aws_not_found", message: expect.stringContaining("nowhere") });
  });

  it("publish with the headers that verifiers get", async () => {
    const { publicDocuments } = stores();
    await publicDocuments.publish({ jwks: { keys: [] } }, null);
    const objects = aws.state.buckets.get("keyrings").objects as Map<string, { cacheControl: string; contentType: string }[]>;
    expect(objects.get(`test-${places}/.well-known/jwks.json`)?.at(-1)).toMatchObject({
      cacheControl: "public, max-age=300, stale-while-revalidate=60, stale-if-error=3600",
      contentType: "application/json",
    });
  });
});
