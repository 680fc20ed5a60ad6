import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKms } from "../../src/aws/kms.js";
import { createFunctionAliases } from "../../src/aws/lambda-aliases.js";
import { createBucket } from "../../src/aws/s3.js";
import { createSecretVersions } from "../../src/aws/secret-versions.js";
import { createSecretsManager } from "../../src/aws/secrets-manager.js";
import { createParameterStore } from "../../src/aws/ssm.js";
import { createTransport } from "../../src/aws/transport.js";
import { eventBusNotifier } from "../../src/notify/event-bus.js";

let answer = { status: 200, body: "" };
/** So many requests are answered; the connections of the others are cut. */
let answers = Number.POSITIVE_INFINITY;
const server = createServer((incoming, outgoing) => {
  incoming.resume().on("end", () => {
    if (answers-- > 0) outgoing.writeHead(answer.status).end(answer.body);
    else outgoing.destroy();
  });
});
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve)));
afterAll(() => void server.close());

let clock = 0;
const LONG = "x".repeat(100_000);
const BYTES = Buffer.from("a");
const MESSAGE = { message: BYTES, messageType: "RAW", signingAlgorithm: "ECDSA_SHA_256" } as const;

function transportHere() {
  return createTransport({
    region: "eu-central-1",
    credentials: () => ({ accessKeyId: "a", secretAccessKey: "b" }),
    env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    // Two looks of it and the deadline is over: nothing is waited for.
    now: () => (clock += 4_000),
  });
}

async function listed(): Promise<string[]> {
  const found: string[] = [];
  for await (const key of createBucket(transportHere(), "b").keys("")) found.push(key);
  return found;
}

function clients() {
  const transport = transportHere();
  const kms = createKms(transport);
  const secrets = createSecretsManager(transport);
  const versions = createSecretVersions(transport);
  const parameters = createParameterStore(transport);
  const all = async (items: AsyncIterable<unknown>) => {
    for await (const _ of items);
  };
  return {
    "kms:CreateKey": () => kms.createKey({ keySpec: "ECC_NIST_P256", description: "", tags: {}, policy: undefined }),
    "kms:DescribeKey": (name = "k") => kms.describeKey(name),
    "kms:GetPublicKey": (name = "k") => kms.getPublicKey(name),
    "kms:ListAliases": () => all(kms.aliases()),
    "kms:ListKeys": () => all(kms.keyIds()),
    "kms:ListResourceTags": () => kms.tags("k"),
    "kms:Sign": (name = "k") => kms.sign(name, MESSAGE),
    "kms:Encrypt": () => kms.encrypt("k", BYTES, {}),
    "kms:Decrypt": () => kms.decrypt(BYTES, {}),
    "kms:GenerateDataKeyPairWithoutPlaintext": () => kms.generateDataKeyPair("k", "ECC_NIST_P256", {}),
    "ssm:GetParameters": () => parameters.get(["/a"]),
    "ssm:GetParametersByPath": (name = "/a") => all(parameters.names(name)),
    "secretsmanager:GetSecretValue": (name = "s") => secrets.get(name),
    "secretsmanager:ListSecrets": () => all(secrets.names("s")),
    "secretsmanager:DescribeSecret": (name = "s") => versions.describe(name),
    "lambda:ListAliases": (name = "f") => createFunctionAliases(transport, name).names(),
    "events:PutEvents": () => eventBusNotifier(transport, "b")({} as never),
  } satisfies Record<string, (name?: string) => Promise<unknown>>;
}
const actions = () => Object.entries(clients()) as [string, (name?: string) => Promise<unknown>][];

describe("an answer that is none of AWS's", () => {
  const LIST = [null, 5, {}, { Name: 5, Value: {}, KeyId: [], AliasName: {}, TagKey: "a", TagValue: {} }];
  it.each([
    ["null", null],
    ["a list", []],
    ["a number", 5],
    [
      "members of other types",
      { Signature: 5, KeyId: {}, PublicKey: [], Plaintext: 1, CiphertextBlob: {}, KeyMetadata: null, ARN: [], Name: {} },
    ],
    [
      "lists of anything",
      {
        Parameters: LIST,
        Keys: LIST,
        Aliases: LIST,
        Tags: LIST,
        SecretList: LIST,
        FailedEntryCount: "0",
        Name: 1,
        KeyMetadata: { Arn: 5 },
      },
    ],
    ["nested too deep", "[".repeat(50_000)],
  ])("is told as one: %s", async (_what, value) => {
    answer = { status: 200, body: typeof value === "string" ? value : JSON.stringify(value) };
    for (const [action, call] of actions())
      await expect(call(), action).rejects.toMatchObject({ code: "aws_unavailable", message: expect.stringContaining(action) });
  });

  it.each([400, 403, 500])("is a failure in few words where it refuses (%i)", async (status) => {
    for (const body of [
      "null",
      "5",
      `{"__type":"${LONG}","message":"${LONG}"}`,
      '{"__type":{"toString":false}}',
      `<Code>${LONG}</Code>`,
    ]) {
      answer = { status, body };
      for (const [action, call] of actions())
        await expect(call(), action).rejects.toMatchObject({
          name: "SignetError",
          message: expect.not.stringMatching(/.{700}/s),
        });
    }
  });

  it.each([
    [500, '{"__type":"InternalFailure"}', /fails: it answers 500 InternalFailure until/],
    [502, "<html>Bad gateway</html>", /fails: it answers 502 until/],
  ])("says that the service fails where it answers %i until the deadline", async (status, body, words) => {
    answer = { status, body };
    for (const [action, call] of actions())
      await expect(call(), action).rejects.toMatchObject({ code: "aws_unavailable", message: expect.stringMatching(words) });
    // The last try is cut short.
    answers = 1;
    await expect(clients()["kms:Sign"]()).rejects.toMatchObject({ message: expect.stringMatching(words) });
    answers = 0;
    await expect(clients()["kms:Sign"]()).rejects.toMatchObject({
      message: expect.stringMatching(/no answer from 127\.0\.0\.1:\d+ \(ECONNRESET\) before .*reachable/),
    });
    answers = Number.POSITIVE_INFINITY;
  });

  it("names no resource at any length", async () => {
    answer = { status: 404, body: '{"__type":"ResourceNotFoundException"}' };
    for (const action of [
      "kms:DescribeKey",
      "kms:Sign",
      "ssm:GetParametersByPath",
      "secretsmanager:DescribeSecret",
      "lambda:ListAliases",
    ] as const)
      await expect(clients()[action](LONG), action).rejects.toMatchObject({ message: expect.not.stringMatching(/.{700}/s) });
  });

  const LISTS: [string, object, string][] = [
    ["kms:ListKeys", { Keys: [{ KeyId: "a" }], Truncated: true }, "NextMarker"],
    ["kms:ListAliases", { Aliases: [{ AliasName: "a" }] }, "NextMarker"],
    ["kms:ListResourceTags", { Tags: [], Truncated: true }, "NextMarker"],
    ["ssm:GetParametersByPath", { Parameters: [{ Name: "a" }] }, "NextToken"],
    ["secretsmanager:ListSecrets", { SecretList: [{ Name: "a" }] }, "NextToken"],
    ["lambda:ListAliases", { Aliases: [] }, "NextMarker"],
  ];
  it.each(LISTS)("does not lead in a circle: %s", async (action, page, marker) => {
    answer = { status: 200, body: JSON.stringify({ ...page, [marker]: "again" }) };
    const refused = { code: "aws_unavailable", message: expect.stringContaining(action) };
    await expect((clients() as Record<string, () => Promise<unknown>>)[action]?.()).rejects.toMatchObject(refused);
  });

  it.each(LISTS)("ends a list with null, an empty text or nothing: %s", async (action, page, marker) => {
    for (const end of [null, "", undefined]) {
      answer = { status: 200, body: JSON.stringify({ ...page, [marker]: end }) };
      await (clients() as Record<string, () => Promise<unknown>>)[action]?.();
    }
  });

  it("does not lead in a circle: s3:ListBucket, whose tokens are texts of XML", async () => {
    const end = "<NextContinuationToken></NextContinuationToken>";
    const page = (token: string) => `<ListBucketResult><Contents><Key>a&amp;b</Key></Contents>${token}</ListBucketResult>`;
    for (const token of [end, "<NextContinuationToken/>", "", "<IsTruncated>false</IsTruncated><NextContinuationToken>x<"]) {
      answer = { status: 200, body: page(token) };
      expect(await listed(), token).toStrictEqual(["a&b"]);
    }
    answer = { status: 200, body: page("<NextContinuationToken>a&amp;b</NextContinuationToken>") };
    await expect(listed()).rejects.toMatchObject({ message: expect.stringContaining("s3:ListBucket") });
  });
});
