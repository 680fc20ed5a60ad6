import { createHash, createPublicKey, type JsonWebKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { refusedServe, signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";
import { killServers, served } from "./server-process.js";

const scratch = scratchDirectories();
const newIssuer = issuerFolders(scratch, ["--algorithm", "RS256"]);
afterAll(killServers);

/** A folder whose issuer has such tokens. */
async function folderWith(tokens: object, more: object = {}): Promise<string> {
  const cwd = await newIssuer();
  const path = join(cwd, "signet.json");
  const config = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...config, tokens, ...more }));
  return cwd;
}

async function issued(cwd: string, ...args: string[]): Promise<string> {
  const ran = await signet(["issue", ...args], { cwd });
  expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
  return ran.stdout.trim();
}

const now = () => Date.now() / 1_000;
const GITHUB = [
  { iss: "Iv23liAbCdEf", iat: 60, kid: false },
  { limits: { maxTtlSeconds: 540, defaultTtlSeconds: 540 } },
] as const;

describe("an issuer that GitHub knows by its key", () => {
  it("makes exactly its token, verifies it, and has it judged by GitHub's rules", async () => {
    const cwd = await folderWith(...GITHUB);
    const token = await issued(cwd);
    expect(decodeProtectedHeader(token)).toStrictEqual({ alg: "RS256", typ: "JWT" });
    const { iss, iat = 0, exp = 0 } = decodeJwt(token);
    expect([iss, exp - iat]).toStrictEqual(["Iv23liAbCdEf", 600]);
    expect(Math.abs(now() - 60 - iat)).toBeLessThan(30);
    const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout);
    expect(jwks.keys).toHaveLength(2);
    await jwtVerify(token, createLocalJWKSet({ keys: [jwks.keys[0]] }));

    const verified = await signet(["verify", token], { cwd });
    expect(verified, verified.stderr).toMatchObject({ code: 0, stderr: expect.not.stringContaining("issuer was not checked") });
    const other = await signet(["verify", token, "--issuer", "else"], { cwd });
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining("(accepted: else)") });

    const seen = await signet(["doctor", "--for", "github-app", "--token", token], { cwd });
    expect(seen, seen.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("Iv23liAbCdEf, which is no URL") });
    expect(seen.stdout).toMatch(/^ok +token +signed by the key \(RS256\)$/m);
    expect(seen.stdout).toMatch(/^yes\?? +GitHub App/m);
    expect(seen.stdout).not.toMatch(/issuer-url|discovery/);
    // The signature counts.
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const refused = await signet(["doctor", "--for", "github-app", "--token", forged], { cwd });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/broken: token.*by github-app/) });
    const url = await signet(["doctor", "--for", "github-app,jose"], { cwd });
    expect(url).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/jose finds keys by the URL of an issuer, and Iv23liAbCdEf/),
    });
  });

  it("refuses what a request would change, on a line of stdin too", async () => {
    const cwd = await folderWith(...GITHUB);
    const asked = await signet(["issue", "iat:=5"], { cwd });
    expect(asked).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("tokens.iat") });
    const input = '{"sub":"a"}\n{"claims":{"iss":"else"}}\n';
    const lines = await signet(["issue", "--claims", "-"], { cwd, input });
    expect(lines).toMatchObject({ code: 1, stderr: expect.stringMatching(/line 2 of stdin: .*iss/) });
    expect(lines.stdout.trim().split("\n")).toHaveLength(1);
  });

  it("is served, with what its tokens have told at the start, and not to every program of the machine", async () => {
    const cwd = await folderWith(...GITHUB);
    const secret = (await signet(["callers", "add", "web"], { cwd })).stdout.trim();
    const server = await served(cwd);
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const post = async (path: string, body: object) =>
      (await fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
    const { token } = (await post("/issue", { claims: {} })) as { token: string };
    expect(decodeJwt(token).iss).toBe("Iv23liAbCdEf");
    expect(await post("/verify", { token, audience: null })).toMatchObject({ claims: { iss: "Iv23liAbCdEf" } });
    expect((await fetch(`${server.url}/.well-known/jwks.json`)).status).toBe(200);
    expect((await fetch(`${server.url}/.well-known/openid-configuration`)).status).toBe(404);
    expect(server.stderr()).toMatch(
      /issuer +Iv23liAbCdEf\n +tokens +iss Iv23liAbCdEf \(no URL.*\), iat 60 seconds back, no kid\n/,
    );
    const dev = await refusedServe(["--dev", "--port", "0"], { cwd });
    expect(dev).toMatchObject({ code: 2, stderr: expect.stringContaining("worth nothing elsewhere") });
  });
});

describe("signet serve, while its config is edited,", () => {
  it.each([["1"], ["2"]])("calls keys as it says, with %s workers", async (workers) => {
    const cwd = await folderWith({ iss: "APP", certificates: {} });
    const path = join(cwd, "signet.json");
    const config = async () => JSON.parse(await readFile(path, "utf8"));
    const secret = (await signet(["callers", "add", "web"], { cwd })).stdout.trim();
    const server = await served(cwd, ["--workers", workers]);
    // Each on its own connection, which any worker may take.
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json", connection: "close" };
    const post = async (route: string, body: object) =>
      fetch(`${server.url}${route}`, { method: "POST", headers, body: JSON.stringify(body) });
    expect((await post("/issue", { claims: {} })).status).toBe(500);
    const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout) as { keys: { kid: string }[] };
    const thumbprint = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0";
    const certificates = Object.fromEntries(jwks.keys.map(({ kid }) => [kid, thumbprint]));
    // The keys of this folder are called by their thumbprints.
    const kids = Object.fromEntries(jwks.keys.map(({ kid }, index) => [kid, `name-${index}`]));
    await writeFile(path, JSON.stringify({ ...(await config()), tokens: { iss: "ANOTHER", certificates, kids } }));
    const isAsItSays = async (): Promise<boolean> => {
      const issued = await post("/issue", { claims: {} });
      if (!issued.ok) return false;
      const { token } = (await issued.json()) as { token: string };
      expect(decodeJwt(token).iss).toBe("APP");
      const { kid, "x5t#S256": certificate } = decodeProtectedHeader(token);
      expect([kid, certificate]).toStrictEqual([expect.stringMatching(/^name-\d$/), thumbprint]);
      return (await post("/verify", { token, audience: null })).ok;
    };
    // Every worker sees the edit by itself.
    let inARow = 0;
    await until("the names of the keys, from every worker", async () => {
      inARow = (await isAsItSays()) ? inARow + 1 : 0;
      return inARow >= 12;
    });
    expect(await server.stop()).toBe(0);
  });
});

it("an issuer with its key's fingerprint in iss verifies the tokens of each of its keys", async () => {
  const cwd = await folderWith({ iss: "ACCOUNT.USER.{fingerprint}", iat: 0, kid: false });
  const token = await issued(cwd, "sub=ACCOUNT.USER");
  const { keys } = JSON.parse((await signet(["jwks"], { cwd })).stdout) as { keys: JsonWebKey[] };
  const spki = createPublicKey({ format: "jwk", key: keys[0] as JsonWebKey }).export({ type: "spki", format: "der" });
  expect(decodeJwt(token).iss).toBe(`ACCOUNT.USER.SHA256:${createHash("sha256").update(spki).digest("base64")}`);
  expect(await signet(["verify", token], { cwd })).toMatchObject({ code: 0 });
  const asked = await signet(["doctor", "--for", "snowflake-keypair", "--token", token, "--json"], { cwd });
  expect(JSON.parse(asked.stdout)).toMatchObject({ verdicts: [{ id: "snowflake-keypair", answer: "yes" }] });
});

it("an issuer whose tokens have no exp verifies them without being told", async () => {
  const cwd = await folderWith({ iss: "TEAMID1234", iat: 0, exp: false });
  const token = await issued(cwd, "--ttl", "50m");
  expect(decodeJwt(token)).not.toHaveProperty("exp");
  expect(await signet(["verify", token], { cwd })).toMatchObject({ code: 0, stderr: expect.stringContaining("has no end") });
});

it("a key without a certificate is told what to do, and nothing is issued", async () => {
  const cwd = await folderWith({ certificates: {} });
  expect(await signet(["issue", "sub=a"], { cwd })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("signet keys pem --for entra"),
  });
});

it("a URL beside iss is refused by file and member", async () => {
  const cwd = await folderWith({ iss: "12345" }, { issuer: "https://issuer.example" });
  expect(await signet(["issue"], { cwd })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/signet\.json: issuer and tokens\.iss both say what iss is/),
  });
  const variable = await folderWith({ iss: "12345" });
  const env = { SIGNET_ISSUER: "https://issuer.example" };
  expect(await signet(["issue"], { cwd: variable, env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("SIGNET_ISSUER"),
  });
});
