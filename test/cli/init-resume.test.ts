import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CUSTODIES } from "../../src/custody/registry.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

async function configIn(cwd: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as Record<string, unknown>;
}

describe("init, before it writes anything,", () => {
  it.each([
    [["--passphrase"], "asks at a terminal"],
    [["--passphrase-file", "nowhere"], "does not exist"],
    ...(HAS_ML_DSA ? [] : [[["--algorithm", "ML-DSA-44"], "Node 24.6"] as const]),
  ] as const)("finds out that %o cannot be had", async (args, words) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
    expect(await readdir(cwd)).toStrictEqual([]);
    expect((await signet(["init", "--algorithm", "Ed25519"], { cwd })).code).toBe(0);
  });
});

describe("init that cannot be done", () => {
  const isRoot = process.getuid?.() === 0;
  const inAws = ["--custody", "parameter-store"];

  it.each([
    ["no region is known", inAws, {}, "no AWS region is known: give --region, set AWS_REGION, or give the profile one"],
    ["there are no credentials", [...inAws, "--region", "eu-central-1"], {}, "credentials"],
    ["the issuer's URL is none", ["--issuer", "here"], {}, "issuer"],
    ["the key to import is held by KMS, and others are not", ["--import", "kms:alias/a", "--region", "eu-central-1"], {}, "kms"],
    [
      "the passphrase is there for one moment",
      ["--passphrase-file", "/dev/stdin"],
      {},
      "give --passphrase-file a file that stays",
    ],
    ["the folder of the config is missing", ["--config", "none/signet.json"], {}, "there is no such folder"],
    ["the folder of the keys is a file", [], { SIGNET_DIRECTORY: "file" }, "is a file"],
    ["the folder of the keys is below a file", [], { SIGNET_DIRECTORY: "file/keys" }, "file where a folder has to be"],
  ])("writes nothing where %s, and is typed again, corrected", async (_why, args, env, words) => {
    const cwd = await scratch();
    await writeFile(join(cwd, "file"), "");
    const noMetadata = { AWS_EC2_METADATA_DISABLED: "true" };
    const ran = await signet(["init", ...args], { cwd, env: { ...noMetadata, ...env }, input: "x" });
    expect([ran.stderr, ran.stdout]).toStrictEqual([expect.stringContaining(words), ""]);
    expect(ran.code).not.toBe(0);
    expect(await readdir(cwd)).toStrictEqual(["file"]);
    expect((await signet(["init"], { cwd })).code).toBe(0);
  });

  it.runIf(process.platform !== "win32")("writes nothing in a folder that every user can write", async () => {
    const cwd = await scratch();
    await chmod(cwd, 0o777);
    const ran = await signet(["init"], { cwd });
    expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining(`chmod o-w ${cwd}`)]);
    expect(await readdir(cwd)).toStrictEqual([]);
  });

  const inFolders = CUSTODIES.filter(({ keyFolder, member }) => keyFolder !== undefined && member === undefined);
  it.runIf(process.platform !== "win32").each(inFolders)(
    "writes nothing where every user can write the keys' folder: $name",
    async (facts) => {
      const cwd = await scratch();
      const folder = join(cwd, ".signet", facts.keyFolder as string);
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o777);
      const ran = await signet(["init", "--custody", facts.name], { cwd });
      expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining(`${folder} can be written by other users`)]);
      expect(await readdir(cwd)).toStrictEqual([".signet"]);
    },
  );

  it.runIf(process.platform !== "win32")("writes nothing where it may not, which stops everybody but root", async () => {
    const cwd = await scratch();
    await chmod(cwd, 0o500);
    const ran = await signet(["init"], { cwd });
    if (isRoot) expect(ran.code).toBe(0);
    else expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining("this user may not write there")]);
  });

  it("writes no second config over the keys of an issuer", async () => {
    const cwd = await scratch();
    expect((await signet(["init"], { cwd })).code).toBe(0);
    const ran = await signet(["init", "--config", "other.json"], { cwd });
    expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining("has the keys of an issuer already")]);
    expect((await readdir(cwd)).sort()).toStrictEqual([".signet", "signet.json"]);
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
    expect(ran.stderr).toContain(`another ${member}`);
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
