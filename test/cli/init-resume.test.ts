import { generateKeyPairSync } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const hasMlDsa = (() => {
  try {
    return generateKeyPairSync("ml-dsa-44" as "ed25519") !== undefined;
  } catch {
    return false;
  }
})();

async function configIn(cwd: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as Record<string, unknown>;
}

describe("init, before it writes anything,", () => {
  it.each([
    [["--passphrase"], "asks at a terminal"],
    [["--passphrase-file", "nowhere"], "does not exist"],
    ...(hasMlDsa ? [] : [[["--algorithm", "ML-DSA-44"], "Node 24.6"] as const]),
  ] as const)("finds out that %o cannot be had", async (args, words) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
    expect(await readdir(cwd)).toStrictEqual([]);
    expect((await signet(["init", "--algorithm", "Ed25519"], { cwd })).code).toBe(0);
  });
});

describe("init over a config that is there", () => {
  it("makes the issuer that the config describes", async () => {
    const cwd = await scratch();
    await writeFile(join(cwd, "signet.json"), '{"issuer":"https://a.example","algorithm":"Ed25519"}');
    expect((await signet(["init", "--issuer", "https://a.example"], { cwd })).code).toBe(0);
    const { stdout } = await signet(["keys", "list", "--json"], { cwd });
    expect(JSON.parse(stdout)).toMatchObject({ issuer: "https://a.example", keys: [{ alg: "EdDSA" }, { alg: "EdDSA" }] });
  });

  it.each([
    [["--issuer", "https://b.example"], "issuer"],
    [["--algorithm", "RS256"], "algorithm"],
    [["--passphrase-file", "pass"], "passphraseFile"],
  ])("ignores no option: %o that says something else changes nothing", async (args, member) => {
    const cwd = await scratch();
    await writeFile(join(cwd, "pass"), "correct horse", { mode: 0o600 });
    await writeFile(join(cwd, "signet.json"), '{"issuer":"https://a.example"}');
    const ran = await signet(["init", ...args], { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(`something else of ${member}`);
    expect((await readdir(cwd)).sort()).toStrictEqual(["pass", "signet.json"]);
  });
});

describe("the config that init writes", () => {
  it("finds the passphrase again, wherever it was named from", async () => {
    const cwd = await scratch();
    const secrets = await scratch();
    await writeFile(join(secrets, "pass"), "correct horse\n", { mode: 0o600 });
    const ran = await signet(["init", "--passphrase-file", join(secrets, "pass")], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("encrypted under your passphrase");
    expect((await signet(["issue"], { cwd })).code).toBe(0);
  });

  it("keeps what the environment said, so that the keys are found without it", async () => {
    const cwd = await scratch();
    const env = { SIGNET_DIRECTORY: "state", SIGNET_ISSUER: "https://env.example" };
    expect((await signet(["init"], { cwd, env })).code).toBe(0);
    expect(await configIn(cwd)).toMatchObject({ directory: "state", issuer: "https://env.example" });
    expect((await signet(["issue"], { cwd })).code).toBe(0);
  });
});
