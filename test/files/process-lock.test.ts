import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { processIdentity, stateByPid } from "../../src/files/process-identity.js";
import { withProcessLock } from "../../src/files/process-lock.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "0"]);
  await once(child, "exit");
  return child.pid as number;
}

function identityWithPid(pid: number): string {
  const parts = processIdentity().split("/");
  parts[parts.length - 2] = String(pid);
  return parts.join("/");
}

describe("a process's identity", () => {
  it("tells the living from the dead, and does not judge other machines", async () => {
    expect(stateByPid(processIdentity())).toBe("alive");
    expect(stateByPid(identityWithPid(await deadPid()))).toBe("gone");
    expect(stateByPid(processIdentity().replace(hostname(), "elsewhere"))).toBe("unknown");
    expect(stateByPid("")).toBe("unknown");
  });

  it.runIf(process.platform === "linux")("is not inherited by a later process with the same pid", () => {
    const mine = processIdentity();
    expect(stateByPid(mine.slice(0, mine.lastIndexOf("/") + 1).concat("12345"))).toBe("gone");
  });
});

/** So long that whoever else were inside would be seen. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
}

describe("a lock file", () => {
  it("lets one in at a time and leaves nothing behind", async () => {
    const directory = await scratch();
    const path = join(directory, "lock");
    let inside = 0;
    let most = 0;
    const enter = () =>
      withProcessLock(path, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await someTurns();
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 12 }, enter));
    expect(most).toBe(1);
    expect(await readdir(directory)).toStrictEqual([]);
  });

  it("is taken over from a dead process by exactly one of many", async () => {
    const directory = await scratch();
    const path = join(directory, "lock");
    await writeFile(path, JSON.stringify({ process: identityWithPid(await deadPid()), nonce: "0123456789abcdef" }));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withProcessLock(path, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await someTurns();
          inside -= 1;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(await readdir(directory)).toStrictEqual([]);
  });

  it("is never taken from a living process, and says which one holds it", async () => {
    const path = join(await scratch(), "lock");
    await writeFile(path, JSON.stringify({ process: processIdentity(), nonce: "0123456789abcdef" }));
    const attempt = withProcessLock(path, async () => undefined, { waitMilliseconds: 30 });
    await expect(attempt).rejects.toMatchObject({ code: "store_locked", message: expect.stringContaining(String(process.pid)) });
    expect(await readFile(path, "utf8")).toContain("0123456789abcdef");
  });

  it("that a failing disk kept is taken by the thread that gave it back, and by no other while its process lives", async () => {
    const path = join(await scratch(), "lock");
    let text = "";
    await withProcessLock(path, async () => {
      text = await readFile(path, "utf8");
    });
    await writeFile(path, text);
    expect(await withProcessLock(path, async () => "entered", { waitMilliseconds: 0 })).toBe("entered");
    await writeFile(path, JSON.stringify({ ...JSON.parse(text), thread: "another" }));
    await expect(withProcessLock(path, async () => undefined, { waitMilliseconds: 0 })).rejects.toMatchObject({
      code: "store_locked",
    });
  });

  it("that cannot be read is told as what it is", async () => {
    const path = join(await scratch(), "lock");
    await mkdir(path);
    await expect(withProcessLock(path, async () => undefined)).rejects.toMatchObject({
      code: "store_failed",
      message: `${path} cannot be read (EISDIR)`,
    });
  });

  it("that is no lock of ours is left alone", async () => {
    const path = join(await scratch(), "lock");
    await writeFile(path, "hello");
    await expect(withProcessLock(path, async () => undefined)).rejects.toMatchObject({ code: "store_locked" });
    expect(await readFile(path, "utf8")).toBe("hello");
  });
});
