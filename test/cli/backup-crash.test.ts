import { generateKeyPairSync } from "node:crypto";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet, signetProcess } from "./command.js";
import { everyWrite, killedAt, preloaded, spread, writesOf } from "./preloaded.js";

const scratch = scratchDirectories();
// The full proof stops at every single write; the tests of every day at some of them.
const KILLS = amount(2, 10, Number.POSITIVE_INFINITY);
// A passphrase would cost each process a third of a second.
const KEY = ["--key", "r.key", "--contents"];

let backup: string;
let token: string;

const made = async (...args: string[]) => {
  const ran = await signet(args, { cwd: backup });
  expect(ran.code, ran.stderr).toBe(0);
  return ran.stdout.trim();
};

beforeAll(async () => {
  backup = await scratch();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(backup, "r.pub"), publicKey.export({ format: "pem", type: "spki" }));
  await writeFile(join(backup, "r.key"), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  await made("init", "--issuer", "https://issuer.example");
  // The full proof takes longer than a token lives otherwise.
  token = await made("issue", "sub=alice", "--ttl", "1h");
  KEY.push((await made("backup", "b", "--recipient", "r.pub")).split(" ")[0] as string);
});

async function emptyPlace(): Promise<string> {
  const cwd = await scratch();
  for (const name of ["b", "r.key"]) await cp(join(backup, name), join(cwd, name));
  return cwd;
}

async function restoredPlace(): Promise<string> {
  const cwd = await emptyPlace();
  expect(await signet(["restore", "b", ...KEY], { cwd })).toMatchObject({ code: 0 });
  return cwd;
}

/** A copy of an issuer's folder with the backup, of which some files are lost. */
async function losingPlace(issuer: string, lost = ["keyring.json", "audit.jsonl"]): Promise<string> {
  const cwd = await emptyPlace();
  for (const name of ["signet.json", ".signet"]) await cp(join(issuer, name), join(cwd, name), { recursive: true });
  for (const name of lost) await rm(join(cwd, ".signet", name));
  return cwd;
}

/** That nothing here signs, and the operator is told what is the matter. */
async function assertSilent(cwd: string): Promise<void> {
  for (const args of [
    ["issue", "sub=a"],
    ["keys", "tick"],
  ]) {
    const ran = await signet(args, { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/restore|there is no .*signet\.json/) });
  }
}

/** That the copy is the issuer, whole. */
async function assertWhole(cwd: string): Promise<void> {
  const issued = await signet(["issue", "sub=a"], { cwd });
  expect(issued.code, issued.stderr).toBe(0);
  const jwks = createLocalJWKSet(JSON.parse(await readFile(join(cwd, ".signet/public/jwks.json"), "utf8")));
  for (const each of [token, issued.stdout.trim()]) await expect(jwtVerify(each, jwks)).resolves.toBeDefined();
  expect(await signet(["audit", "verify"], { cwd })).toMatchObject({ code: 0 });
  expect(await signet(["keys", "repair"], { cwd })).toMatchObject({
    stderr: expect.stringContaining("everything is as the keyring says"),
  });
  for (const folder of [cwd, join(cwd, ".signet"), join(cwd, ".signet/keys")]) {
    expect((await readdir(folder)).filter((name) => /\.tmp$|restored\.json/.test(name))).toStrictEqual([]);
  }
}

async function confirmed(cwd: string, ...more: string[]): Promise<void> {
  const ran = await signet(["restore", "--confirm", "--yes", ...more], { cwd });
  // The mark goes before the tick: that one then goes on alone.
  if (ran.code === 2) expect(ran.stderr).toContain("signet keys tick");
  else expect(ran.code, ran.stderr).toBe(0);
  const ticked = await signet(["keys", "tick"], { cwd });
  expect(ticked.code, ticked.stderr).toBe(0);
}

describe("killed between any two writes", { timeout: 1_800_000 }, () => {
  it("a restore leaves nothing that signs, and the same command finishes it", async () => {
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await emptyPlace();
      const ran = await killedAt(["restore", "b", ...KEY], cwd, at);
      await assertSilent(cwd);
      const again = await signet(["restore", "b", ...KEY], { cwd });
      expect(again.code, again.stderr).toBe(0);
      await assertSilent(cwd);
      await confirmed(cwd);
      await assertWhole(cwd);
      return ran;
    });
    expect(writes).toBeGreaterThan(10);
  });

  it("a confirmation leaves a copy that waits, or one that the same command or a tick completes", async () => {
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await restoredPlace();
      const ran = await killedAt(["restore", "--confirm", "--yes"], cwd, at);
      const issued = await signet(["issue", "sub=a"], { cwd });
      if (issued.code !== 0) expect(issued.stderr).toMatch(/signet restore --confirm|no key is active/);
      await confirmed(cwd);
      await assertWhole(cwd);
      return ran;
    });
    expect(writes).toBeGreaterThan(10);
  });

  it("a confirmation never lets the key sign that it was told to be revoked", async () => {
    const { kid } = decodeProtectedHeader(token);
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await restoredPlace();
      const ran = await killedAt(["restore", "--confirm", "--yes", "--revoked", kid as string], cwd, at);
      await confirmed(cwd, "--revoked", kid as string);
      const issued = await signet(["issue", "sub=a"], { cwd });
      expect(issued.code, issued.stderr).toBe(0);
      expect(decodeProtectedHeader(issued.stdout.trim()).kid).not.toBe(kid);
      const jwks = await readFile(join(cwd, ".signet/public/jwks.json"), "utf8");
      expect(jwks).not.toContain(kid);
      await expect(jwtVerify(issued.stdout.trim(), createLocalJWKSet(JSON.parse(jwks)))).resolves.toBeDefined();
      expect(await signet(["audit", "verify"], { cwd })).toMatchObject({ code: 0 });
      return ran;
    });
    expect(writes).toBeGreaterThan(10);
  });

  it("putting back what was lost leaves it lost, or put back", async () => {
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await losingPlace(backup);
      const ran = await killedAt(["restore", "b", ...KEY, "--yes"], cwd, at);
      // What signs goes on signing: no second one comes about.
      expect(await signet(["issue", "sub=a"], { cwd })).toMatchObject({ code: 0 });
      const again = await signet(["restore", "b", ...KEY, "--yes"], { cwd });
      expect(again.code, again.stderr).toBe(0);
      await assertWhole(cwd);
      return ran;
    });
    expect(writes).toBeGreaterThan(1);
  });

  it("putting back what was lost asks again, and brings no key back that was revoked since", async () => {
    const issuer = await losingPlace(backup, []);
    const { kid = "" } = decodeProtectedHeader(token);
    expect(await signet(["keys", "revoke", kid, "--yes"], { cwd: issuer })).toMatchObject({ code: 0 });
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await losingPlace(issuer);
      const ran = await killedAt(["restore", "b", ...KEY, "--yes"], cwd, at);
      // The keyring has the word in it: once it is there, the place alone is asked about, which is a copy.
      const hasWord = (await readdir(join(cwd, ".signet"))).includes("keyring.json");
      const again = await signet(["restore", "b", ...KEY], { cwd });
      if (!hasWord) expect(again.stderr).toContain(`${kid} is not in the JWKS that is here`);
      if (again.code !== 0) expect(await signet(["restore", "b", ...KEY, "--yes"], { cwd })).toMatchObject({ code: 0 });
      expect(await signet(["keys", "repair", "--yes"], { cwd })).toMatchObject({ code: 0 });
      const jwks = await readFile(join(cwd, ".signet/public/jwks.json"), "utf8");
      expect(jwks).not.toContain(kid);
      const issued = await signet(["issue", "sub=a"], { cwd });
      await expect(jwtVerify(issued.stdout.trim(), createLocalJWKSet(JSON.parse(jwks)))).resolves.toBeDefined();
      const files = await readdir(join(cwd, ".signet/keys"));
      const texts = await Promise.all(files.map((name) => readFile(join(cwd, ".signet/keys", name), "utf8")));
      expect(texts.filter((text) => text.includes(kid))).toStrictEqual([]);
      return ran;
    });
    expect(writes).toBeGreaterThan(3);
  });
});

describe("on a disk that is full", { timeout: 300_000 }, () => {
  it("a restore says so and leaves nothing that signs; with room again, the same command finishes it", async () => {
    const restored = async (cwd: string, failAt: number) => {
      const env = { FAIL_AT: `${failAt}`, NODE_OPTIONS: preloaded("fail-at-write.mjs") };
      return await signet(["restore", "b", ...KEY], { cwd, env });
    };
    const writes = writesOf(await restored(await emptyPlace(), 0));
    for (const failAt of spread(KILLS, writes)) {
      const cwd = await emptyPlace();
      expect(await restored(cwd, failAt)).toMatchObject({ code: 1, stderr: expect.stringContaining("the disk is full") });
      await assertSilent(cwd);
      expect(await signet(["restore", "b", ...KEY], { cwd })).toMatchObject({ code: 0 });
    }
    expect(writes).toBeGreaterThan(10);
  });

  it("a backup leaves no file of its name", async () => {
    for (const write of ["1", "2"]) {
      const env = { FAIL_AT: write, NODE_OPTIONS: preloaded("fail-at-write.mjs") };
      const ran = await signet(["backup", "c", "--recipient", "r.pub"], { cwd: backup, env });
      expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("the disk is full") });
      expect((await readdir(backup)).filter((name) => name.startsWith("c"))).toStrictEqual([]);
    }
  });
});

describe("two at once", { timeout: 120_000 }, () => {
  it("restores take turns, and end alike", async () => {
    const cwd = await emptyPlace();
    const ran = await Promise.all([1, 2].map(() => signetProcess(["restore", "b", ...KEY], { cwd })));
    for (const { code, stderr } of ran) expect(code, stderr).toBe(0);
    await assertSilent(cwd);
    await confirmed(cwd);
    await assertWhole(cwd);
  });

  it("confirmations make one copy, with one entry in its log", async () => {
    const cwd = await restoredPlace();
    const ran = await Promise.all([1, 2].map(() => signetProcess(["restore", "--confirm", "--yes"], { cwd })));
    expect(ran.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
    await assertWhole(cwd);
    const { stdout } = await signet(["keys", "history", "--json"], { cwd });
    const { entries } = JSON.parse(stdout) as { entries: { event: string }[] };
    expect(entries.filter(({ event }) => event === "issuer.restored")).toHaveLength(1);
  });
});
