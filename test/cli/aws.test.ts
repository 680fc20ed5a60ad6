import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { FAKE_CREDENTIALS, startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { refusedServe, signet } from "./command.js";
import { killServers, type ServerProcess, served } from "./server-process.js";

const scratch = scratchDirectories();
const ISSUER = "https://issuer.example";
let aws: Awaited<ReturnType<typeof startFakeAws>>;

beforeAll(async () => {
  aws = await startFakeAws();
  aws.createBucket("keyrings");
});

afterAll(() => {
  killServers();
  return aws.close();
});

async function made(...args: string[]) {
  const cwd = await scratch();
  const issuer = args.includes("--issuer") ? [] : ["--issuer", ISSUER];
  const ran = await signet(["init", ...issuer, ...args], { cwd, env: aws.env });
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  return { cwd, said: ran.stderr, run: (...words: string[]) => signet(words, { cwd, env: aws.env }) };
}

describe("init in AWS, before it writes anything,", () => {
  it.each([
    ["a bucket that is not there", ["--custody", "parameter-store", "--keyring", "s3://nowhere/prod"], "nowhere"],
    ["a KMS key that is not there", ["--custody", "parameter-store", "--kms-key", "alias/nowhere"], "alias/nowhere"],
    ["a KMS key to sign with that is not there", ["--custody", "kms", "--kms-key", "alias/nowhere"], "alias/nowhere"],
    ["a KMS key to wrap with that signs", ["--custody", "kms-data-key", "--kms-key", "alias/signs"], "does not encrypt"],
    ["an algorithm that the KMS key has not", ["--custody", "kms", "--kms-key", "alias/signs", "--algorithm", "RS256"], "RS256"],
  ])("finds %s", async (_what, args, words) => {
    if (![...aws.state.aliases.keys()].includes("alias/signs")) {
      const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
      aws.perform("kms", "CreateAlias", { AliasName: "alias/signs", TargetKeyId: KeyMetadata.KeyId });
    }
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd, env: aws.env, shortWaits: true });
    expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining(words)]);
    expect(await readdir(cwd)).toStrictEqual([]);
  });

  it("and takes its config back where the keyring could not be made", async () => {
    const cwd = await scratch();
    aws.inject({ action: "s3:PutObject", code: "AccessDenied", status: 403 });
    const args = ["init", "--custody", "parameter-store", "--keyring", "s3://keyrings/denied"];
    const ran = await signet(args, { cwd, env: aws.env });
    expect(ran.code).toBe(1);
    expect(await readdir(cwd)).toStrictEqual([]);
    expect((await signet(["init"], { cwd })).code).toBe(0);
  });
});

describe("an issuer whose keys are in AWS", () => {
  it("is where a profile says, its region is kept, and what the profile lacks is told with what to type", async () => {
    const cwd = await scratch();
    const { accessKeyId, secretAccessKey } = FAKE_CREDENTIALS;
    await mkdir(join(cwd, ".aws"));
    await writeFile(
      join(cwd, ".aws/config"),
      `[profile there]\r\nregion = eu-central-1\r\nendpoint_url = ${aws.url}\r\naws_access_key_id = ${accessKeyId}\r\naws_secret_access_key = ${secretAccessKey}\r\n`,
    );
    const env = { AWS_PROFILE: "there" };
    const args = ["init", "--issuer", ISSUER, "--custody", "parameter-store"];
    expect((await signet(args, { cwd, env: { AWS_PROFILE: "their" } })).stderr).toMatch(
      /no AWS profile "their" .*there are: there.*`aws configure --profile their`/,
    );
    expect(await signet(args, { cwd, env })).toMatchObject({ code: 0 });
    expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")).aws.region).toBe("eu-central-1");
    const token = (await signet(["issue", "sub=alice"], { cwd, env })).stdout.trim();
    expect(await signet(["verify", token], { cwd, env })).toMatchObject({ code: 0 });
  });

  it.each(some(2, ["parameter-store", "secrets-manager", "kms", "kms-data-key"]))(
    "is made, issues and verifies (%s)",
    async (custody) => {
      const wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.KeyId as string;
      const { cwd, run, said } = await made("--custody", custody, ...(custody === "kms-data-key" ? ["--kms-key", wrapping] : []));
      expect(said).toMatch(/about \$\d+\.\d\d a month/);
      const token = (await run("issue", "sub=alice")).stdout.trim();
      const jwks = JSON.parse(await readFile(join(cwd, ".signet/public/jwks.json"), "utf8"));
      expect(jwks.keys).toHaveLength(2);
      expect((await jwtVerify(token, createLocalJWKSet(jwks), { issuer: ISSUER })).payload.sub).toBe("alice");
    },
  );

  describe("in KMS, with a keyring in S3", () => {
    let cwd: string;
    let run: Awaited<ReturnType<typeof made>>["run"];
    let server: ServerProcess;
    let secret: string;

    beforeAll(async () => {
      ({ cwd, run } = await made("--custody", "kms", "--keyring", "s3://keyrings/prod"));
      secret = (await run("callers", "add", "web")).stdout.trim();
      server = await served(cwd, [], undefined, { env: aws.env });
    });

    it("keeps nothing on the disk but its config, and serves from there", async () => {
      const { objects } = aws.state.buckets.get("keyrings");
      expect([...objects.keys()]).toEqual(
        expect.arrayContaining(["prod/keyring.json", "prod/.well-known/jwks.json", "prod/audit/000000000001.json"]),
      );
      expect((await readdir(cwd, { recursive: true })).sort()).toStrictEqual([".signet", ".signet/.gitignore", "signet.json"]);
      expect((await run("audit", "verify")).code).toBe(0);
      expect(JSON.parse((await run("jwks")).stdout).keys).toHaveLength(2);
      const published = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
      expect(published).toBe(objects.get("prod/.well-known/jwks.json").at(-1).body.toString());
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    });

    it("is served with what KMS takes, and what its signatures lack, in the metrics", async () => {
      const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
      aws.inject({ action: "kms:Sign", kind: "corrupt-signature" });
      const issued = await fetch(`${server.url}/issue`, { method: "POST", headers, body: '{"claims":{"sub":"alice"}}' });
      expect(issued.status).toBe(200);
      const metrics = await (await fetch(`${server.url}/metrics`, { headers })).text();
      expect(metrics).toMatch(/^signet_self_check_failures_total 1$/m);
      // The token's two; the tick beside it may have proven the key as well.
      expect(metrics).toMatch(/^signet_kms_sign_seconds_count [23]$/m);
      expect(await server.stop()).toBe(0);
      expect(server.stdout() + server.stderr()).toContain("signature that the public key refuses");
    });
  });

  it("signs first with a KMS key that was there already", async () => {
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" });
    aws.perform("kms", "CreateAlias", { AliasName: "alias/existing", TargetKeyId: KeyMetadata.KeyId });
    const { run } = await made("--custody", "kms", "--algorithm", "RS256", "--kms-key", "alias/existing");
    const token = (await run("issue")).stdout.trim();
    expect(decodeProtectedHeader(token)).toMatchObject({ kid: KeyMetadata.KeyId, alg: "RS256" });
    expect((await run("keys", "repair")).code).toBe(0);
  });

  it("is verified by KMS itself, by the key that the token names whatever the alias points to", async () => {
    const { run } = await made("--custody", "kms");
    const token = (await run("issue", "sub=alice")).stdout.trim();
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    aws.perform("kms", "CreateAlias", { AliasName: "alias/moved", TargetKeyId: KeyMetadata.KeyId });
    const before = aws.calls.length;
    expect(await run("verify", token, "--kms", "alias/moved")).toMatchObject({ code: 0 });
    expect(aws.calls.slice(before).map(({ action }) => action)).toContain("kms:Verify");
    const elsewhere = await scratch();
    const kid = decodeProtectedHeader(token).kid as string;
    const verify = (key: string) => signet(["verify", token, "--kms", key], { cwd: elsewhere, env: aws.env });
    expect(await verify(kid)).toMatchObject({ code: 0 });
    expect(await verify("alias/moved")).toMatchObject({ code: 3 });
    expect(await verify("alias/nowhere")).toMatchObject({ code: 1, stderr: expect.stringContaining("alias/nowhere") });
    aws.perform("kms", "DisableKey", { KeyId: kid });
    expect(await verify(kid)).toMatchObject({ code: 1, stderr: expect.stringContaining("enable it") });
  });

  it("takes up an init that was interrupted, under the name that it had", async () => {
    const cwd = await scratch();
    const args = ["init", "--custody", "kms"];
    aws.inject({ action: "kms:CreateAlias", code: "AccessDeniedException", status: 400, times: 2 });
    const first = await signet(args, { cwd, env: aws.env });
    expect(first).toMatchObject({ code: 1, stderr: expect.stringContaining("kms:CreateAlias") });
    const name = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")).aws.installation;
    expect((await signet(args, { cwd, env: aws.env })).code).toBe(0);
    expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")).aws.installation).toBe(name);
    const { keys } = JSON.parse(await readFile(join(cwd, ".signet", "keyring.json"), "utf8")) as {
      keys: { id: string; keyArn: string }[];
    };
    expect(keys).toHaveLength(2);
    for (const { keyArn } of keys) expect(aws.state.keys.get(keyArn.split("/").at(-1))).toMatchObject({ state: "Enabled" });
    // What the tries before have made bears the id of a key that is another: two sweeps, half a day apart, take it away.
    const others = [...aws.state.keys.values()].filter(
      (key) => key.tags.get("signet:installation") === name && !keys.some(({ keyArn }) => keyArn.endsWith(`/${key.id}`)),
    );
    for (const key of others) expect(keys.map(({ id }) => id)).toContain(key.tags.get("signet:key"));
  });

  it.each([
    [["--custody", "kms"], { AWS_REGION: "" }, "AWS_REGION"],
    [["--custody", "kms"], { AWS_ACCESS_KEY_ID: "AKIAOTHER" }, "credentials"],
    [["--custody", "kms-data-key"], {}, "--kms-key"],
    [["--custody", "kms-data-key", "--kms-key", "alias/nowhere"], {}, "alias/nowhere"],
    [["--custody", "kms", "--keyring", "https://bucket"], {}, "keyring"],
    [["--custody", "kms", "--keyring", "s3://not-there/a"], {}, "not-there"],
    [["--kms-key", "alias/a"], {}, "--custody"],
  ])("that cannot be made says what is missing (%o %o)", async (args, more, words) => {
    const ran = await signet(["init", ...args], { cwd: await scratch(), env: { ...aws.env, ...more } });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).not.toContain(FAKE_CREDENTIALS.secretAccessKey);
  });

  it("is reached over TLS, and not where the certificate is not trusted", async () => {
    const file = (name: string) => join(import.meta.dirname, "certificates", name);
    const [key, cert] = await Promise.all(["local.key.pem", "local.cert.pem"].map((name) => readFile(file(name), "utf8")));
    const secure = await startFakeAws({ tls: { key: key as string, cert: cert as string } });
    const init = async (env: Record<string, string>) =>
      signet(["init", "--custody", "parameter-store"], { cwd: await scratch(), env: { ...secure.env, ...env } });
    expect(await init({ NODE_EXTRA_CA_CERTS: file("local.cert.pem") })).toMatchObject({ code: 0 });
    const calls = secure.calls.length;
    expect(await init({})).toMatchObject({ code: 1, stderr: expect.stringContaining("certificate") });
    expect(secure.calls).toHaveLength(calls);
    await secure.close();
  });

  it("is served in dev mode only where AWS is on this machine as well", async () => {
    const { cwd } = await made("--custody", "kms", "--issuer", "http://localhost:7117");
    const env = { ...aws.env, AWS_ENDPOINT_URL_KMS: "https://kms.eu-central-1.amazonaws.com" };
    const ran = await refusedServe(["--dev", "--port", "0"], { cwd, env });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("AWS_ENDPOINT_URL") });
  });
});

describe("signet cost", () => {
  it("reckons what system A's example says: $0.20 in memory, $16.33 with KMS", async () => {
    const ran = await signet(["cost", "--tokens", "1000000", "--algorithm", "ES256", "--json"], { cwd: await scratch() });
    const { costs, idleTicksYear } = JSON.parse(ran.stdout) as {
      costs: { custody: string; total: number }[];
      idleTicksYear: number;
    };
    expect(idleTicksYear).toBeLessThan(0.1);
    const total = (custody: string) => costs.find((each) => each.custody === custody)?.total.toFixed(2);
    expect([total("parameter-store"), total("kms")]).toStrictEqual(["0.20", "16.33"]);
  });

  it.each([
    ["1000000", "ES256", false, "kms-data-key"],
    ["2000000000", "ES256", false, "kms-data-key"],
    ["2100000000", "RS256", true, "kms-data-key"],
    ["2600000000", "ML-DSA-44", true, "parameter-store"],
  ])("names the account's ceiling of KMS, and the better choice (%s %s)", async (tokens, algorithm, isReached, better) => {
    const cwd = await scratch();
    const ran = await signet(["cost", "--tokens", tokens, "--algorithm", algorithm, "--json"], { cwd });
    expect(JSON.parse(ran.stdout).ceiling).toMatchObject({ custodies: ["kms"], signaturesPerSecond: 1_000, isReached, better });
    const { stderr } = await signet(["cost", "--tokens", tokens, "--algorithm", algorithm], { cwd });
    expect(stderr).toContain(`kms signs at most 1,000 ${algorithm} tokens a second in an account and region`);
    expect(stderr).toContain(`${better} is the better choice ${isReached ? "here" : "beyond that"}`);
  });

  it("has no price of what cannot be had: data keys of ML-DSA", async () => {
    const cwd = await scratch();
    const { stdout, stderr } = await signet(["cost", "--algorithm", "ML-DSA-44"], { cwd });
    expect(stdout.match(/^[\w-]+/gm)).toStrictEqual(["custody", "parameter-store", "kms", "secrets-manager"]);
    expect(stderr).toContain("kms-data-key has no ML-DSA-44; the others have");
    const json = await signet(["cost", "--algorithm", "ML-DSA-44", "--json"], { cwd });
    const { costs } = JSON.parse(json.stdout) as { costs: { custody: string }[] };
    expect(costs.map(({ custody }) => custody)).not.toContain("kms-data-key");
  });

  it("draws a table, and refuses what is no number", async () => {
    const cwd = await scratch();
    const ran = await signet(["cost", "--tokens", "10,000,000", "--algorithm", "RS256"], { cwd });
    expect(ran.stdout).toMatch(/^CUSTODY|custody/);
    expect(ran.stdout).toContain("$30.00");
    expect(await signet(["cost", "--tokens", "many"], { cwd })).toMatchObject({ code: 2 });
  });
});
