import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { SIGNET, signet } from "./command.js";

const scratch = scratchDirectories();
const hasFullDevice = existsSync("/dev/full");
let cwd: string;

beforeAll(async () => {
  cwd = await scratch();
  expect((await signet(["init"], { cwd })).code).toBe(0);
});

/** Runs a command line with `signet` in it, in a shell that answers the exit codes of a pipeline's parts. */
async function shell(line: string): Promise<{ readonly codes: string; readonly stderr: string }> {
  const script = `signet() { "${process.execPath}" "${SIGNET}" "$@"; }; ${line}; echo "codes \${PIPESTATUS[*]}" >&2`;
  const child = spawn("bash", ["-c", script], {
    cwd,
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  await once(child, "close");
  return { codes: /^codes (.*)$/m.exec(stderr)?.[1] ?? "", stderr: stderr.replace(/^codes .*\n/m, "") };
}

describe("a command whose output goes away", () => {
  it.each([
    ["issue -n 1000000", "head -1"],
    ["keys list", "true"],
    ["jwks", "true"],
    ["--help", "true"],
  ])("is done, without a word: signet %s | %s", async (command, reader) => {
    expect(await shell(`signet ${command} | ${reader}`)).toStrictEqual({ codes: "0 0", stderr: "" });
  });

  it.each(["issue >&-", "keys list >&- 2>&-", "issue 2>&- <&-"])(
    "works where it was closed before: signet %s",
    async (command) => {
      expect(await shell(`signet ${command}`)).toStrictEqual({ codes: "0", stderr: "" });
    },
  );

  it.skipIf(!hasFullDevice)("fails with one line, and never with a stack, where the disk is full", async () => {
    for (const command of ["issue", "keys list", "jwks", "--help"]) {
      const { codes, stderr } = await shell(`signet ${command} >/dev/full`);
      expect([command, codes, stderr]).toStrictEqual([command, "1", "signet: the output cannot be written (ENOSPC)\n"]);
    }
    expect((await shell("signet nonsense 2>/dev/full")).codes).toBe("2");
    expect((await shell("signet issue >/dev/full 2>/dev/full")).codes).toBe("1");
  });
});
