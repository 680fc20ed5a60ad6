import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { ALGORITHM_NAMES } from "../../src/algorithms/table.js";
import { CUSTODY_NAMES } from "../../src/custody/registry.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SIGNET, signet } from "./command.js";

const scratch = scratchDirectories();
const run = promisify(execFile);

describe("a completion script", () => {
  it("knows commands, options and the values that an option takes", async () => {
    const cwd = await scratch();
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await signet(["completion", shell], { cwd });
      expect(code).toBe(0);
      for (const word of ["import", "issue", "audience", CUSTODY_NAMES.join(" "), ALGORITHM_NAMES.join(" ")])
        expect(stdout).toContain(word);
    }
    expect((await signet(["completion", "tcsh"], { cwd })).code).toBe(2);
  });

  it.runIf(process.platform !== "win32")("completes them in bash", async () => {
    const { stdout: script } = await signet(["completion", "bash"], { cwd: await scratch() });
    const completed = async (...words: string[]) => {
      const typed = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _signet`;
      const { stdout } = await run("bash", ["-c", `${script}\n${typed}\nprintf '%s\\n' "\${COMPREPLY[@]}"`]);
      return stdout.trim().split("\n");
    };
    expect(await completed("signet", "init", "--custody", "")).toStrictEqual(CUSTODY_NAMES);
    expect(await completed("signet", "keys", "import", "a.pem", "--as", "")).toStrictEqual(["standby", "active"]);
    expect(await completed("signet", "completion", "b")).toStrictEqual(["bash"]);
    expect(await completed("signet", "help", "dep")).toStrictEqual(["deploy"]);
    expect(await completed("signet", "keys", "migrate", "--algorithm", "EdD")).toStrictEqual(["EdDSA"]);
    expect(await completed("signet", "keys", "rot")).toStrictEqual(["rotate"]);
    expect(await completed("signet", "init", "--custody", "kms", "--keyr")).toStrictEqual(["--keyring"]);
    expect(await completed("signet", "init", "--for", "github")).toStrictEqual(["github-app"]);
  });

  it.runIf(process.platform !== "win32")(
    "asks the command for kids and callers, which says nothing where there are none",
    async () => {
      const cwd = await scratch();
      expect(await signet(["__values", "kids"], { cwd })).toStrictEqual({ code: 0, signal: null, stdout: "", stderr: "" });
      await signet(["init"], { cwd });
      await signet(["callers", "add", "web"], { cwd });
      const { keys } = JSON.parse((await signet(["jwks"], { cwd })).stdout) as { keys: { kid: string }[] };
      const [kid = ""] = keys.map((key) => key.kid);
      const { stdout: script } = await signet(["completion", "bash"], { cwd });
      const completed = async (...words: string[]) => {
        const typed = `COMP_WORDS=('${SIGNET}' ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _signet`;
        const { stdout } = await run("bash", ["-c", `${script}\n${typed}\nprintf '%s\\n' "\${COMPREPLY[@]}"`], { cwd });
        return stdout.trim().split("\n");
      };
      expect(await completed("keys", "revoke", kid.slice(0, 6))).toContain(kid);
      expect(await completed("callers", "rotate", "w")).toStrictEqual(["web"]);
    },
  );

  it.runIf(process.platform !== "win32")("runs nothing that a key is called", async () => {
    const cwd = await scratch();
    await signet(["init"], { cwd });
    // No kid of ours has a dot.
    const kids = ["a.k$(touch pwned)", "a.k`touch pwned`", "a.k v", "a.k*", "a.k'\"\\"];
    for (const kid of kids) {
      const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const jwk = { ...publicKey.export({ format: "jwk" }), alg: "ES256", kid };
      await writeFile(join(cwd, "other.json"), JSON.stringify({ keys: [jwk] }));
      expect(await signet(["keys", "import-jwks", "other.json", "--tokens-expire-by", "30d", "--yes"], { cwd })).toMatchObject({
        code: 0,
      });
    }
    const { stdout: script } = await signet(["completion", "bash"], { cwd });
    const typed = `COMP_WORDS=('${SIGNET}' keys revoke a.); COMP_CWORD=3; _signet; eval "printf '%s\\n' \${COMPREPLY[*]}"`;
    const { stdout } = await run("bash", ["-c", `${script}\n${typed}`], { cwd });
    // Each is one word of what would be typed, and that word is the kid.
    expect(stdout.trim().split("\n").sort()).toStrictEqual([...kids].sort());
    expect(await readdir(cwd)).not.toContain("pwned");
  });
});
