import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { preloaded } from "./preloaded.js";

const scratch = scratchDirectories();

/** A command that is killed in another container at its n-th write. */
const killedElsewhere = (args: readonly string[], cwd: string, at: string) =>
  signet(args, { cwd, env: { KILL_AT: at, NODE_OPTIONS: `${preloaded("other-host.mjs")} ${preloaded("kill-at-write.mjs")}` } });

const socketIn = async (folder: string) => (await readdir(folder)).find((name) => name.endsWith(".sock")) ?? "";

describe.runIf(process.platform === "linux")("a command that was killed in another container of this machine", () => {
  it("keeps no other out: its locks and its lease are taken over at once, and what it was writing goes", async () => {
    const cwd = await scratch();
    expect((await signet(["init"], { cwd })).code).toBe(0);
    expect((await killedElsewhere(["callers", "add", "web"], cwd, "4")).signal).toBe("SIGKILL");
    expect(await readdir(cwd)).toContain("signet.json.lock");
    expect((await signet(["callers", "add", "web"], { cwd })).code).toBe(0);
    expect((await killedElsewhere(["keys", "rotate"], cwd, "14")).signal).toBe("SIGKILL");
    const ran = await signet(["keys", "tick"], { cwd });
    expect([ran.code, ran.stderr]).toStrictEqual([0, expect.not.stringContaining("changing keys")]);
    const left = (await readdir(join(cwd, ".signet"), { recursive: true })).filter((name) => /tmp$|sock$|lock$/.test(name));
    expect(left).toStrictEqual([]);
  });

  it("of which nothing is known any more is unlocked by a person", async () => {
    const cwd = await scratch();
    expect((await signet(["init"], { cwd })).code).toBe(0);
    expect((await signet(["keys", "unlock"], { cwd })).stderr).toContain("nothing is locked");
    expect((await killedElsewhere(["keys", "rotate"], cwd, "14")).signal).toBe("SIGKILL");
    const folder = join(cwd, ".signet");
    await rm(join(folder, await socketIn(folder)));
    const refused = await signet(["keys", "rotate"], { cwd });
    const [, holder = ""] = /signet keys unlock (web-2:\d+)/.exec(refused.stderr) ?? [];
    expect(refused.code).toBe(1);
    expect((await signet(["keys", "unlock"], { cwd })).stdout).toContain(holder);
    expect((await signet(["keys", "unlock", "web-9:1", "--yes"], { cwd })).stderr).toContain("nothing is held by web-9:1");
    expect((await signet(["keys", "unlock", holder], { cwd })).code).toBe(2);
    expect((await signet(["keys", "unlock", holder, "--yes"], { cwd })).code).toBe(0);
    expect((await signet(["keys", "tick"], { cwd })).code).toBe(0);
    expect(await readFile(join(folder, "audit.jsonl"), "utf8")).toContain("lease.unlocked");
  });
});
