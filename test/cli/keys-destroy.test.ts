import { copyFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { type FileFixture, fixture } from "../formats/fixtures.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const issuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);

const destroy = (cwd: string, ...args: string[]) => signet(["keys", "destroy", ...args], { cwd });

describe("signet keys destroy", () => {
  it("destroys a private key that no record names, and asks before", async () => {
    const cwd = await issuerAt();
    const keys = join(cwd, ".signet", "keys");
    const [, text = ""] = Object.entries(fixture<FileFixture>("young").files).find(([path]) => path.startsWith("keys/")) ?? [];
    await writeFile(join(keys, "left.key"), text, { mode: 0o600 });
    const before = await readdir(keys);
    expect(before).toContain("left.key");
    const repair = await signet(["keys", "repair"], { cwd });
    expect(repair.stderr).toContain(
      "file holds a private key that no record names (left): if it is not needed, `signet keys destroy left`",
    );
    expect(repair.stderr).toContain("nothing was changed, and --yes would change nothing");
    expect(await destroy(cwd, "left")).toMatchObject({ code: 2, stderr: expect.stringContaining("give --yes to do it") });
    expect(await destroy(cwd, "left", "--dry-run")).toMatchObject({ code: 0, stderr: expect.stringContaining("would destroy") });
    expect(await readdir(keys)).toStrictEqual(before);
    expect(await destroy(cwd, "left", "--yes")).toMatchObject({ code: 0, stderr: expect.stringContaining("done: destroy") });
    expect(await readdir(keys)).toStrictEqual(before.filter((name) => name !== "left.key"));
    expect((await signet(["keys", "history"], { cwd })).stdout).toContain("key.destroyed");
  });

  it("takes as much of a name as no other private key begins with, and asks about the whole of it", async () => {
    const cwd = await issuerAt();
    const folder = join(cwd, ".signet", "keys");
    const [, text = ""] = Object.entries(fixture<FileFixture>("young").files).find(([path]) => path.startsWith("keys/")) ?? [];
    for (const name of ["stray-one", "stray-two"]) await writeFile(join(folder, `${name}.key`), text, { mode: 0o600 });
    const several = await destroy(cwd, "stray", "--yes");
    expect(several).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("2 private keys begin with stray: stray-one, stray-two"),
    });
    expect(await destroy(cwd, "str", "--yes")).toMatchObject({ code: 1, stderr: expect.stringContaining("no custodian") });
    expect(await destroy(cwd, "stray-o", "--dry-run")).toMatchObject({ code: 0, stderr: expect.stringContaining("stray-one") });
    expect((await destroy(cwd, "stray-o", "--yes")).code).toBe(0);
    const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
    const left = [...keys.map(({ id }: { id: string }) => `${id}.key`), "stray-two.key"].sort();
    const ran = await destroy(cwd, keys[0].id.slice(0, 12), "--yes");
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("is not destroyed: the keyring has it") });
    expect((await readdir(folder)).sort()).toStrictEqual(left);
  });

  it("refuses every key of the keyring, by id and by kid, a copy of a published one, and what is not there", async () => {
    const cwd = await issuerAt();
    const folder = join(cwd, ".signet", "keys");
    const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
    await copyFile(join(folder, `${keys[0].id}.key`), join(folder, "copy.key"));
    const before = await readdir(folder);
    for (const name of [...keys.flatMap(({ id, kid }: { id: string; kid: string }) => [id, kid]), "copy"]) {
      const ran = await destroy(cwd, name, "--yes");
      expect([name, ran.code]).toStrictEqual([name, 1]);
      expect(ran.stderr).toMatch(
        /is not destroyed: (the keyring has it|it is the key .*, which is published or signs: where this is a second copy of it, delete it by hand)/,
      );
    }
    expect((await destroy(cwd, "no-such", "--yes")).code).toBe(1);
    expect(await readdir(folder)).toStrictEqual(before);
  });

  it("destroys nothing that it cannot open now: it may be one that is published", async () => {
    const cwd = await scratch();
    const env = { SIGNET_PASSPHRASE: "correct horse" };
    expect((await signet(["init", "--issuer", "https://issuer.example"], { cwd, env })).code).toBe(0);
    const folder = join(cwd, ".signet", "keys");
    const [{ id }] = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout).keys;
    await copyFile(join(folder, `${id}.key`), join(folder, "copy.key"));
    const before = await readdir(folder);
    const ran = await destroy(cwd, "copy", "--yes");
    expect(ran.stderr).toContain("SIGNET_PASSPHRASE");
    expect(ran.code).not.toBe(0);
    expect(await readdir(folder)).toStrictEqual(before);
    expect((await signet(["keys", "destroy", "copy", "--yes"], { cwd, env })).stderr).toContain("is published or signs");
  });
});
