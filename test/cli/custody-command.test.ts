import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasEnded } from "../contracts/ended.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { SIGNET } from "./command.js";

const scratch = scratchDirectories();
/** It ends by itself at last, so that a test that fails leaves nothing behind. */
const HANGS = `#!/bin/sh
sleep 600 &
echo "$$ $!" > "$1/pids"
wait
`;

describe.runIf(process.platform !== "win32")("a command whose program of --custody command hangs", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "is ended by %s, and the program with all that it has started",
    async (signal) => {
      const folder = await scratch();
      const program = join(folder, "keys");
      await writeFile(program, HANGS, { mode: 0o700 });
      const words = ["--custody", "command", "--command", JSON.stringify([program, folder]), "--command-timeout-seconds", "300"];
      const child = spawn(process.execPath, [SIGNET, "init", "--issuer", "https://a.example", ...words], {
        cwd: folder,
        stdio: "ignore",
      });
      const ended = once(child, "exit");
      const pids = async () => (await readFile(join(folder, "pids"), "utf8").catch(() => "")).split(" ").map(Number);
      await until("the program runs", async () => (await pids()).length === 2);
      child.kill(signal);
      expect(await ended).toStrictEqual([null, signal]);
      for (const pid of await pids()) await until("the end of all that it started", () => hasEnded(pid));
    },
  );
});
