import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

/** A config that `init` wrote once, in a folder where its `.signet` is not mounted. */
async function withoutVolume() {
  const cwd = await scratch();
  const config = { issuer: "https://issuer.example", algorithm: "ES256", rotation: { rotateEverySeconds: 7_776_000 } };
  await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(cwd, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  return cwd;
}

const rotationIn = async (cwd: string) => JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")).rotation;

describe("beside a config whose keys are not there", () => {
  it.each([
    ["keys tick"],
    ["keys rotate"],
    ["keys apply"],
    ["keys revoke some-kid --yes"],
    ["keys repair --yes"],
    ["keys import key.pem --as active"],
    ["keys import key.pem"],
    ["keys migrate --algorithm RS256 --verifiers-accept RS256"],
    ["serve --port 0"],
    ["issue sub=alice"],
    ["keys list"],
    ["keys explain"],
    ["keys pem"],
    ["jwks"],
    ["verify e30.e30.AA"],
  ])("signet %s says what is missing, changes nothing and makes no folder", async (line) => {
    const cwd = await withoutVolume();
    const config = await readFile(join(cwd, "signet.json"), "utf8");
    const ran = await signet(line.split(" "), { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("signet init");
    expect(ran.stderr).toContain(join(cwd, ".signet"));
    expect((await readdir(cwd)).sort()).toStrictEqual(["key.pem", "signet.json"]);
    expect(await readFile(join(cwd, "signet.json"), "utf8")).toBe(config);
  });

  it("signet keys import --create makes a new issuer that rotates by hand, and says so", async () => {
    const cwd = await withoutVolume();
    const dry = await signet(["keys", "import", "key.pem", "--kid", "mine", "--as", "active", "--create", "--dry-run"], { cwd });
    expect(dry, dry.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("rotateEverySeconds would be set to 0") });
    expect(await readdir(cwd)).not.toContain(".signet");
    const ran = await signet(["keys", "import", "key.pem", "--kid", "mine", "--as", "active", "--create"], { cwd });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("rotation.rotateEverySeconds is 0") });
    expect((await rotationIn(cwd)).rotateEverySeconds).toBe(0);
    const { stdout } = await signet(["keys", "list", "--json"], { cwd });
    expect(JSON.parse(stdout).keys[0]).toMatchObject({ kid: "mine", state: "active", origin: "imported" });
    expect((await signet(["keys", "explain"], { cwd })).stdout).toContain("until it is rotated by hand");
    expect((await signet(["keys", "tick"], { cwd })).stderr).not.toContain("not the policy in force");
  });

  it("a key that cannot be read leaves the config as it was", async () => {
    const cwd = await withoutVolume();
    await writeFile(join(cwd, "key.pem"), "no key");
    expect(await signet(["keys", "import", "key.pem", "--create"], { cwd })).toMatchObject({ code: 1 });
    expect((await rotationIn(cwd)).rotateEverySeconds).toBe(7_776_000);
  });
});

describe("an import with --create that is refused", () => {
  it.each([
    ["a name that no key may have", ["--kid", "schl\u00fcssel"]],
    ["one that may be no first key", ["--kid", "mine", "--algorithm", "RS256"]],
  ])("leaves the config, and makes no keyring: %s", async (_, flags) => {
    const cwd = await withoutVolume();
    const config = await readFile(join(cwd, "signet.json"), "utf8");
    for (const as of ["active", "standby"]) {
      const ran = await signet(["keys", "import", "key.pem", "--create", "--as", as, ...flags], { cwd });
      expect(ran.code, ran.stderr).toBeGreaterThan(0);
      expect((await readdir(cwd)).sort()).toStrictEqual(["key.pem", "signet.json"]);
      expect(await readFile(join(cwd, "signet.json"), "utf8")).toBe(config);
    }
  });

  it("leaves the config where private keys of a lost keyring are there", async () => {
    const cwd = await scratch();
    await signet(["init", "--algorithm", "ES256", "--issuer", "https://issuer.example"], { cwd });
    await rm(join(cwd, ".signet", "keyring.json"));
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(cwd, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const config = await readFile(join(cwd, "signet.json"), "utf8");
    for (const more of [["--dry-run"], []]) {
      const ran = await signet(["keys", "import", "key.pem", "--create", ...more], { cwd });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("restore the keyring from a backup") });
      expect(await readFile(join(cwd, "signet.json"), "utf8")).toBe(config);
    }
  });
});

describe("where no key is active", () => {
  it("signet and signet issue name the same next step", async () => {
    const cwd = await scratch();
    await signet(["init", "--algorithm", "Ed25519"], { cwd });
    const path = join(cwd, ".signet", "keyring.json");
    const keyring = JSON.parse(await readFile(path, "utf8"));
    await rm(join(cwd, ".signet", "active"), { recursive: true });
    expect((await signet(["issue", "sub=a"], { cwd })).stderr).toContain("signet keys tick");
    // As an `init` leaves it that was killed before its key signed.
    const { keys, lastSequence: _, ...rest } = keyring;
    const begun = { ...rest, keys: [], lastSequence: 0, confirmedSequence: 0, allocations: [], activation: null };
    await writeFile(path, JSON.stringify(begun));
    for (const args of [[], ["issue", "sub=a"]]) {
      const { stderr } = await signet(args, { cwd });
      expect([keys.length > 0, stderr]).toStrictEqual([true, expect.stringContaining("signet init")]);
      expect(stderr).not.toContain("keys tick");
    }
  });

  it("a keyring that is damaged is no new issuer", async () => {
    const cwd = await scratch();
    await signet(["init", "--algorithm", "Ed25519"], { cwd });
    await rm(join(cwd, ".signet", "active"), { recursive: true });
    await writeFile(join(cwd, ".signet", "keyring.json"), "{");
    const { code, stderr } = await signet(["issue", "sub=a"], { cwd });
    expect([code, stderr]).toStrictEqual([1, expect.stringContaining("is damaged")]);
    expect(stderr).not.toContain("signet init");
  });
});

describe("signet init --import", () => {
  it("makes an issuer that rotates by hand, and says so", async () => {
    const cwd = await withoutVolume();
    const at = ["--config", "made.json"];
    const ran = await signet(["init", "--import", "key.pem", "--kid", "mine", ...at], { cwd });
    expect(ran, ran.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("signs until `signet keys rotate --config made.json`"),
    });
    expect(JSON.parse(await readFile(join(cwd, "made.json"), "utf8")).rotation).toStrictEqual({ rotateEverySeconds: 0 });
    expect((await signet(["keys", "explain", ...at], { cwd })).stdout).toContain("until it is rotated by hand");
  });
});
