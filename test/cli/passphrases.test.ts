import { readdir } from "node:fs/promises";
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
});
