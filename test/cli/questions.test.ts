import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { passphraseOf } from "../../src/operator/load-installation.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const ID = "3f1c9a52-8d0e-4b7a-9c61-2f5d8e7a4b10";

async function asked(typed: string) {
  vi.resetModules();
  const { askOnce, wasInterrupted } = await import("../../src/cli/interruption.js");
  const input = new PassThrough();
  const lines = createInterface({ input, output: new PassThrough(), terminal: true });
  const answer = askOnce(lines, "Really? ").catch(({ message }: Error) => message);
  input.write(typed);
  return { answer: await answer, isInterrupted: wasInterrupted() };
}

describe("a question", () => {
  it("is answered by a line", async () => {
    expect(await asked("yes\r")).toStrictEqual({ answer: "yes", isInterrupted: false });
  });

  it("ends at Ctrl-C, which is known from then on, and at Ctrl-D", async () => {
    const unanswered = "no answer was given, and nothing was done";
    expect(await asked("y\u0003")).toStrictEqual({ answer: unanswered, isInterrupted: true });
    expect(await asked("\u0004")).toStrictEqual({ answer: unanswered, isInterrupted: false });
  });

  it("that was interrupted is exit code 130, without a word", async () => {
    await asked("\u0003");
    const { reportFailure } = await import("../../src/cli/output.js");
    expect(reportFailure(new Error("whatever"), { note: () => expect.unreachable() } as never)).toBe(130);
  });
});

describe("a passphrase that is typed", () => {
  it("ends the command at Ctrl-C, since what cannot open a key may go on without it", async () => {
    vi.resetModules();
    const { askHidden } = await import("../../src/cli/prompt.js");
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const stdin = vi.spyOn(process, "stdin", "get").mockReturnValue(input as never);
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const answer = askHidden("Passphrase: ").catch(() => "none");
    input.write("sec\u0003");
    expect(await answer).toBe("none");
    expect(exit).toHaveBeenCalledWith(130);
    for (const spy of [stdin, stderr, exit]) spy.mockRestore();
  });
});

describe("a passphrase that nothing names", () => {
  async function sourceFor(keyFile: string, env = {}) {
    const directory = await scratch();
    await mkdir(join(directory, "keys"), { mode: 0o700 });
    await writeFile(join(directory, "keys", `${ID}.key`), keyFile, { mode: 0o600 });
    let questions = 0;
    const askPassphrase = async () => {
      questions += 1;
      return "typed";
    };
    const passphrase = passphraseOf({ env, cwd: directory, self: "signet", passphrasePrompt: () => askPassphrase }, {
      directory,
    } as never);
    return { passphrase, questions: () => questions };
  }

  it("is asked for, once, where a key file is encrypted", async () => {
    const { passphrase, questions } = await sourceFor("a.b.c.d.e");
    expect([await passphrase(), await passphrase(), questions()]).toStrictEqual(["typed", "typed", 1]);
  });

  it("is not asked for where none is, nor where the environment has it", async () => {
    const plain = await sourceFor('{"kty":"EC"}');
    expect([await plain.passphrase(), plain.questions()]).toStrictEqual([undefined, 0]);
    const named = await sourceFor("a.b.c.d.e", { SIGNET_PASSPHRASE: "named" });
    expect([await named.passphrase(), named.questions()]).toStrictEqual(["named", 0]);
  });
});
