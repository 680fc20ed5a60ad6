import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

describe("help", () => {
  it.each([
    [["help"], "Usage: signet [options]"],
    [["help", "init"], "Usage: signet init"],
    [["help", "keys"], "Usage: signet keys [options]"],
    [["help", "keys", "rotate"], "Usage: signet keys rotate"],
    [["keys", "help", "rotate"], "Usage: signet keys rotate"],
  ])("is printed by signet %o", async (words, usage) => {
    const ran = await signet(words, { cwd: await scratch() });
    expect(ran).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(usage) });
  });

  it.each([
    [["isue"], "there is no command isue (did you mean issue?); all commands: signet --help"],
    [["help", "isue"], "there is no command isue (did you mean issue?); all commands: signet --help"],
    [["keys", "lst"], "there is no command lst (did you mean list?); all commands: signet keys --help"],
    [["help", "keys", "lst"], "there is no command lst (did you mean list?); all commands: signet keys --help"],
    [["callers", "delete", "web"], "there is no command delete; all commands: signet callers --help"],
  ])("is named where signet %o is no command", async (words, told) => {
    const ran = await signet(words, { cwd: await scratch() });
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(told) });
  });

  it.each([[], ["keys"], ["callers"], ["callers", "add"], ["audit"]])("fits 80 columns (%s %s)", async (...words) => {
    const { stdout } = await signet([...words, "--help"], { cwd: await scratch() });
    expect(stdout.split("\n").filter((line) => line.length > 80 && !/^ {2}signet /.test(line))).toStrictEqual([]);
  });

  it("says how a text is written where a claim's JSON is none", async () => {
    const cwd = await scratch();
    expect((await signet(["init"], { cwd })).code).toBe(0);
    const ran = await signet(["issue", "sub:=alice"], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("a text is written sub=TEXT") });
  });
});
