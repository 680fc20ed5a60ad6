import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatePrivateKey } from "../../src/algorithms/keys.js";
import { algorithmNamed } from "../../src/algorithms/table.js";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const es256 = algorithmNamed("ES256");

let slowDown: () => void;
beforeAll(() => {
  slowDown = quickenPassphrases();
});
afterAll(() => slowDown());

describe("the custodian file, under a passphrase", () => {
  it("makes, opens, imports and destroys keys as without one", async () => {
    const directory = join(await scratch(), "keys");
    const custodian = createFileCustodian({ directory, passphrase: async () => "correct horse" });
    const made = await custodian.create("a", es256);
    const signer = await custodian.open({ kid: made.kid, alg: "ES256", material: await custodian.material("a") });
    expect(signer.publicJwk).toStrictEqual(made);
    const imported = await custodian.importKey("b", await generatePrivateKey(es256), es256, "my/key");
    expect(imported.kid).toBe("my/key");
    await custodian.destroy("a");
    expect(await readdir(directory)).toStrictEqual(["b.key"]);
  });
});

async function plainKey(): Promise<{ directory: string; path: string; custodian: ReturnType<typeof createFileCustodian> }> {
  const directory = join(await scratch(), "keys");
  const custodian = createFileCustodian({ directory });
  await custodian.create("a", es256);
  return { directory, path: join(directory, "a.key"), custodian };
}

describe("a key file", () => {
  it("is readable by its owner alone, in a directory of its owner's", async () => {
    const { directory, path } = await plainKey();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it.each([0o640, 0o604, 0o620, 0o666])("that others can read or write (%o) is not opened, and chmod is named", async (mode) => {
    const { path, custodian } = await plainKey();
    await chmod(path, mode);
    await expect(custodian.material("a")).rejects.toMatchObject({
      code: "store_insecure",
      message: expect.stringContaining(`chmod 600 ${path}`),
    });
  });

  it("in a directory that others can write to is not opened", async () => {
    const { directory, custodian } = await plainKey();
    await chmod(directory, 0o770);
    await expect(custodian.material("a")).rejects.toMatchObject({
      code: "store_insecure",
      message: expect.stringContaining("chmod 700"),
    });
  });

  it("that is a symbolic link out of its directory is not opened; one inside is", async () => {
    const { directory, path, custodian } = await plainKey();
    const inside = join(directory, "elsewhere");
    await rename(path, inside);
    await symlink("elsewhere", path);
    expect(await custodian.material("a")).toStrictEqual({ custody: "file", file: "a" });
    const outside = await scratch();
    await rename(inside, join(outside, "a.key"));
    await symlink(join(outside, "a.key"), inside);
    await expect(custodian.material("a")).rejects.toMatchObject({ code: "store_insecure" });
  });

  it.each(["../a", "a/b", "", "a.key", "a\0", "é"])("is never looked for under the id %j", async (id) => {
    const { custodian } = await plainKey();
    await expect(custodian.create(id, es256)).rejects.toMatchObject({ code: "invalid_key" });
    await expect(custodian.open({ kid: "k", alg: "ES256", material: { file: id } })).rejects.toMatchObject({
      code: "invalid_key",
    });
  });

  it("that is damaged says so, without its content", async () => {
    const { path, custodian } = await plainKey();
    for (const text of [
      "{",
      "{}",
      "not a key",
      '{"kty":"EC","alg":"ES256","kid":"k","crv":"P-256","x":"AA","y":"AA","d":"c2VjcmV0"}',
    ]) {
      await writeFile(path, text);
      const error = (await custodian
        .open({ kid: "k", alg: "ES256", material: { file: "a" } })
        .catch((reason: unknown) => reason)) as Error;
      expect(error).toMatchObject({ name: "SignetError" });
      expect(error.message).not.toContain("c2VjcmV0");
    }
  });

  it("that an interrupted write left behind is listed and destroyed, the key of the same id apart", async () => {
    const { directory, custodian } = await plainKey();
    const left = ["a.key.0123456789ab.tmp", "b.key.0123456789ab.tmp"];
    for (const name of left) await writeFile(join(directory, name), "{}", { mode: 0o600 });
    const ids: string[] = [];
    for await (const id of custodian.list()) ids.push(id);
    expect(ids.sort()).toStrictEqual(["a", ...left]);
    for (const name of left) await custodian.destroy(name);
    expect(await readdir(directory)).toStrictEqual(["a.key"]);
  });
});

describe("a passphrase", () => {
  async function encrypted() {
    const directory = join(await scratch(), "keys");
    const jwk = await createFileCustodian({ directory, passphrase: async () => "correct horse" }).create("a", es256);
    return { directory, jwk, text: await readFile(join(directory, "a.key"), "utf8") };
  }

  it("stores the key as an encrypted JWK with at least 600,000 iterations", async () => {
    const { text } = await encrypted();
    const header = decodeProtectedHeader(text.trim());
    expect(header).toMatchObject({ alg: "PBES2-HS512+A256KW", enc: "A256GCM", cty: "jwk+json" });
    expect(header.p2c).toBeGreaterThanOrEqual(600_000);
  });

  it("that is wrong or missing is an error that says what to set", async () => {
    const { directory } = await encrypted();
    const wrong = createFileCustodian({ directory, passphrase: async () => "wrong" });
    await expect(wrong.create("a", es256)).rejects.toMatchObject({ code: "passphrase_wrong" });
    const missing = createFileCustodian({ directory });
    await expect(missing.create("a", es256)).rejects.toMatchObject({
      code: "passphrase_required",
      message: expect.stringContaining("SIGNET_PASSPHRASE"),
    });
  });

  it("does not stop a planted file from being refused before it costs hours", async () => {
    const directory = join(await scratch(), "keys");
    await mkdir(directory, { mode: 0o700 });
    const header = Buffer.from(
      JSON.stringify({ alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "c2FsdHNhbHRzYWx0", p2c: 2 ** 31 - 1 }),
    ).toString("base64url");
    await writeFile(join(directory, "a.key"), `${header}.AAAA.AAAA.AAAA.AAAA`, { mode: 0o600 });
    const custodian = createFileCustodian({ directory, passphrase: async () => "x" });
    await expect(custodian.create("a", es256)).rejects.toMatchObject({ code: "invalid_key" });
  });
});
