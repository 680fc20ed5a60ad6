import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asArgument } from "../../src/encoding/shell-argument.js";

const shell = (line: string) => spawnSync("sh", ["-c", line], { encoding: "utf8" });

describe("an argument to paste", () => {
  it.each([
    ["op3j6qj9MTFk1eut-_", "op3j6qj9MTFk1eut-_"],
    ["https://issuer.example/a", "https://issuer.example/a"],
    ["my key", "'my key'"],
    ["it's", "'it'\\''s'"],
    ["$(id)", "'$(id)'"],
    ["", "''"],
  ])("%s is typed %s", (text, typed) => {
    expect(asArgument(text)).toBe(typed);
  });

  it.runIf(process.platform !== "win32")("is one argument to a shell, whatever a stranger has put in it", () => {
    const printable = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(printable, (text) => {
        const { stdout, stderr } = shell(`printf '%s.' ${asArgument(text)}`);
        expect([stdout, stderr]).toStrictEqual([`${text}.`, ""]);
      }),
      { numRuns: 25 },
    );
  });
});
