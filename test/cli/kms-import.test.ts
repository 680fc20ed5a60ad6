import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { type Ran, signet } from "./command.js";

const scratch = scratchDirectories();
const PASSPHRASE = "correct horse battery staple";
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
});

afterAll(() => aws.close());

const calls = (action: string) => aws.calls.filter((call) => call.action === action).length;
const ecKey = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve }).privateKey;

async function folder(files: Readonly<Record<string, string>> = {}) {
  const cwd = await scratch();
  await writeFile(join(cwd, "pass"), `${PASSPHRASE}\n`, { mode: 0o600 });
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text, { mode: 0o600 });
  return { cwd, run: (...args: string[]) => signet(args, { cwd, env: aws.env, shortWaits: true }) };
}

/** GitHub's own form of an App's key. */
const pkcs1 = (key: KeyObject) => key.export({ format: "pem", type: "pkcs1" }).toString();
const kmsInit = (...more: string[]) => ["init", "--custody", "kms", "--issuer", "https://issuer.example", ...more];

function assertSilent(ran: Ran, key: KeyObject): void {
  const { d = "" } = key.export({ format: "jwk" });
  for (const secret of [d, key.export({ format: "der", type: "pkcs8" }).toString("base64").slice(60, 120), PASSPHRASE]) {
    expect(ran.stdout + ran.stderr).not.toContain(secret);
  }
}

describe("signet keys import --dry-run with KMS", () => {
  it("says by its thumbprint which key it is: KMS gives it its kid", async () => {
    const { run } = await folder({ "key.pem": ecKey().export({ format: "pem", type: "pkcs8" }).toString() });
    await run(...kmsInit());
    const dry = await run("keys", "import", "key.pem", "--dry-run");
    expect(dry, dry.stderr).toMatchObject({ code: 0 });
    expect(dry.stderr).toMatch(/found in key\.pem: an ES256 key, of thumbprint [\w-]{43} \(kms gives it its kid\); its halves/);
    expect(dry.stderr).toMatch(/would import key of thumbprint [\w-]{43} as standby/);
    const { stdout } = await run("keys", "import", "key.pem", "--json");
    expect(dry.stderr).not.toContain(JSON.parse(stdout).kid);
  });
});

describe("signet init --import with --custody kms", () => {
  it("lets KMS sign with the key of a file from then on, and says what the file is still for", async () => {
    const { privateKey } = rsaPair(2048);
    const { cwd, run } = await folder({ "app.private-key.pem": pkcs1(privateKey) });
    const ran = await run(...kmsInit("--import", "app.private-key.pem"));
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stderr).toMatch(/KMS gives no private key back[\s\S]*app\.private-key\.pem is the only copy[\s\S]*--backup FILE/);
    assertSilent(ran, privateKey);
    expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"))).toMatchObject({
      algorithm: "RS256",
      rotation: { rotateEverySeconds: 0 },
    });
    const token = (await run("issue", "sub=alice")).stdout.trim();
    const { payload } = await jwtVerify(token, createPublicKey(privateKey));
    expect(payload.sub).toBe("alice");
    const { kid } = decodeProtectedHeader(token);
    expect(aws.state.keys.get(kid)).toMatchObject({ spec: "RSA_2048", origin: "EXTERNAL", state: "Enabled" });
    expect((await run("keys", "repair")).code).toBe(0);
  });

  it("seals a copy first where it is asked to, for its owner alone, and opens it again", async () => {
    const { privateKey } = rsaPair(4096);
    const { cwd, run } = await folder({ "app.pem": pkcs1(privateKey), taken: "something else" });
    const importing = (...more: string[]) => run(...kmsInit("--import", "app.pem", "--backup-passphrase-file", "pass", ...more));
    const made = calls("kms:CreateKey");
    const taken = await importing("--backup", "taken");
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining("is there already") });
    expect(await readFile(join(cwd, "taken"), "utf8")).toBe("something else");
    expect(await importing()).toMatchObject({ code: 2, stderr: expect.stringContaining("--backup FILE") });
    expect([calls("kms:CreateKey"), (await readdir(cwd)).sort()]).toStrictEqual([made, ["app.pem", "pass", "taken"]]);
    const ran = await importing("--backup", "sealed.pem");
    expect(ran, ran.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/keep sealed\.pem.*app\.pem may be destroyed/),
    });
    assertSilent(ran, privateKey);
    const sealed = await readFile(join(cwd, "sealed.pem"), "utf8");
    expect(sealed).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect((await stat(join(cwd, "sealed.pem"))).mode & 0o777).toBe(0o600);
    expect(createPrivateKey({ key: sealed, passphrase: PASSPHRASE }).equals(privateKey)).toBe(true);
  });

  it("seals under no empty passphrase", async () => {
    const { cwd, run } = await folder({ "app.pem": pkcs1(rsaPair(2048).privateKey), short: "\n" });
    const ran = await run(...kmsInit("--import", "app.pem", "--backup", "sealed.pem", "--backup-passphrase-file", "short"));
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("an empty passphrase protects nothing") });
    expect((await readdir(cwd)).sort()).toStrictEqual(["app.pem", "pass", "short"]);
  });

  it("goes on where it was refused half-way, with the same copy and the same KMS key", async () => {
    const { privateKey } = rsaPair(2048);
    const { run } = await folder({ "app.pem": pkcs1(privateKey) });
    const args = kmsInit("--import", "app.pem", "--backup", "sealed.pem", "--backup-passphrase-file", "pass");
    const made = calls("kms:CreateKey");
    aws.inject({ action: "kms:GetParametersForImport", code: "AccessDeniedException", status: 400 });
    const refused = await run(...args);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/allow kms:GetParametersForImport on arn:aws:kms:/) });
    const again = await run(...args);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    // One for the key that was imported, one for the standby.
    expect(calls("kms:CreateKey") - made).toBe(2);
    await jwtVerify((await run("issue")).stdout.trim(), createPublicKey(privateKey));
  });
});

describe("signet keys import into a stack whose keys KMS holds", () => {
  it("is done by this machine, under the policy of the stack's keys", async () => {
    const bucket = "signet-keyring-1a2b3c";
    const issuer = "https://issuer.example";
    const keyPolicy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "kms:*", Resource: "*" }] });
    aws.createBucket(bucket);
    const formation = await startCloudFormation();
    try {
      const { cwd } = await folder({ "ec.pem": ecKey().export({ format: "pem", type: "pkcs8" }).toString() });
      const env = { ...aws.env, SIGNET_INSTALLATION: bucket };
      const made = await signet(kmsInit("--keyring", `s3://${bucket}`), { cwd: await scratch(), env });
      expect(made, made.stderr).toMatchObject({ code: 0 });
      formation.stack = {
        parameters: { KeyCustodianParameter: "KMS", Algorithm: "ES256", MaxTtlSeconds: "3600", RotateEveryDays: "0" },
        outputs: { KeyringBucket: bucket, IssuerUrl: issuer, KeyPolicy: keyPolicy },
      };
      const there = { ...aws.env, AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url };
      const ran = await signet(["keys", "import", "ec.pem", "--config", "stack:signet", "--json"], { cwd, env: there });
      expect(ran, ran.stderr).toMatchObject({ code: 0 });
      expect(aws.state.keys.get(JSON.parse(ran.stdout).kid)).toMatchObject({ origin: "EXTERNAL", policy: keyPolicy });
    } finally {
      formation.close();
    }
  });
});

describe("signet keys import where KMS holds the keys", () => {
  let place: Awaited<ReturnType<typeof folder>>;

  beforeAll(async () => {
    place = await folder();
    expect(await place.run(...kmsInit())).toMatchObject({ code: 0 });
  });

  const importing = async (name: string, text: string, ...more: string[]) => {
    await writeFile(join(place.cwd, name), text, { mode: 0o600 });
    return place.run("keys", "import", name, ...more);
  };

  it("takes SEC 1 as openssl writes it, and a JWK, whose name is not kept", async () => {
    const key = ecKey();
    const sec1 = await importing("ec.pem", key.export({ format: "pem", type: "sec1" }).toString(), "--json");
    expect(sec1, sec1.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("its halves belong together") });
    expect(sec1.stderr).toMatch(/rotates by schedule[\s\S]*rotation\.rotateEverySeconds to 0/);
    expect(createPublicKey({ key: JSON.parse(sec1.stdout), format: "jwk" }).equals(createPublicKey(key))).toBe(true);
    const jwk = { ...ecKey().export({ format: "jwk" }), kid: "old\u001b[31mname" };
    const named = await importing("jwk.json", JSON.stringify(jwk));
    expect(named, named.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/warning: the key had the name old\S*name, /),
    });
    expect(named.stderr).not.toContain("\u001b[31mname");
  });

  it("shows what it would do without a call to KMS that changes anything", async () => {
    const before = [calls("kms:CreateKey"), calls("kms:GetParametersForImport")];
    const ran = await importing("dry.pem", pkcs1(rsaPair(3072).privateKey), "--dry-run", "--backup", "sealed.pem");
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect([calls("kms:CreateKey"), calls("kms:GetParametersForImport")]).toStrictEqual(before);
    expect(await readdir(place.cwd)).not.toContain("sealed.pem");
  });

  it.each([
    ["a name of one's own", () => ecKey(), ["--kid", "mine"], "leave out --kid", 2],
    ["an Ed25519 key", () => generateKeyPairSync("ed25519").privateKey, [], "choose --custody kms-data-key", 1],
    ["a size of RSA that KMS has not", () => generateKeyPairSync("rsa", { modulusLength: 2_056 }).privateKey, [], "has 2056", 1],
  ] as const)("refuses %s, and makes nothing", async (_, make, more, words, code) => {
    const before = calls("kms:CreateKey");
    const ran = await importing("refused.pem", make().export({ format: "pem", type: "pkcs8" }).toString(), ...more);
    expect([ran.code, ran.stderr]).toStrictEqual([code, expect.stringContaining(words)]);
    expect(calls("kms:CreateKey")).toBe(before);
  });
});
