import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { createOutput } from "../../src/cli/output.js";
import { table } from "../../src/cli/table.js";

function terminal(isTTY: boolean, columns = 40) {
  let written = "";
  const stream = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        written += String(chunk);
        done();
      },
    }),
    { isTTY, columns },
  );
  return { stream: stream as never, written: () => written };
}

describe("colour", () => {
  it("is for terminals, each stream by itself, and NO_COLOR forbids it", () => {
    const out = terminal(false);
    const err = terminal(true);
    const output = createOutput(out.stream, err.stream, {});
    output.note(`it is ${output.paint("valid", "good")}`);
    output.data(`it is ${output.paint("valid", "good")}`);
    expect([out.written(), err.written()]).toStrictEqual(["it is valid\n", "it is \u001b[32mvalid\u001b[39m\n"]);
    for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const plain = terminal(true);
      const other = createOutput(plain.stream, plain.stream, env);
      other.note(other.paint("refused", "bad"));
      expect(plain.written()).toBe("refused\n");
    }
  });

  it("cannot be written by others", () => {
    const err = terminal(true);
    const output = createOutput(err.stream, err.stream, {});
    output.paint("", "bad");
    output.note("\u001b[31mred<31m");
    expect(stripVTControlCharacters(err.written())).toBe(err.written());
  });
});

describe("a line on a terminal", () => {
  const shown = (line: string, columns: number) => {
    const { stream, written } = terminal(true, columns);
    const output = createOutput(stream, stream, {});
    output.note(line.replace("good", output.paint("good", "good")));
    return stripVTControlCharacters(written()).split("\n").slice(0, -1);
  };

  it("is broken between words, and goes on as far in", () => {
    expect(shown("  one good three four", 12)).toStrictEqual(["  one good", "  three four"]);
  });

  it("keeps a command to paste in one piece", () => {
    expect(shown("run `signet keys list --json` now", 12)).toStrictEqual(["run", "`signet keys list --json`", "now"]);
  });

  it("is whole elsewhere", () => {
    const { stream, written } = terminal(false, 12);
    createOutput(stream, stream, {}).note("one two three four five");
    expect(written()).toBe("one two three four five\n");
  });
});

describe("a table that is too wide", () => {
  const HEAD = ["KID", "WORDS"];
  const ROWS = [
    ["abcdefgh-ijkl", "one two three four five six"],
    ["abcdefgh-mnop", "seven"],
  ];

  it("is as it is where there is room", () => {
    expect(table(HEAD, ROWS)).toStrictEqual([
      "KID            WORDS",
      "abcdefgh-ijkl  one two three four five six",
      "abcdefgh-mnop  seven",
    ]);
  });

  it("shortens names to what tells them apart, and breaks words", () => {
    expect(table(HEAD, ROWS, { columns: 28, names: [0] })).toStrictEqual([
      "KID         WORDS",
      "abcdefgh-i  one two three",
      "            four five six",
      "abcdefgh-m  seven",
    ]);
  });

  it("is painted without moving its columns", () => {
    const paint = (cell: string, row: number, column: number) => (row === 1 && column === 0 ? `<${cell}>` : cell);
    expect(table(HEAD, ROWS, { paint })[2]).toBe("<abcdefgh-mnop>  seven");
  });
});
