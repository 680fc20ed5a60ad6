import { execFileSync, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));
const scratch = scratchDirectories();
let cwd: string;

beforeAll(async () => {
  cwd = await scratch();
  expect((await signet(["init", "--issuer", "https://here.example"], { cwd })).code).toBe(0);
  await signet(["init", "--config", "other.json", "--issuer", "https://other.example"], {
    cwd,
    env: { SIGNET_DIRECTORY: ".other" },
  });
  const other = { issuer: "https://other.example", directory: ".other" };
  await writeFile(join(cwd, "other.json"), JSON.stringify(other));
});

describe("--config", () => {
  it.each([
    ["before the command", ["--config", "other.json", "issue"]],
    ["after it", ["issue", "--config", "other.json"]],
    ["after it, over one before it", ["--config", "signet.json", "issue", "--config", "other.json"]],
  ])("counts %s", async (_where, args) => {
    const { code, stdout } = await signet(args, { cwd });
    expect(code).toBe(0);
    const [, payload = ""] = stdout.split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toMatchObject({ iss: "https://other.example" });
  });

  it.each([
    [["--config", "other.json", "keys", "list", "--json"]],
    [["keys", "--config", "other.json", "list", "--json"]],
    [["keys", "list", "--config", "other.json", "--json"]],
  ])("counts wherever it stands among the words of %o", async (args) => {
    const { code, stdout } = await signet(args, { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ issuer: "https://other.example" });
  });
});

describe("the streams", () => {
  const bare = () => ({ cwd, encoding: "utf8" as const, env: { PATH: process.env.PATH ?? "", HOME: cwd } });

  it.skipIf(process.platform !== "linux")("a disk that is full is a failure in one line", () => {
    const ran = spawnSync("sh", ["-c", `"$1" "$2" issue >/dev/full`, "sh", process.execPath, SIGNET], bare());
    expect(ran).toMatchObject({ status: 1, stderr: "signet: the output cannot be written (ENOSPC)\n" });
  });

  it("a reader that has read enough is none", () => {
    const script = `set -o pipefail; "$1" "$2" issue -n 5000 | head -n 1`;
    const stdout = execFileSync("bash", ["-c", script, "bash", process.execPath, SIGNET], bare());
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });
});
