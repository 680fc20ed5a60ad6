import { generateKeyPairSync, verify } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Context } from "../../src/cli/context.js";
import { answersTo } from "../../src/cli/party-questions.js";
import { partyNamed } from "../../src/relying-parties/index.js";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { GIVEN } from "../relying-parties/parties-given.js";
import { signet } from "./command.js";
import { preloaded } from "./preloaded.js";

const scratch = scratchDirectories();
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
    expect(await signet(["init", ...flags], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("needs --kid (the key's id at Apple, ten characters)"),
    });
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

  it("has a token judged by doctor before its URL is public", async () => {
    const cwd = await scratch();
    const issuer = ["--issuer", "https://issuer.invalid"];
    expect((await signet(["init", "--for", "iam", ...issuer], { cwd })).code).toBe(0);
    const { stdout: token } = await signet(["issue", "sub=ci", "aud=sts.amazonaws.com"], { cwd });
    const seen = await signet(["doctor", "--token", "-"], { cwd, input: token });
    expect(seen).toMatchObject({ code: 1, stderr: expect.stringContaining("verified by those of this folder") });
    expect(seen.stdout).toMatch(/^ok +token +/m);
    expect(seen.stdout).not.toContain("no key that verifies");
    // Where the keys are said to be, they are not: nobody verifies it by those.
    const there = await signet(["doctor", "--token", "-", "--jwks", "https://keys.invalid/jwks.json"], { cwd, input: token });
    expect(there.code).toBe(1);
    expect(there.stderr).not.toContain("of this folder");
    expect(there.stdout).toMatch(/^NO +token +/m);
  });

  it.each<[string, readonly string[], string]>([
    ["two that exclude each other", ["--for", "github-app,iam"], "github-app and iam exclude each other by iss (github-app: iss"],
    ["a name that there is not", ["--for", "github"], "--for knows no github (did you mean github-app?)"],
    ["no name", ["--for", ""], "--for must be names with commas between them"],
    ["what has to be known", ["--for", "snowflake-keypair"], "needs --account (the account at Snowflake), --user"],
    ["where the keys are", ["--for", "iam"], "--for iam needs --issuer (the issuer's URL"],
    [
      "the key that is handed out",
      ["--for", "github-app", "--app-id", "1"],
      "needs --import (the file of the private key, which",
    ],
    [
      "all that is missing",
      ["--for", "apns"],
      "needs --team-id (the Team ID at Apple), --import (the file of the private key, which comes from there: dev",
    ],
    ["a flag that none wants", ["--for", "iam", ...URL_OF, "--team-id", "A1B2C3D4E5"], "--team-id is for apns, and not for iam"],
    ["a flag without them", ["--team-id", "A1B2C3D4E5"], "--team-id is for apns, and --for names none"],
    [
      "a wrong spelling",
      ["--for", "snowflake-keypair", "--account", "a b", "--user", "ci"],
      "--account must be ORGANIZATION-ACCOUNT",
    ],
  ])("refuses, or misses, %s", async (_what, args, words) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, "signet.json"))).toBe(false);
  });

  it("takes names in capital letters, and those of a second --for", async () => {
    const cwd = await scratch();
    const made = await signet(["init", "--for", "IAM", "--for", "Azure", ...URL_OF], { cwd });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(await configIn(cwd)).toMatchObject({ for: ["iam", "azure"], algorithm: "RS256" });
  });

  it.each([
    ["another option twice", ["--for", "okta", "--client-id", "a", "--client-id", "b"], "--client-id is given twice"],
    [
      "a name that others have for some",
      ["--for", "aws"],
      "--for knows no aws (did you mean iam, or http-api, or alb, or cognito?)",
    ],
    ["a name that others have for one", ["--for", "K8s"], "(did you mean kubernetes?)"],
    ["a name as an argument", ["github-app"], "--for github-app"],
    ["a name after a comma and a space", ["--for", "iam,", "azure"], "--for iam,azure"],
  ])("refuses %s, and says what is meant", async (_what, args, words) => {
    const cwd = await scratch();
    expect(await signet(["init", ...args], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
    expect(existsSync(join(cwd, "signet.json"))).toBe(false);
  });

  it("refuses a key that they do not take", async () => {
    const cwd = await withPem(generateKeyPairSync("ec", { namedCurve: "P-256" }));
    const ran = await signet(["init", "--for", "github-app", "--app-id", "1", "--import", "key.pem"], { cwd });
    const words = "the key that is to be imported is EC P-256, and github-app takes RS256";
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  });

  it("asks on a terminal for what it has to know", async () => {
    const cwd = await scratch();
    const env = { NODE_OPTIONS: preloaded("at-a-terminal.mjs") };
    const ran = await signet(["init", "--for", "okta"], { cwd, env, input: "0oa1b2c3\n" });
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain("The client id at the authorization server (--client-id): ");
    expect(await configIn(cwd)).toMatchObject({ tokens: { iss: "0oa1b2c3" }, limits: { fixedClaims: { sub: "0oa1b2c3" } } });
  });

  it("asks again for what is no answer", async () => {
    const told: string[] = [];
    const context = { cwd: await scratch(), output: { note: (words: string) => told.push(words) } } as unknown as Context;
    await writeFile(join(context.cwd, "key.p8"), "");
    const typed = ["a1", "A1B2C3D4E5", "none.p8", "key.p8", "2x9r4hxf34", "2X9R4HXF34"];
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return typed.shift() ?? "";
    };
    expect(await answersTo(context, ["teamId", "import", "kid"], [partyNamed("apns")], ask)).toStrictEqual({
      teamId: "A1B2C3D4E5",
      import: "key.p8",
      kid: "2X9R4HXF34",
    });
    expect(asked.map((question) => /\((--[a-z-]+)\): $/.exec(question)?.[1])).toStrictEqual(
      ["--team-id", "--import", "--kid"].flatMap((flag) => [flag, flag]),
    );
    expect(told).toStrictEqual([
      expect.stringMatching(/^--team-id must be/),
      "--import must be a file that is there",
      expect.stringMatching(/^--kid must be ten capital letters/),
    ]);
  });

  it("checks all before it tells what it has chosen, and before it seals a backup", async () => {
    const cwd = await withPem(rsaPair(2_048));
    await writeFile(join(cwd, "pass"), "correct horse", { mode: 0o600 });
    const flags = ["--app-id", "1", "--import", "key.pem", "--kid", "a\nb", "--backup", "sealed.pem"];
    const ran = await signet(["init", "--for", "github-app", ...flags, "--backup-passphrase-file", "pass"], { cwd });
    expect(ran).toMatchObject({ code: expect.any(Number), stderr: expect.not.stringContaining("Chosen for") });
    expect(ran.code).not.toBe(0);
    expect(existsSync(join(cwd, "sealed.pem"))).toBe(false);
    expect(existsSync(join(cwd, "signet.json"))).toBe(false);
  });

  it("takes the account of a key file that Google has made, and the name of its key", async () => {
    const cwd = await scratch();
    const pem = rsaPair(2_048).privateKey.export({ format: "pem", type: "pkcs8" });
    const file = { type: "service_account", private_key_id: "0123abcd", private_key: pem, client_email: GIVEN.serviceAccount };
    await writeFile(join(cwd, "key.json"), JSON.stringify(file), { mode: 0o600 });
    const flags = ["init", "--for", "google-service-account", "--import", "key.json"];
    const other = await signet([...flags, "--service-account", "other@my-project.iam.gserviceaccount.com"], { cwd });
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining(`its client_email is ${GIVEN.serviceAccount}`) });
    const made = await signet(flags, { cwd });
    expect(made, made.stderr).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Next: signet issue aud=AUD$/m) });
    expect(await configIn(cwd)).toMatchObject({ tokens: { iss: GIVEN.serviceAccount } });
    const { stdout } = await signet(["issue", "aud=https://storage.googleapis.com/"], { cwd });
    expect(partsOf(stdout)[0]).toMatchObject({ kid: "0123abcd" });
    expect((await signet([], { cwd })).stderr).toContain("signet issue aud=AUD ");
  });

  it("names no key of Google's whose name did not come with it", async () => {
    const cwd = await withPem(rsaPair(2_048));
    const flags = ["--service-account", GIVEN.serviceAccount, "--import", "key.pem"];
    const made = await signet(["init", "--for", "google-service-account", ...flags], { cwd });
    expect(made, made.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^tokens\.kid +false +google-service-account/m),
    });
    const { stdout } = await signet(["issue", "scope=a"], { cwd });
    expect(partsOf(stdout)[0]).toStrictEqual({ alg: "RS256", typ: "JWT" });
  });

  it("warns of a key file that others can read, and says that it stays", async () => {
    const cwd = await withPem(rsaPair(2_048));
    await chmod(join(cwd, "key.pem"), 0o644);
    const made = await signet(["init", "--for", "github-app", "--app-id", "1", "--import", "key.pem"], { cwd });
    expect(made.stderr).toMatch(
      /^warning: .*key\.pem holds a private key, and other users of this machine can read it: chmod 600/m,
    );
    expect(made.stderr).toMatch(/^key\.pem was not changed: protect it or remove it$/m);
    await chmod(join(cwd, "key.pem"), 0o600);
    const again = await signet(["init", "--import", "key.pem"], { cwd });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/already .*Try `signet issue`/) });
    expect(again.stderr).not.toContain("other users");
    await writeFile(join(cwd, "next.pem"), rsaPair(2_048).privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    await chmod(join(cwd, "next.pem"), 0o640);
    const next = await signet(["keys", "import", "next.pem"], { cwd });
    expect(next, next.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/next\.pem holds a private key, and other/),
    });
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

  it.each([
    ["limits", { limits: { maxTtlSeconds: 86_400, defaultTtlSeconds: 60 } }],
    ["rotation", { rotation: { rotateEverySeconds: 0, byUpload: true } }],
  ])("and does not say that it has chosen what the file has otherwise: %s", async (member, other) => {
    const cwd = await scratch();
    await writeFile(join(cwd, "signet.json"), JSON.stringify({ for: ["jose"], ...other }), { mode: 0o600 });
    const ran = await signet(["init", "--for", "jose"], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`exists already with another ${member}`) });
    expect(ran.stderr).not.toContain("Chosen for");
  });
});

describe("the member for of signet.json", () => {
  it("says to the commands on keys what goes where", async () => {
    const cwd = await scratch();
    const flags = ["--account", "myorg-account1", "--user", "ci"];
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
