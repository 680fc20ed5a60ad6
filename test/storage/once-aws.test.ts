import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTransport, type Transport } from "../../src/aws/transport.js";
import { createS3OnceStore, ONCE_TIMES } from "../../src/storage/aws/once.js";
import { onceSuite, useNamed } from "../contracts/once-suite.js";
import { isAllowed } from "../deploy/cloudformation.mjs";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";

const until = Math.floor(Date.now() / 1_000) + 300;
/** The role of the function, as the user guide's "Enforce conditional writes" has it: it may put what is not there, and nothing else. */
const ROLE = [
  {
    Effect: "Allow",
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::used-*/*",
    Condition: { Null: { "s3:if-none-match": "false" } },
  },
];
const credentials = {
  accessKeyId: "AKIDTOKEN",
  secretAccessKey: "secret",
  allows: (call: Parameters<typeof isAllowed>[1]) => isAllowed(ROLE, call),
};

let aws: Awaited<ReturnType<typeof startFakeAws>>;
let transport: Transport;
let buckets = 0;

beforeAll(async () => {
  aws = await startFakeAws({ credentials: [credentials], isDirect: true });
  transport = createTransport({ region: "eu-central-1", credentials: () => credentials, env: aws.env, ...ONCE_TIMES });
});

afterAll(async () => {
  transport.close();
  await aws.close();
});

function emptyBucket(): string {
  buckets += 1;
  aws.createBucket(`used-${buckets}`);
  return `used-${buckets}`;
}

onceSuite("in S3", async () => {
  const bucket = emptyBucket();
  return { store: createS3OnceStore(transport, bucket), again: () => createS3OnceStore(transport, bucket) };
});

describe("a use in S3", () => {
  const puts = () => aws.calls.filter(({ action }) => action === "s3:PutObject").length;

  it("is one put, of an empty object whose key is the digest and nothing else", async () => {
    const bucket = emptyBucket();
    const before = aws.calls.length;
    await createS3OnceStore(transport, bucket).createOnce(useNamed("a"), until, "a caller's name");
    expect(aws.calls.slice(before).map(({ action }) => action)).toStrictEqual(["s3:PutObject"]);
    const [[key, [object]]] = [...aws.state.buckets.get(bucket).objects] as [[string, [{ body: Buffer }]]];
    expect(key).toBe(`${useNamed("a").slice(0, 2)}/${useNamed("a")}`);
    expect(String(object.body)).toBe("");
  });

  it("is asked for once more where another request is under way, and then cannot be known", async () => {
    const store = createS3OnceStore(transport, emptyBucket());
    const conflict = { action: "s3:PutObject", code: "ConditionalRequestConflict", status: 409 };
    aws.inject(conflict);
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(true);
    const before = puts();
    aws.inject({ ...conflict, times: 3 });
    const failed = store.createOnce(useNamed("b"), until, "ci");
    await expect(failed).rejects.toMatchObject({ code: "replay_store_failed", status: 503 });
    expect(puts() - before).toBe(2);
    aws.clearFaults();
  });

  it.each([
    ["a permission is missing", { code: "AccessDenied", status: 403 }],
    ["S3 answers what it never says", { code: "Odd", status: 400 }],
    ["S3 says that there is no such key", { code: "NoSuchKey", status: 404 }],
    ["S3 sends elsewhere", { code: "PermanentRedirect", status: 301 }],
  ])("cannot be known where %s", async (_, fault) => {
    aws.inject({ action: "s3:PutObject", ...fault });
    const failed = createS3OnceStore(transport, emptyBucket()).createOnce(useNamed("a"), until, "ci");
    await expect(failed).rejects.toMatchObject({ code: "replay_store_failed", status: 503 });
  });

  it("cannot be known where the bucket is missing, which only the log names", async () => {
    const failed = createS3OnceStore(transport, "used-nowhere").createOnce(useNamed("a"), until, "ci");
    const error = await failed.catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "replay_store_failed", cause: { code: "aws_not_found" } });
    expect(error.message).not.toMatch(/nowhere|s3/i);
  });

  it("cannot be known where S3 is down until the call's own limit", async () => {
    const now = Date.now();
    const late = createTransport({
      ...{ region: "eu-central-1", credentials: () => credentials, env: aws.env },
      ...ONCE_TIMES,
      endsBy: () => now,
    });
    aws.inject({ action: "s3:PutObject", code: "InternalError", status: 500 });
    const failed = createS3OnceStore(late, emptyBucket()).createOnce(useNamed("a"), until, "ci");
    await expect(failed).rejects.toMatchObject({ code: "replay_store_failed", cause: { code: "aws_unavailable" } });
    aws.clearFaults();
    late.close();
  });

  it("whose answer was lost is never taken twice", async () => {
    const store = createS3OnceStore(transport, emptyBucket());
    aws.inject({ action: "s3:PutObject", kind: "lost-reply" });
    expect(await store.createOnce(useNamed("a"), until, "ci")).toBe(false);
  });

  it("is all that its role can do: nothing is read, listed, deleted or written over", async () => {
    const bucket = emptyBucket();
    const call = (method: "GET" | "PUT" | "DELETE", path: string, headers = {}) =>
      transport.call({
        service: "s3",
        action: `${method} ${path}`,
        resource: bucket,
        method,
        path: `/${bucket}${path}`,
        headers,
      });
    await call("PUT", "/a", { "if-none-match": "*" });
    for (const denied of [
      call("PUT", "/a"),
      call("PUT", "/new"),
      call("PUT", "/a", { "if-match": "*" }),
      call("GET", "/a"),
      call("GET", ""),
      call("DELETE", "/a"),
    ]) {
      await expect(denied).rejects.toMatchObject({ code: "aws_access_denied" });
    }
  });
});
