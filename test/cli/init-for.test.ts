import { generateKeyPairSync, verify } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const AT_A_TERMINAL = fileURLToPath(new URL("./at-a-terminal.mjs", import.meta.url));
const URL_OF = ["--issuer", "https://issuer.example"];

function partsOf(token: string): readonly Record<string, unknown>[] {
  return token
    .trim()
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Record<string, unknown>);
}

async function configIn(cwd: string): Promise<Record<string, unknown>> {
  const { $schema: _, ...config } = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as Record<string, unknown>;
  return config;
}

async function withPem(pair: { readonly privateKey: import("node:crypto").KeyObject }, type: "pkcs1" | "pkcs8" = "pkcs8") {
  const cwd = await scratch();
  await writeFile(join(cwd, "key.pem"), pair.privateKey.export({ format: "pem", type: type as "pkcs8" }), { mode: 0o600 });
  return cwd;
}

describe("signet init --for", () => {
  it("makes an issuer for a GitHub App of the key that GitHub made, whose tokens pass its doctor", async () => {
    const pair = rsaPair(2_048);
    const cwd = await withPem(pair, "pkcs1");
    const flags = ["--app-id", "Iv23liAbCdEfGhIjKlMn", "--import", "key.pem"];
    const made = await signet(["init", "--for", "github-app", ...flags], { cwd });
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: "" });
    expect(made.stderr).toMatch(/^Chosen for github-app/m);
    expect(made.stderr).toMatch(/^limits\.maxTtlSeconds +540 +github-app: a prudent life/m);
    expect(made.stderr).toMatch(/^rotation +by importing the next file +github-app: keys by a file from there/m);
    expect(made.stderr).toMatch(/^Next: signet issue$/m);
    expect(await configIn(cwd)).toStrictEqual({
      for: ["github-app"],
      algorithm: "RS256",
      tokens: { iss: "Iv23liAbCdEfGhIjKlMn", iat: 60, kid: false },
      limits: { maxTtlSeconds: 540, defaultTtlSeconds: 540 },
      rotation: { rotateEverySeconds: 0, byUpload: true },
    });
    const { stdout: token } = await signet(["issue"], { cwd });
    const [header, claims] = partsOf(token);
    expect(header).toStrictEqual({ alg: "RS256", typ: "JWT" });
    expect(Object.keys(claims ?? {}).sort()).toStrictEqual(["exp", "iat", "iss"]);
    const [input = "", signature = ""] = [token.trim().slice(0, token.trim().lastIndexOf(".")), token.trim().split(".")[2]];
    expect(verify("sha256", Buffer.from(input), pair.publicKey, Buffer.from(signature, "base64url"))).toBe(true);
    // The config says whom the tokens are for.
    const judged = await signet(["doctor", "--token", "-"], { cwd, input: token });
    expect(judged, judged.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^yes +GitHub App/m) });
  });

  it("takes Apple's key by Apple's name for it", async () => {
    const cwd = await withPem(generateKeyPairSync("ec", { namedCurve: "P-256" }));
    const flags = ["--for", "apns", "--team-id", "A1B2C3D4E5", "--import", "key.pem"];
    expect(await signet(["init", ...flags], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining("give --kid") });
    expect((await signet(["init", ...flags, "--kid", "ABC123DEFG"], { cwd })).code).toBe(0);
    const { stdout: token } = await signet(["issue"], { cwd });
    const [header, claims] = partsOf(token);
    expect(header).toStrictEqual({ alg: "ES256", kid: "ABC123DEFG", typ: "JWT" });
    expect(claims).toStrictEqual({ iss: "A1B2C3D4E5", iat: expect.any(Number) });
  });

  it("makes what several take, and says by whose rule", async () => {
    const cwd = await scratch();
    const made = await signet(["init", "--for", "iam,azure,iam", ...URL_OF, "--json"], { cwd });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(made.stdout)).toMatchObject({
      alg: "RS256",
      for: ["iam", "azure"],
      tokens: { iat: 0 },
      reasons: expect.arrayContaining([expect.objectContaining({ member: "algorithm", value: "RS256", party: "azure" })]),
    });
    expect(await configIn(cwd)).toMatchObject({ for: ["iam", "azure"], limits: { requiredClaims: ["sub", "aud"] } });
    expect(await signet(["issue", "sub=ci"], { cwd })).toMatchObject({ code: 1, stderr: expect.stringContaining("aud") });
    const { stdout: token } = await signet(["issue", "sub=ci", "aud=api://AzureADTokenExchange"], { cwd });
    expect(partsOf(token)[1]).toMatchObject({ sub: "ci", iat: expect.any(Number) });
  });

  it.each<[string, readonly string[], string]>([
    ["two that exclude each other", ["--for", "github-app,iam"], "github-app and iam exclude each other by iss (github-app: iss"],
    ["a name that there is not", ["--for", "github"], "--for knows no github (did you mean github-app?)"],
    ["no name", ["--for", ""], "--for must be names with commas between them"],
    ["what has to be known", ["--for", "snowflake-keypair"], "needs --account (the account at Snowflake), --user"],
    ["where the keys are", ["--for", "iam"], "--for iam needs --issuer (the issuer's URL"],
    ["the key that is handed out", ["--for", "github-app", "--app-id", "1"], "give --import FILE (GitHub, the app's settings"],
    ["a flag that none wants", ["--for", "iam", ...URL_OF, "--team-id", "A1B2C3D4E5"], "--team-id is for apns, and not for iam"],
    ["a flag without them", ["--team-id", "A1B2C3D4E5"], "--team-id is for apns, and --for names none"],
    ["a wrong spelling", ["--for", "snowflake-keypair", "--account", "a b", "--user", "ci"], "--account must be an account's"],
  ])("refuses, or misses, %s", async (_what, args, words) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, "signet.json"))).toBe(false);
  });

  it("refuses a key that they do not take", async () => {
    const cwd = await withPem(generateKeyPairSync("ec", { namedCurve: "P-256" }));
    const ran = await signet(["init", "--for", "github-app", "--app-id", "1", "--import", "key.pem"], { cwd });
    const words = "--import: the key is EC P-256, and github-app takes RS256";
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  });

  it("asks on a terminal for what it has to know", async () => {
    const cwd = await scratch();
    const env = { NODE_OPTIONS: `--import ${AT_A_TERMINAL}` };
    const ran = await signet(["init", "--for", "okta"], { cwd, env, input: "0oa1b2c3\n" });
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain("The client id at the authorization server (--client-id): ");
    expect(await configIn(cwd)).toMatchObject({ tokens: { iss: "0oa1b2c3" }, limits: { fixedClaims: { sub: "0oa1b2c3" } } });
  });

  it("goes on where it was interrupted with what it has chosen, and with nothing else", async () => {
    const cwd = await scratch();
    const config = { for: ["jose"], limits: { maxTtlSeconds: 86_400, defaultTtlSeconds: 900 } };
    await writeFile(join(cwd, "signet.json"), JSON.stringify(config), { mode: 0o600 });
    expect(await signet(["init", "--for", "jose,pyjwt"], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("exists already with another for"),
    });
    expect((await signet(["init", "--for", "jose"], { cwd })).code).toBe(0);
  });
});

describe("the member for of signet.json", () => {
  it("says to the commands on keys what goes where", async () => {
    const cwd = await scratch();
    const flags = ["--account", "myorg.account1", "--user", "ci"];
    const made = await signet(["init", "--for", "snowflake-keypair,jose", ...flags], { cwd });
    expect(made, made.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^Next: signet keys pem --for snowflake-keypair$/m),
    });
    const pasted = await signet(["keys", "pem"], { cwd });
    expect(pasted, pasted.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("RSA_PUBLIC_KEY") });
    expect(pasted.stdout).toMatch(/^MII[A-Za-z0-9+/=\n]+$/);
    const { stderr } = await signet(["keys", "rotate"], { cwd });
    expect(stderr).toMatch(/^Snowflake \(key pair\), next: /m);
    expect((await signet([], { cwd })).stderr).toContain(", for snowflake-keypair, jose.");
  });

  it("keeps a key from being made for who makes the keys itself", async () => {
    const cwd = await withPem(rsaPair(2_048));
    await signet(["init", "--for", "github-app", "--app-id", "1", "--import", "key.pem"], { cwd });
    const refused = await signet(["keys", "rotate"], { cwd });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("makes the keys itself") });
    await writeFile(join(cwd, "next.pem"), rsaPair(2_048).privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    const next = await signet(["keys", "import", "next.pem", "--as", "active"], { cwd });
    expect(next, next.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("signs in place of") });
  });

  it("has to name parties that there are", async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, "signet.json"), JSON.stringify({ for: ["iam", "github-ap"] }), { mode: 0o600 });
    const ran = await signet(["issue"], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/for\.1 .*\(did you mean github-app\?\)/) });
  });
});
