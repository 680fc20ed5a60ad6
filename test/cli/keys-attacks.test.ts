import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();

const issuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);

async function assertSigns(cwd: string): Promise<void> {
  const token = (await signet(["issue", "sub=a"], { cwd })).stdout.trim();
  const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout);
  await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined();
}

describe("a change outside Signet in the folder of keys", () => {
  it("that writes an active document of its own stops every change, until repair is told to repair it", async () => {
    const cwd = await issuerAt();
    const folder = join(cwd, ".signet", "active");
    const document = JSON.parse(await readFile(join(folder, "1.json"), "utf8"));
    await writeFile(join(folder, "7.json"), JSON.stringify({ ...document, sequence: 7, kid: "theirs" }));
    const tick = await signet(["keys", "tick"], { cwd });
    expect(tick.stderr).toContain("was written by no manager that the keyring knows");
    expect(tick.code).toBe(1);
    expect((await signet(["keys", "repair"], { cwd })).stderr).toContain("names a key that the keyring does not know");
    expect((await signet(["keys", "repair", "--yes"], { cwd })).code).toBe(0);
    expect(await readdir(folder)).toStrictEqual(["8.json"]);
    await assertSigns(cwd);
  });

  it("that damages the active document is told apart from a lost one, and what is said to do repairs it", async () => {
    const cwd = await issuerAt();
    const path = join(cwd, ".signet", "active", "1.json");
    await writeFile(path, "{");
    for (const args of [["tick"], ["repair"]]) {
      const ran = await signet(["keys", ...args], { cwd });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("1.json is not JSON: move it away, then") });
    }
    await rename(path, join(cwd, "1.json"));
    expect((await signet(["keys", "repair", "--yes"], { cwd })).code).toBe(0);
    await assertSigns(cwd);
  });

  it("that deletes every private key is repaired with a new key, and old tokens go on being accepted", async () => {
    const cwd = await issuerAt();
    const token = (await signet(["issue", "sub=a"], { cwd })).stdout.trim();
    await mkdir(join(cwd, "away"));
    for (const name of await readdir(join(cwd, ".signet", "keys"))) {
      await rename(join(cwd, ".signet", "keys", name), join(cwd, "away", name));
    }
    const ran = await signet(["keys", "repair", "--yes"], { cwd });
    expect(ran.stderr).toContain("may refuse its tokens until they read again");
    await assertSigns(cwd);
    const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout);
    await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined();
  });
});

describe("revoke", () => {
  it("takes a standby, the same key again, and the last key that there is, and always leaves one that signs", async () => {
    const cwd = await issuerAt();
    for (const which of [1, 0, 0, 1, 0]) {
      const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
      const ran = await signet(["keys", "revoke", keys[which].kid, "--yes"], { cwd });
      expect(ran.stderr).toContain("done: remove key");
      expect(ran.code).toBe(0);
      expect((await signet(["keys", "revoke", keys[which].kid, "--yes"], { cwd })).stderr).toContain("no key of this kid");
      await assertSigns(cwd);
    }
  });
});

describe("a kid that begins with a dash", () => {
  it("is no option", async () => {
    const cwd = await issuerAt();
    const ran = await signet(["keys", "revoke", `-${"a".repeat(42)}`, "--yes"], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("no key of this kid") });
    expect((await signet(["keys", "revoke", "-abc", "--yes"], { cwd })).code).toBe(2);
  });

  it("may be written as far as it is the only one that begins so, and follows the option that takes it", async () => {
    const cwd = await issuerAt();
    const kid = `-4Qk${"a".repeat(39)}`;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(cwd, "other.pem"), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    const imported = await signet(["keys", "import", "--kid", kid, "other.pem"], { cwd });
    expect(imported.code, imported.stderr).toBe(0);
    const pem = createPublicKey(privateKey).export({ format: "pem", type: "spki" });
    for (const given of [kid, kid.slice(0, 12), kid.slice(0, 8)]) {
      expect(await signet(["keys", "pem", given], { cwd })).toMatchObject({ code: 0, stdout: pem });
    }
    expect(await signet(["keys", "pem", "-current"], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '-current'"),
    });
  });
});

describe("a verifier that holds two pasted PEMs", () => {
  it("has a week to paste the next one, when publishAheadSeconds says so", async () => {
    const cwd = await issuerAt();
    const config = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
    config.rotation = { rotateEverySeconds: 0, publishAheadSeconds: 7 * 86_400 };
    await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
    await signet(["keys", "apply"], { cwd });
    const next = (await signet(["keys", "pem", "--next"], { cwd })).stdout;
    const at = Date.parse(`${(await signet(["keys", "rotate"], { cwd })).stdout.trim().replace(" UTC", "Z").replace(" ", "T")}`);
    expect(at - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    // What was pasted is still the next one, though the rotation has made another standby behind it.
    expect((await signet(["keys", "pem", "--next"], { cwd })).stdout).toBe(next);
  });
});
