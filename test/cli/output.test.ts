import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Writable } from "node:stream";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { createOutput } from "../../src/cli/output.js";
import { some } from "../contracts/matrix.js";
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
  it.each(
    some(2, [
      ["issue -n 1000000", "head -1"],
      ["keys list", "true"],
      ["jwks", "true"],
      ["--help", "true"],
    ] as const),
  )("is done, without a word: signet %s | %s", async (command, reader) => {
    expect(await shell(`signet ${command} | ${reader}`)).toStrictEqual({ codes: "0 0", stderr: "" });
  });

  describe("and that changes something", () => {
    it.each([
      ["EPIPE", 0],
      ["ENOSPC", 1],
    ])("goes on with its work, where one that only prints ends at once (%s)", async (code, exitCode) => {
      const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
      const output = () => {
        const gone = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("gone"), { code })) });
        return createOutput(gone as never, new Writable({ write: (_chunk, _encoding, done) => done() }) as never, {});
      };
      const working = output();
      working.finishWork();
      for (const line of ["first", "second"]) working.data(line);
      expect([await working.wasTaken(), await working.exitCode(0), await working.exitCode(3)]).toStrictEqual([
        false,
        exitCode,
        3,
      ]);
      expect(exit).not.toHaveBeenCalled();
      const printing = output();
      printing.data("first");
      await printing.wasTaken();
      expect(exit).toHaveBeenCalledWith(exitCode);
      exit.mockRestore();
    });

    const kids = async (state: string): Promise<readonly string[]> => {
      const { keys } = JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout);
      return keys
        .filter((key: { state: string }) => key.state === state)
        .map((key: { publicJwk: { kid: string } }) => key.publicJwk.kid);
    };
    const callers = async () =>
      JSON.parse((await signet(["callers", "list", "--json"], { cwd })).stdout).callers as { name: string }[];

    it("finishes its work: keys revoke", async () => {
      const [active = ""] = await kids("active");
      expect(await shell(`signet keys revoke ${active} --yes --json | true`)).toMatchObject({ codes: "0 0" });
      expect(await kids("active")).toStrictEqual([expect.not.stringMatching(`^${active}$`)]);
      // What did not come to its end leaves a lock, and the next change waits for it.
      expect(await shell("signet keys tick --json | true")).toStrictEqual({ codes: "0 0", stderr: "" });
    });

    it("says the true outcome: a refusal stays one", async () => {
      expect((await shell("signet keys revoke nonsense --yes --json | true")).codes).toBe("1 0");
      expect((await shell("signet verify nonsense --json | true")).codes).toBe("3 0");
    });

    it("makes an issuer in full", async () => {
      const folder = await scratch();
      expect((await shell(`cd ${folder}; signet init | true`)).codes).toBe("0 0");
      expect((await signet(["issue"], { cwd: folder })).code).toBe(0);
    });

    it("says that a caller's secret was not read", async () => {
      const { codes, stderr } = await shell("signet callers add web | true");
      expect([codes, (await callers()).map(({ name }) => name)]).toStrictEqual(["1 0", ["web"]]);
      expect(stderr).toMatch(/signet: the secret of web was not read, .*`signet callers rotate web --overlap 0`/);
      expect((await shell("signet callers rotate web --overlap 0 | cat")).codes).toBe("0 0");
      expect((await shell("signet callers remove web --yes | true")).codes).toBe("0 0");
      expect(await callers()).toStrictEqual([]);
    });

    it.skipIf(!hasFullDevice)("finishes its work on a full disk too, and fails then", async () => {
      const before = await kids("active");
      const { codes, stderr } = await shell(`signet keys revoke ${before[0]} --yes --json >/dev/full`);
      expect([codes, await kids("active")]).toStrictEqual(["1", [expect.not.stringMatching(`^${before[0]}$`)]]);
      expect(stderr).toContain("signet: the output cannot be written (ENOSPC)\n");
    });
  });

  it.each(some(1, ["issue >&-", "keys list >&- 2>&-", "issue 2>&- <&-"]))(
    "works where it was closed before: signet %s",
    async (command) => {
      expect(await shell(`signet ${command}`)).toStrictEqual({ codes: "0", stderr: "" });
    },
  );

  it.skipIf(!hasFullDevice)("fails with one line, and never with a stack, where the disk is full", async () => {
    for (const command of some(1, ["issue", "keys list", "jwks", "--help"])) {
      const { codes, stderr } = await shell(`signet ${command} >/dev/full`);
      expect([command, codes, stderr]).toStrictEqual([command, "1", "signet: the output cannot be written (ENOSPC)\n"]);
    }
    expect((await shell("signet nonsense 2>/dev/full")).codes).toBe("2");
    expect((await shell("signet issue >/dev/full 2>/dev/full")).codes).toBe("1");
  });
});
