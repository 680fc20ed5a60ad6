import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { encryptedPem, privatePem } from "../world/shapes.js";
import { signet, signetProcess } from "./command.js";

const scratch = scratchDirectories();
const ecKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const jwkOf = (key: KeyObject, kid: unknown) => ({ ...key.export({ format: "jwk" }), kid });
let cwd: string;

beforeAll(async () => {
  cwd = await scratch();
  expect(await signet(["init"], { cwd })).toMatchObject({ code: 0 });
  await writeFile(join(cwd, "pass"), "\ufeffs3cret\r\n", { mode: 0o600 });
});

const dryRun = (source: string, more: string[] = [], options: object = {}) =>
  signet(["keys", "import", source, "--dry-run", ...more], { cwd, ...options });

describe("signet keys import takes a key", () => {
  it("from stdin, encrypted or not", async () => {
    const key = ecKey();
    const plain = await dryRun("-", ["--kid", "piped"], { input: privatePem(key) });
    expect(plain, plain.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("found in -: an ES256 key, piped") });
    const input = encryptedPem(key, "s3cret");
    expect(await dryRun("-", [], { input })).toMatchObject({ code: 2, stderr: expect.stringContaining("--key-passphrase-file") });
    expect(await dryRun("-", ["--key-passphrase-file", "pass"], { input })).toMatchObject({ code: 0 });
    const piped = await signetProcess(["keys", "import", "-", "--dry-run"], { cwd, input });
    expect(piped).toMatchObject({ code: 2, stdout: "" });
  });

  it("from a variable, and chooses a member and a key of a set", async () => {
    const keys = [jwkOf(ecKey(), "a"), jwkOf(ecKey(), "b")];
    const env = { SIGNING: JSON.stringify({ one: privatePem(ecKey()), all: { keys } }) };
    const several = await dryRun("env:SIGNING", ["--member", "all"], { env });
    expect(several).toMatchObject({ code: 1, stderr: expect.stringContaining('"a", "b"; choose one with --kid') });
    const chosen = await dryRun("env:SIGNING", ["--member", "all", "--kid", "b"], { env });
    expect(chosen, chosen.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("key, b;") });
    expect(await dryRun("env:MISSING")).toMatchObject({ code: 2, stderr: expect.stringContaining("MISSING is not set") });
  });

  it("never under another name than the one that it has", async () => {
    await writeFile(join(cwd, "number.json"), JSON.stringify(jwkOf(ecKey(), 42)));
    expect(await dryRun("number.json")).toMatchObject({ code: 1, stderr: expect.stringContaining("--kid") });
    expect(await dryRun("number.json", ["--kid", "42"])).toMatchObject({ code: 0 });
  });

  it("and never repeats one that stands in the place of a file's name", async () => {
    const pem = privatePem(ecKey());
    for (const pasted of [pem, `Key:\n${pem}`, JSON.stringify(pem)]) {
      const ran = await dryRun(pasted);
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(/a key itself|unknown option '-----BEGIN/) });
      expect(ran.stderr).not.toContain(pem.slice(40, 60));
    }
    const secret = await dryRun("number.json", ["--key-passphrase-file", "my passphrase"]);
    expect(secret).toMatchObject({ code: 2, stderr: expect.not.stringContaining("my passphrase") });
  });
});

describe("signet init --import takes a key", () => {
  it("as it stands in a service account's JSON on stdin", async () => {
    const folder = await scratch();
    const input = JSON.stringify({ private_key_id: "sa-1", private_key: privatePem(ecKey()) });
    const ran = await signet(["init", "--import", "-"], { cwd: folder, input });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("key sa-1 signs") });
    const alone = await signet(["init", "--member", "x"], { cwd: await scratch() });
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining("give it with --import") });
  });
});
