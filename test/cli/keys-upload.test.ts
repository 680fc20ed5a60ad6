import { createPublicKey, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader, importSPKI, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { some } from "../contracts/matrix.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startCloudFormation } from "../fakes/aws/cloudformation.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();

async function uploads(cwd: string): Promise<void> {
  const path = join(cwd, "signet.json");
  const config = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...config, rotation: { byUpload: true } }));
  const ran = await signet(["keys", "apply"], { cwd });
  expect(ran.code, ran.stderr).toBe(0);
}

const rs256At = issuerFolders(scratch, ["--algorithm", "RS256"], uploads);
const ps256At = issuerFolders(scratch, ["--algorithm", "PS256"], uploads);

async function issuerAt(made: () => Promise<string> = rs256At) {
  const cwd = await made();
  const run = (...args: string[]) => signet(args, { cwd });
  const keys = async (): Promise<{ kid: string; state: string; awaitsUpload?: true }[]> =>
    JSON.parse((await run("keys", "list", "--json")).stdout).keys;
  const kidOf = async (state: string) => (await keys()).find((key) => key.state === state)?.kid ?? "";
  const token = async () => (await run("issue", "sub=a")).stdout.trim();
  return { cwd, run, keys, kidOf, token };
}

describe("signet keys rotate where keys are uploaded", () => {
  it("prints what to paste where, and the command that then lets the key sign", async () => {
    const { run, kidOf, token, keys } = await issuerAt();
    const before = await kidOf("active");
    const ran = await run("keys", "rotate", "--for", "snowflake-keypair");
    expect(ran.code, ran.stderr).toBe(0);
    const next = await kidOf("pending");
    expect(ran.stderr).toContain("ALTER USER NAME SET RSA_PUBLIC_KEY='...'");
    expect(ran.stderr).toMatch(new RegExp(`once it is uploaded:\n  signet keys rotate --uploaded ${next}\n`));
    expect(ran.stdout).toMatch(/^[A-Za-z0-9+/]+={0,2}\n$/);
    const pem = `-----BEGIN PUBLIC KEY-----\n${ran.stdout}-----END PUBLIC KEY-----`;
    expect(decodeProtectedHeader(await token()).kid).toBe(before);
    const done = await run("keys", "rotate", "--uploaded", next.slice(0, 10));
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toContain(`rotated: key ${next} signs in place of ${before}`);
    await expect(jwtVerify(await token(), await importSPKI(pem, "RS256"))).resolves.toBeDefined();
    expect((await keys()).map(({ kid, state }) => [kid, state])).toStrictEqual([
      [next, "active"],
      [before, "retired"],
    ]);
    // There is no standby until one is asked for.
    expect((await run("keys", "tick")).stderr).toContain("nothing had to be done");
    const again = JSON.parse((await run("keys", "rotate", "--json", "--for", "auth0,hotsock")).stdout);
    expect(again.upload).toMatchObject({
      kid: await kidOf("pending"),
      pasted: [{ for: "auth0", form: "spki" }, { for: "hotsock" }],
    });
  });

  it("is said by all that shows keys", async () => {
    const { run, kidOf, keys } = await issuerAt();
    const next = await kidOf("pending");
    const words = `${next} waits until it was uploaded: \`signet keys rotate --uploaded ${next}\` then lets it sign`;
    expect((await run("keys", "list")).stderr).toContain(words);
    expect((await run("keys", "list", "--timeline")).stdout).toContain(words);
    expect((await run()).stderr).toContain(words);
    expect((await keys()).map(({ awaitsUpload }) => awaitsUpload)).toStrictEqual([undefined, true]);
    expect((await run("keys", "explain")).stdout).toContain("it waits until you say that it was uploaded");
    const pem = await run("keys", "pem");
    expect(pem.stdout.match(/BEGIN PUBLIC KEY/g)).toHaveLength(2);
    expect(pem.stderr).toContain(
      `the next key signs once you say that it was uploaded: \`signet keys rotate --uploaded ${next}\``,
    );
    expect(pem.stderr).not.toContain("does not sign before");
  });

  it.each([
    [["--uploaded", "elsewhere"], 1, "the keyring has no key of this kid"],
    [["--uploaded", "ACTIVE"], 1, "is active: only a pending key can be let sign"],
    [["--for", "github-app"], 1, "`signet keys import FILE --as active` lets it sign"],
    [["--for", "snowflak"], 2, "snowflake"],
    [["--for", "iam"], 2, "reads the keys at a URL: nothing is pasted there"],
    [["--for", "entra"], 1, "takes PS256, and the key"],
  ])("refuses %j with the exit code %d", async (args, code, words) => {
    const { run, kidOf, token } = await issuerAt();
    const active = await kidOf("active");
    const ran = await run("keys", "rotate", ...args.map((arg) => (arg === "ACTIVE" ? active : arg)));
    expect(ran).toMatchObject({ code, stderr: expect.stringContaining(words) });
    expect(decodeProtectedHeader(await token()).kid).toBe(active);
  });

  it("refuses the word where keys rotate by themselves, and takes kids that begin with a dash", async () => {
    const cwd = await scratch();
    const run = (...args: string[]) => signet(args, { cwd });
    await run("init");
    const keys = JSON.parse((await run("keys", "list", "--json")).stdout).keys as { kid: string }[];
    expect(await run("keys", "rotate", "--uploaded", keys[1]?.kid ?? "")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("rotation.byUpload is not in force here"),
    });
    expect(await run("keys", "rotate", "--uploaded", `-${"a".repeat(42)}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the keyring has no key of this kid"),
    });
  });

  it("keeps the only uploaded key signing when it is revoked, says so, and replaces it by a word", async () => {
    const { run, kidOf, token, keys } = await issuerAt();
    const [active, next] = [await kidOf("active"), await kidOf("pending")];
    const dry = await run("keys", "revoke", active, "--dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining(`${active} goes on signing until one is`) });
    const ran = await run("keys", "revoke", active, "--yes");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(
      `no other key is known to who verifies, so that ${active} goes on signing until one is and takes over`,
    );
    expect(ran.stderr).toContain("Delete this one at the other side: only that ends its tokens there");
    expect(decodeProtectedHeader(await token()).kid).toBe(active);
    expect((await run("keys", "rotate", "--uploaded", next)).stderr).toContain(
      `rotated: key ${next} signs in place of ${active}`,
    );
    await run("keys", "tick");
    expect((await keys()).map(({ kid }) => kid)).toStrictEqual([next]);
  });

  it("is by import where the other side makes the keys: the next file signs at once", async () => {
    const { cwd, run, kidOf, token } = await issuerAt();
    const before = await kidOf("active");
    const { privateKey } = rsaPair(2048);
    await writeFile(join(cwd, "next.pem"), privateKey.export({ format: "pem", type: "pkcs1" }), { mode: 0o600 });
    const args = ["keys", "import", "next.pem", "--kid", "42", "--as", "active"];
    expect((await run(...args, "--dry-run")).stderr).toContain("key 42 would sign then");
    expect(await kidOf("active")).toBe(before);
    for (let typed = 0; typed < 2; typed++) {
      const ran = await run(...args);
      expect(ran.code, ran.stderr).toBe(0);
      expect(await kidOf("active")).toBe("42");
    }
    await expect(jwtVerify(await token(), createPublicKey(privateKey))).resolves.toBeDefined();
    const other = rsaPair(2048).privateKey;
    await writeFile(join(cwd, "other.pem"), other.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    const standby = await run("keys", "import", "other.pem", "--kid", "43");
    expect(standby.stderr).toContain("43 waits until it was uploaded: `signet keys rotate --uploaded 43`");
    expect(await kidOf("active")).toBe("42");
  });
});

describe("signet keys pem --for", () => {
  it("prints one key by its kid, in the form that each wants", async () => {
    const { run, kidOf } = await issuerAt();
    const kid = await kidOf("pending");
    const plain = await run("keys", "pem", "--", kid.slice(0, 12));
    const spki = createPublicKey(plain.stdout);
    const crt = await run("keys", "pem", kid, "--for", "google-service-account");
    expect(crt.code, crt.stderr).toBe(0);
    expect(crt.stderr).toContain("gcloud iam service-accounts keys upload FILE --iam-account=EMAIL");
    const certificate = new X509Certificate(crt.stdout);
    expect(certificate.publicKey.equals(spki)).toBe(true);
    expect(certificate.verify(spki)).toBe(true);
    expect(certificate.subject).toBe(`CN=${kid}`);
    expect((await run("keys", "pem", kid, "--for", "google-service-account")).stdout).toBe(crt.stdout);
    const jwks = await run("keys", "pem", "--for", "okta");
    expect(jwks.stdout).toBe((await run("jwks")).stdout);
    expect(await run("keys", "pem", "elsewhere")).toMatchObject({ code: 1, stdout: "" });
    expect(await run("keys", "pem", "--for", "github-app")).toMatchObject({ code: 2, stdout: "" });
  });

  it("prints the key that signs and the next one, and the former alone where there is no other", async () => {
    const { run, kidOf } = await issuerAt();
    expect((await run("keys", "pem", "--for", "auth0")).stdout.match(/BEGIN PUBLIC KEY/g)).toHaveLength(2);
    await run("keys", "rotate", "--uploaded", await kidOf("pending"));
    expect((await run("keys", "pem", "--for", "auth0")).stdout.match(/BEGIN PUBLIC KEY/g)).toHaveLength(1);
    expect(await run("keys", "pem", "--next")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("run `signet keys rotate`"),
    });
  });

  it("says a certificate's thumbprint for Entra, which stays the same though its keys sign PS256", async () => {
    const { run, kidOf } = await issuerAt(ps256At);
    const kid = await kidOf("active");
    const ran = await run("keys", "pem", kid, "--for", "entra", "--json");
    const [{ thumbprint, text, isStable }] = JSON.parse(ran.stdout).keys;
    expect(isStable).toBe(true);
    expect(Buffer.from(thumbprint, "base64url").toString("hex").toUpperCase()).toBe(
      new X509Certificate(text).fingerprint256.replaceAll(":", ""),
    );
    const again = await run("keys", "pem", kid, "--for", "entra");
    expect(again.stdout).toBe(`${text}\n`);
    expect(again.stderr).toContain("tokens.certificates of signet.json:\n");
    expect(again.stderr).toContain(`    "${kid}": "${thumbprint}"\n`);
  });
});

describe("an issuer that `signet init --for` has made", () => {
  it("for Entra lets no key sign whose certificate its tokens could not name", async () => {
    const cwd = await scratch();
    const run = (...args: string[]) => signet(args, { cwd });
    const client = "11111111-2222-3333-4444-555555555555";
    expect((await run("init", "--for", "entra", "--client-id", client)).code).toBe(0);
    const made = JSON.parse((await run("keys", "rotate", "--json")).stdout).upload;
    const [{ thumbprint, form }] = made.pasted;
    expect(form).toBe("certificate");
    const refused = await run("keys", "rotate", "--uploaded", made.kid);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`signet keys pem ${made.kid} --for entra`) });
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...config, tokens: { ...config.tokens, certificates: { [made.kid]: thumbprint } } }));
    expect((await run("keys", "rotate", "--uploaded", made.kid)).code).toBe(0);
    const token = (await run("issue", "aud=https://login.example/token", "--nbf")).stdout.trim();
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: "PS256", kid: made.kid, "x5t#S256": thumbprint });
  });

  it("for a GitHub App rotates by the next file, and makes no key", async () => {
    const cwd = await scratch();
    const run = (...args: string[]) => signet(args, { cwd });
    const [first, next] = [rsaPair(2048).privateKey, rsaPair(2048).privateKey];
    for (const [name, key] of Object.entries({ first, next }))
      await writeFile(join(cwd, `${name}.pem`), key.export({ format: "pem", type: "pkcs1" }), { mode: 0o600 });
    expect((await run("init", "--for", "github-app", "--app-id", "42", "--import", "first.pem")).code).toBe(0);
    expect(await run("keys", "rotate")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("GitHub App makes the keys itself"),
    });
    expect((await run("keys", "tick")).code).toBe(0);
    expect((await run("keys", "import", "next.pem", "--as", "active")).code).toBe(0);
    await expect(jwtVerify((await run("issue")).stdout.trim(), createPublicKey(next))).resolves.toBeDefined();
    const keys = JSON.parse((await run("keys", "list", "--json")).stdout).keys as { kid: string; state: string }[];
    expect(keys.map(({ state }) => state)).toStrictEqual(["active", "retired"]);
    const revoked = await run("keys", "revoke", keys[0]?.kid ?? "", "--yes");
    expect(revoked).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("`signet keys import FILE --as active` lets the next one sign"),
    });
  });
});

describe("a stack whose keys are uploaded", () => {
  const bucket = "signet-keyring-byupload";
  let aws: Awaited<ReturnType<typeof startFakeAws>>;
  let formation: Awaited<ReturnType<typeof startCloudFormation>>;

  beforeAll(async () => {
    aws = await startFakeAws();
    formation = await startCloudFormation();
    aws.createBucket(bucket);
  });
  afterAll(async () => {
    formation.close();
    await aws.close();
  });

  it.each(some(1, ["parameter-store", "kms"]))("is rotated by hand from this machine (%s)", async (custody) => {
    const cwd = await scratch();
    const place = ["--custody", custody, "--keyring", `s3://${bucket}/${custody}`, "--algorithm", "RS256"];
    const env = { ...aws.env, SIGNET_INSTALLATION: `${bucket}-${custody}`.slice(0, 48) };
    const inPlace = (...args: string[]) => signet(args, { cwd, env, shortWaits: true });
    expect((await inPlace("init", ...place)).code).toBe(0);
    await writeFile(
      join(cwd, "signet.json"),
      JSON.stringify({ ...JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")), rotation: { byUpload: true } }),
    );
    expect((await inPlace("keys", "apply")).code).toBe(0);
    const made = await inPlace("keys", "rotate", "--for", "google-service-account");
    expect(made.code, made.stderr).toBe(0);
    const certificate = new X509Certificate(made.stdout);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    const kid = certificate.subject.slice("CN=".length);
    const done = await inPlace("keys", "rotate", "--uploaded", kid);
    expect(done.stderr).toContain(`rotated: key ${kid} signs in place of`);
    expect((await inPlace("keys", "pem", "--current", "--for", "google-service-account")).stdout).toBe(made.stdout);
  });

  it("has its policy from the stack's parameter", async () => {
    const cwd = await scratch();
    const env = { ...aws.env, SIGNET_INSTALLATION: bucket };
    const init = ["init", "--custody", "parameter-store", "--keyring", `s3://${bucket}`, "--issuer", "https://issuer.example"];
    expect((await signet(init, { cwd, env, shortWaits: true })).code).toBe(0);
    const parameters = {
      KeyCustodianParameter: "ParameterStore",
      Algorithm: "ES256",
      MaxTtlSeconds: "86400",
      RotateEveryDays: "0",
    };
    const outputs = { KeyringBucket: bucket, IssuerUrl: "https://issuer.example" };
    formation.stack = { parameters: { ...parameters, RotateByUpload: "on" }, outputs };
    const there = { ...aws.env, AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url };
    const stack = (...args: string[]) =>
      signet([...args, "--config", "stack:signet"], { cwd: cwd, env: there, shortWaits: true });
    const applied = await stack("keys", "apply");
    expect(applied.stderr, applied.stderr).toContain("byUpload: true");
    const ran = await stack("keys", "rotate", "--for", "hotsock");
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/signet keys rotate --config stack:signet --uploaded \S+\n/);
  });
});
