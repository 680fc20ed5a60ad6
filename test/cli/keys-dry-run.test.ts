import { createHash, generateKeyPairSync } from "node:crypto";
import { cp, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

/** Every file of a folder, with a digest of what it holds. */
async function tree(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = files.sort().map(async (path) => {
    const digest = createHash("sha256").update(await readFile(path));
    return `${path} ${digest.digest("hex")}`;
  });
  return Promise.all(digests);
}

/** An issuer, another one's JWKS and a key: what every test looks at, and changes in a copy of its own. */
async function material(): Promise<{ origin: string; kid: string }> {
  const [cwd, other] = [await scratch(), await scratch()];
  for (const folder of [cwd, other]) await signet(["init", "--issuer", "https://issuer.example"], { cwd: folder });
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  await writeFile(join(cwd, "key.pem"), key.export({ type: "pkcs8", format: "pem" }));
  await writeFile(join(cwd, "other.json"), (await signet(["jwks"], { cwd: other })).stdout);
  const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout) as { keys: { kid: string }[] };
  return { origin: cwd, kid: keys[0]?.kid as string };
}

let made: ReturnType<typeof material> | undefined;

async function issuerWithMaterial(): Promise<{ cwd: string; kid: string }> {
  made ??= material();
  const { origin, kid } = await made;
  const cwd = await scratch();
  await cp(origin, cwd, { recursive: true });
  return { cwd, kid };
}

describe("--dry-run", () => {
  it("of every command says what would be done, and changes nothing", async () => {
    const { cwd, kid } = await issuerWithMaterial();
    const config = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
    config.limits.maxTtlSeconds = 172_800;
    await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
    const before = await tree(cwd);
    const commands: readonly (readonly [string[], RegExp])[] = [
      [["tick"], /nothing would be done/],
      [
        ["rotate"],
        /would make a standby key[\s\S]*the rotation would be scheduled: the first tick after \d{4}-.* would carry it out/,
      ],
      [["revoke", kid], /would activate key \S+: its predecessor was revoked/],
      [["import", "key.pem", "--kid", "mine"], /would import key mine as standby[\s\S]*would publish/],
      [["import-jwks", "other.json", "--tokens-expire-by", "30d"], /would import the public key \S+ as retired/],
      [["apply"], /would put the new policy in force: maxTtlSeconds: 172800[\s\S]*longest life of a token has changed/],
      [["migrate", "--algorithm", "RS256", "--verifiers-accept", "RS256"], /would make a standby key \(RS256, file\)/],
      [["expire", kid, "--tokens-expire-by", "30d"], /would record that the last token of key/],
      [["repair", "--mend"], /everything is as the keyring says/],
    ];
    for (const [args, words] of commands) {
      const ran = await signet(["keys", ...args, "--dry-run"], { cwd });
      expect(ran.stderr).toMatch(words);
      expect(ran.stderr).not.toMatch(/^done:/m);
      expect(ran.code).toBe(0);
      expect(await tree(cwd)).toStrictEqual(before);
    }
  });

  it("refuses a rotation, as the command itself does, where none of the private keys is found", async () => {
    const { cwd } = await issuerWithMaterial();
    const keys = join(cwd, ".signet", "keys");
    for (const name of await readdir(keys)) await unlink(join(keys, name));
    const before = await tree(cwd);
    const dry = await signet(["keys", "rotate", "--dry-run"], { cwd });
    expect(dry).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("none of this issuer's private keys is found at file"),
    });
    expect(await tree(cwd)).toStrictEqual(before);
    const ran = await signet(["keys", "rotate"], { cwd });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("none of this issuer's private keys is found at file"),
    });
    expect(await readdir(keys)).toStrictEqual([]);
  });

  it("refuses what the command itself would refuse", async () => {
    const { cwd } = await issuerWithMaterial();
    const before = await tree(cwd);
    for (const args of [
      ["migrate", "--algorithm", "RS256"],
      ["import", "key.pem", "--as", "active"],
      ["revoke", "nobody"],
      ["expire", "nobody", "--tokens-expire-by", "1d"],
    ]) {
      const ran = await signet(["keys", ...args, "--dry-run"], { cwd });
      expect(ran.code).toBe(1);
      expect(await tree(cwd)).toStrictEqual(before);
    }
  });

  it("of repair says what it would do to a damaged installation", async () => {
    const { cwd } = await issuerWithMaterial();
    await unlink(join(cwd, ".signet", "active", "1.json"));
    const before = await tree(cwd);
    const ran = await signet(["keys", "repair", "--mend", "--dry-run"], { cwd });
    expect(ran.stderr).toMatch(/the active document is missing[\s\S]*would activate key \S+/);
    expect(await tree(cwd)).toStrictEqual(before);
  });
});

describe("what cannot be undone", () => {
  it.each([
    ["revoke", (kid: string) => ["revoke", kid]],
    ["expire", (kid: string) => ["expire", kid, "--tokens-expire-by", "1d"]],
  ])("%s is refused without a terminal and without --yes, and nothing is changed", async (_name, args) => {
    const { cwd, kid } = await issuerWithMaterial();
    const before = await tree(cwd);
    const ran = await signet(["keys", ...args(kid)], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("give --yes to do it");
    expect(await tree(cwd)).toStrictEqual(before);
  });
});
