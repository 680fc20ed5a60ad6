import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

describe("a folder whose keys are encrypted", () => {
  it("gets no key from a rotation without the passphrase, or with another: it is said, and exits 1", {
    timeout: 300_000,
  }, async () => {
    const cwd = await scratch();
    const right = { SIGNET_PASSPHRASE: "correct horse battery" };
    expect(await signet(["init"], { cwd, env: right })).toMatchObject({ code: 0 });
    const files = () => readdir(join(cwd, ".signet", "keys"));
    const before = (await files()).sort();
    const without = await signet(["keys", "rotate"], { cwd });
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining("SIGNET_PASSPHRASE") });
    const other = await signet(["keys", "tick"], { cwd, env: { SIGNET_PASSPHRASE: "another staple battery" } });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("the passphrase does not open") });
    expect((await files()).sort()).toStrictEqual(before);
    const again = await signet(["keys", "tick"], { cwd, env: right });
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(await files()).toHaveLength(before.length + 1);
  });

  it("under another one is told how to go on without ending tokens, and a dry run is refused as the run would be", {
    timeout: 300_000,
  }, async () => {
    const cwd = await scratch();
    const right = { SIGNET_PASSPHRASE: "correct horse battery" };
    const other = { SIGNET_PASSPHRASE: "another staple battery" };
    await signet(["init"], { cwd, env: right });
    const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
    const active = keys.find(({ state }: { state: string }) => state === "active").kid;
    const repair = await signet(["keys", "repair"], { cwd, env: other });
    expect(repair.stderr).not.toContain("keys revoke");
    expect(repair.stderr).toMatch(
      /\(active\) could not be proven: the passphrase does not open .*\. Give the passphrase that opens it\. Where that is lost for good, move the key files away, then `signet keys apply` and `signet keys repair --yes`: tokens verify until they end, which a revocation would end at once/,
    );
    const keyring = () => readFile(join(cwd, ".signet", "keyring.json"), "utf8");
    const before = await keyring();
    const dry = await signet(["keys", "revoke", active, "--dry-run"], { cwd, env: other });
    expect(dry).toMatchObject({ code: 1, stderr: expect.stringContaining("no key could be made: the passphrase does not open") });
    expect(dry.stderr).toMatch(
      /would make.*\. A key that signs is revoked all the same, and signs on until another one is proven\n/s,
    );
    expect(await keyring()).toBe(before);
    const well = await signet(["keys", "revoke", active, "--dry-run"], { cwd, env: right });
    expect(well).toMatchObject({ code: 0, stderr: expect.stringContaining("would activate") });
    const told = await signet(["keys", "revoke", active, "--yes"], { cwd, env: other });
    expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining("warning: no key could be made") });
    const tick = await signet(["keys", "tick", "--dry-run"], { cwd, env: other });
    expect(tick).toMatchObject({ code: 1, stderr: expect.stringContaining("no key could be made") });
  });
});

describe("a passphrase that is to be asked for", () => {
  it.each([
    ["SIGNET_PASSPHRASE is set", ["--passphrase"], { SIGNET_PASSPHRASE: "correct horse battery" }],
    ["a file holds one", ["--passphrase", "--passphrase-file", "pw"], {}],
  ])("is not, where later commands would take another: %s", async (words, args, env) => {
    const cwd = await scratch();
    await writeFile(join(cwd, "pw"), "another horse battery", { mode: 0o600 });
    const ran = await signet(["init", ...args], { cwd, env });
    expect(ran).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${words}, which later commands take: give one of the two`),
    });
    expect(await readdir(cwd)).toStrictEqual(["pw"]);
  });
});

describe("a folder whose keys are not encrypted, and a passphrase that is given", () => {
  it("shows a revocation as it would be: a standby takes over, and no key is made after it", async () => {
    const cwd = await scratch();
    await signet(["init", "--algorithm", "Ed25519"], { cwd });
    const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
    const { kid } = keys.find(({ state }: { state: string }) => state === "active");
    const env = { SIGNET_PASSPHRASE: "correct horse battery" };
    const revoke = (...flags: string[]) => signet(["keys", "revoke", kid, ...flags], { cwd, env });
    const dry = await revoke("--dry-run");
    expect(dry).toMatchObject({ code: 1, stderr: expect.stringContaining("would activate") });
    expect(dry.stderr).toMatch(/no key could be made: .*\. The key is revoked all the same, and a standby takes over$/m);
    const { code, stdout } = await revoke("--dry-run", "--json");
    expect([code, JSON.parse(stdout).tokensAtRisk === undefined]).toStrictEqual([1, false]);
    expect((await revoke("--yes")).stderr).not.toContain("signs on");
    const after = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout).keys;
    expect(after.find(({ state }: { state: string }) => state === "active").kid).not.toBe(kid);
  });
});
