import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader, importSPKI, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBucket } from "../../src/aws/s3.js";
import { createTransport } from "../../src/aws/transport.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const STACK = "5f2e7c10-1d2c-11ee-be56-0242ac120002";
const PATH = `/jwt-issuer/stack/prod/${STACK}`;
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
  aws.createBucket("lists");
});

afterAll(() => aws.close());

const pemOf = (key: ReturnType<typeof generateKeyPairSync>["privateKey"], type: "pkcs8" | "spki") =>
  (type === "pkcs8" ? key.export({ format: "pem", type }) : createPublicKey(key).export({ format: "pem", type })).toString();

/** What system A left: a private key whose PEM has the wrong label, and its public part beside it. */
function systemA(path = PATH, other?: string) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = pemOf(privateKey, "pkcs8").replaceAll("PRIVATE KEY", "EC PRIVATE KEY");
  const publicPem = other ?? pemOf(privateKey, "spki");
  aws.perform("ssm", "PutParameter", { Name: `${path}/private-key`, Value: pem, Type: "SecureString" });
  aws.perform("ssm", "PutParameter", { Name: `${path}/public-key`, Value: publicPem, Type: "String" });
  return { privateKey, publicPem };
}

/** What system B left: a secret, and the list of its public keys in a bucket. */
function systemB(kid: string, value: (pem: string) => string) {
  const { privateKey } = rsaPair(2_048);
  const secret = `b-${Math.random().toString(36).slice(2)}`;
  const { ARN } = aws.perform("secretsmanager", "CreateSecret", {
    Name: secret,
    SecretString: value(pemOf(privateKey, "pkcs8")),
    ClientRequestToken: "5f2e7c10-1d2c-11ee-be56-0242ac120009",
  });
  const jwk = { ...createPublicKey(privateKey).export({ format: "jwk" }), kid, use: "sig", alg: "RS256" };
  const other = {
    ...createPublicKey(rsaPair(2_048).privateKey).export({ format: "jwk" }),
    kid: `${kid}-before`,
  };
  return { privateKey, secret, arn: ARN as string, list: JSON.stringify({ keys: [other, jwk] }) };
}

async function folder() {
  const cwd = await scratch();
  return { cwd, run: (...words: string[]) => signet(words, { cwd, env: aws.env }) };
}

/** An issuer that is made once, for the tests that add to it or change nothing. */
function madeOnce(...args: string[]) {
  let made: Promise<string> | undefined;
  const make = async () => {
    const { cwd, run } = await folder();
    expect(await run("init", ...args)).toMatchObject({ code: 0 });
    return cwd;
  };
  return () => (made ??= make());
}

describe("keys of other systems", () => {
  const untouched = madeOnce("--custody", "parameter-store");
  const withRsaKeys = madeOnce("--custody", "secrets-manager", "--algorithm", "RS256");

  it("system A's signs first under its own name: old tokens, old PEMs and new tokens go on", async () => {
    const { privateKey, publicPem } = systemA();
    const old = await new SignJWT({ sub: "old" }).setProtectedHeader({ alg: "ES256", kid: STACK, typ: "JWT" }).sign(privateKey);
    const { run } = await folder();
    const before = aws.calls.length;
    const made = await run("init", "--custody", "parameter-store", "--import", `ssm:${PATH}/private-key`);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const atTheSource = aws.calls.slice(before).filter(({ resource }) => resource.includes("jwt-issuer"));
    expect(atTheSource.map(({ action }) => action)).toStrictEqual(["ssm:GetParameters"]);
    const token = (await run("issue", "sub=alice")).stdout.trim();
    expect(decodeProtectedHeader(token)).toMatchObject({ kid: STACK, alg: "ES256" });
    await expect(jwtVerify(token, await importSPKI(publicPem, "ES256"))).resolves.toBeDefined();
    expect(await run("verify", old)).toMatchObject({ code: expect.any(Number), stderr: expect.stringContaining("exp") });
    const [record] = JSON.parse((await run("keys", "list", "--json")).stdout).keys;
    expect(record).toMatchObject({ origin: "imported", state: "active", custody: "parameter-store" });
  });

  it("system A's is refused where its public parameter is another key's", async () => {
    const stranger = pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, "spki");
    systemA("/jwt-issuer/stack/bad/1", stranger);
    const { cwd, run } = await folder();
    const ran = await run("init", "--custody", "parameter-store", "--import", "ssm:/jwt-issuer/stack/bad/1/private-key");
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("another key's public part") });
    await expect(writeFile(join(cwd, "signet.json"), "{}", { flag: "wx" })).resolves.toBeUndefined();
  });

  it("a KMS key by its ARN goes on signing under its id, beside a custody of another kind", async () => {
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const { run } = await folder();
    expect(await run("init", "--custody", "parameter-store", "--import", KeyMetadata.Arn)).toMatchObject({ code: 0 });
    const token = (await run("issue")).stdout.trim();
    expect(decodeProtectedHeader(token).kid).toBe(KeyMetadata.KeyId);
    const keys = JSON.parse((await run("keys", "list", "--json")).stdout).keys as { custody: string }[];
    expect(keys.map(({ custody }) => custody)).toStrictEqual(["kms", "parameter-store"]);
  });

  it.each([
    ["a PEM", "b-1", (pem: string) => pem],
    ["JSON", "b-2", (pem: string) => JSON.stringify({ privateKey: pem, createdBy: "stack" })],
  ])("system B's secret (%s) has its name from the list that verifiers read", async (_, kid, value) => {
    const { secret, arn, list } = systemB(kid, value);
    const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
    const object = `${secret}/jwks.json`;
    await createBucket(transport, "lists").put({ key: object, body: list, contentType: "application/json", ifMatch: null });
    transport.close();
    const cwd = await withRsaKeys();
    const run = (...words: string[]) => signet(words, { cwd, env: aws.env });
    const dry = await run("keys", "import", arn, "--jwks", `s3://lists/${object}`, "--tokens-expire-by", "2d", "--dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining(`RS256 key, ${kid}; its halves belong together`) });
    const ran = await run("keys", "import", `secret:${secret}`, "--jwks", `s3://lists/${object}`, "--tokens-expire-by", "2d");
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(await run("keys", "import-jwks", `s3://lists/${object}`, "--tokens-expire-by", "2d")).toMatchObject({ code: 1 });
    const keys = JSON.parse((await run("keys", "list", "--json")).stdout).keys as Record<string, unknown>[];
    expect(keys.find((key) => key.kid === kid)).toMatchObject({ state: "pending", tokensExpireBy: expect.any(Number) });
  });

  it("system B's is taken by init with the region that --region names, where nothing else names one", async () => {
    const { secret, list } = systemB("b-3", (pem) => pem);
    const transport = createTransport({ region: "eu-central-1", credentials: () => FAKE_CREDENTIALS, env: aws.env });
    await createBucket(transport, "lists").put({ key: "b-3.json", body: list, contentType: "application/json", ifMatch: null });
    transport.close();
    const { AWS_REGION: region, ...env } = aws.env as Record<string, string>;
    const cwd = await scratch();
    const args = ["--issuer", "https://issuer.example", "--import", `secret:${secret}`, "--jwks", "s3://lists/b-3.json"];
    expect(await signet(["init", ...args, "--region", region as string], { cwd, env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("AWS_REGION is where an import comes from"),
    });
    const made = await signet(["init", ...args, "--custody", "secrets-manager", "--region", region as string], { cwd, env });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd, env })).stdout);
    expect(keys[0]).toMatchObject({ kid: "b-3", alg: "RS256", state: "active", origin: "imported", custody: "secrets-manager" });
    // The list is read in the installation's region, too.
    const others = await signet(
      ["keys", "import-jwks", "s3://lists/b-3.json", "--algorithm", "RS256", "--tokens-expire-by", "2d"],
      { cwd, env },
    );
    expect(others, others.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("b-3-before") });
  });

  it.each([
    [["ssm:/not/there"], "no parameter /not/there"],
    [["secret:nothing"], "no secret nothing"],
    [["/jwt-issuer/stack/prod/x/private-key"], "ssm:/jwt-issuer"],
    [["arn:aws:s3:::lists/key"], "parameter, a secret or a KMS key"],
    [["alias/nowhere"], "alias/nowhere"],
    [["kms:alias/nowhere", "--kid", "x"], "leave out --kid"],
  ])("%o is told what is wrong", async (args, words) => {
    const ran = await signet(["keys", "import", ...args], { cwd: await untouched(), env: aws.env, shortWaits: true });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
  });

  it("a KMS key is not taken into an issuer that has nothing in AWS, which is told what to do first", async () => {
    const { run } = await folder();
    await run("init");
    expect(await run("keys", "import", "kms:alias/a", "--dry-run")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("this issuer has nothing in AWS yet: `signet keys migrate --custody kms`"),
    });
  });
});
