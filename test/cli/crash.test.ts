import { generateKeyPairSync } from "node:crypto";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { amount } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { type Ran, signet, signetProcess } from "./command.js";
import { everyWrite, killedAt } from "./preloaded.js";

const scratch = scratchDirectories();
// The full proof kills at every single write; the tests of every day at some of them.
const KILLS = amount(2, 10, Number.POSITIVE_INFINITY);

/** What must hold of an installation that works: one active key, published, that signs; no private key but the keyring's. */
async function assertWhole(cwd: string): Promise<void> {
  const keyring = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout) as {
    keys: { id: string; state: string }[];
  };
  expect(keyring.keys.filter(({ state }) => state === "active")).toHaveLength(1);
  const ids = keyring.keys.map(({ id }) => `${id}.key`).sort();
  expect((await readdir(join(cwd, ".signet", "keys"))).sort()).toStrictEqual(ids);
  const token = (await signet(["issue", "sub=a"], { cwd })).stdout.trim();
  const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout);
  await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined();
}

describe("killed between any two writes", { timeout: 1_800_000 }, () => {
  it("init leaves what the next init completes", async () => {
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await scratch();
      const ran = await killedAt(["init"], cwd, at);
      const next = await signet(["init"], { cwd });
      if (next.code !== 0) expect(next.stderr).toContain("there is an issuer already");
      else expect((await readdir(cwd)).filter((name) => name.endsWith(".tmp"))).toStrictEqual([]);
      await assertWhole(cwd);
      return ran;
    });
    expect(writes).toBeGreaterThan(10);
  });

  it("keys import leaves the old keys or the new ones, and can be done again", async () => {
    const origin = await scratch();
    await signet(["init"], { cwd: origin });
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    await writeFile(join(origin, "key.pem"), key.export({ type: "pkcs8", format: "pem" }));
    const writes = await everyWrite(KILLS, async (at) => {
      const cwd = await scratch();
      await cp(origin, cwd, { recursive: true });
      const args = ["keys", "import", "key.pem", "--kid", "mine"];
      const ran = await killedAt(args, cwd, at);
      const list = await signet(["keys", "list"], { cwd });
      expect(list.code).toBe(0);
      expect((await signet(["issue"], { cwd })).code).toBe(0);
      const again = await signet(args, { cwd });
      expect(again.stderr).toContain("mine");
      expect(again.code).toBe(0);
      await assertWhole(cwd);
      return ran;
    });
    expect(writes).toBeGreaterThan(10);
  });
});

describe("two at once", () => {
  it("init has one winner and one clear error", async () => {
    const cwd = await scratch();
    const ran = await Promise.all([signetProcess(["init"], { cwd }), signetProcess(["init"], { cwd })]);
    expect(ran.filter(({ code }) => code === 0)).toHaveLength(1);
    const loser = ran.find(({ code }) => code !== 0);
    expect(loser?.code).toBe(1);
    expect(loser?.stderr).toMatch(/there is an issuer already|is changing keys|try again|run it again/);
    await assertWhole(cwd);
  });

  it("keys import has one winner at least, and no half key", async () => {
    const cwd = await scratch();
    await signet(["init"], { cwd });
    for (const name of ["a", "b"]) {
      const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      await writeFile(join(cwd, `${name}.pem`), key.export({ type: "pkcs8", format: "pem" }));
    }
    const ran = await Promise.all(
      ["a", "b"].map((name) => signetProcess(["keys", "import", `${name}.pem`, "--kid", name], { cwd })),
    );
    expect(ran.some(({ code }) => code === 0)).toBe(true);
    for (const { code, stderr } of ran) if (code !== 0) expect(stderr).toMatch(/is changing keys|taken over/);
    await assertWhole(cwd);
  });
});

describe("what the command prints and writes", () => {
  it("never holds private key material outside the key files", async () => {
    const cwd = await scratch();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { d = "" } = privateKey.export({ format: "jwk" });
    await writeFile(join(cwd, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const printed: Ran[] = [];
    const commands = [
      ["init"],
      ["keys", "import", "key.pem", "--kid", "k", "--json"],
      ["keys", "list", "--json"],
      ["jwks"],
      ["issue", "-n", "2"],
      [],
    ];
    for (const args of commands) printed.push(await signet(args, { cwd, env: { SIGNET_DEBUG: "1" } }));
    const folder = join(cwd, ".signet", "keys");
    const secrets = [d];
    for (const name of await readdir(folder))
      secrets.push((JSON.parse(await readFile(join(folder, name), "utf8")) as { d: string }).d);
    const elsewhere = [".signet/keyring.json", ".signet/public/jwks.json", ".signet/active/1.json", "signet.json"];
    const texts = [
      ...printed.map(({ stdout, stderr }) => stdout + stderr),
      ...(await Promise.all(elsewhere.map((path) => readFile(join(cwd, path), "utf8")))),
    ];
    expect(secrets.length).toBeGreaterThan(2);
    for (const secret of secrets) for (const text of texts) expect(text).not.toContain(secret);
  });
});
