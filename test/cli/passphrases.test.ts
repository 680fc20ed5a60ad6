import { readdir, readFile } from "node:fs/promises";
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
    expect(dry.stderr).not.toContain("would activate");
    expect(await keyring()).toBe(before);
    const well = await signet(["keys", "revoke", active, "--dry-run"], { cwd, env: right });
    expect(well).toMatchObject({ code: 0, stderr: expect.stringContaining("would activate") });
    const told = await signet(["keys", "revoke", active, "--yes"], { cwd, env: other });
    expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining("warning: no key could be made") });
    const tick = await signet(["keys", "tick", "--dry-run"], { cwd, env: other });
    expect(tick).toMatchObject({ code: 1, stderr: expect.stringContaining("no key could be made") });
  });
});
