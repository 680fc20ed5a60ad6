import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createLineWriter } from "../../../src/lambda/shared/write-line.js";

const failing = (code: string) => Object.assign(new Error(code), { code });

/** A descriptor that takes so many bytes at a time, or fails; and the stream over it. Both write to one place. */
function createOutput(steps: (number | string)[]) {
  const written: Buffer[] = [];
  const seen = { streams: 0, text: () => Buffer.concat(written).toString() };
  const output = {
    writeSync(_: number, bytes: Uint8Array) {
      const step = steps.shift() ?? bytes.length;
      if (typeof step === "string") throw failing(step);
      written.push(Buffer.from(bytes.subarray(0, step)));
      return Math.min(step, bytes.length);
    },
    stream() {
      seen.streams += 1;
      return { on: () => undefined, write: (text: Uint8Array) => written.push(Buffer.from(text)) };
    },
  };
  return { seen, write: createLineWriter(output) };
}

describe("a line of a function's log", () => {
  it("goes to the descriptor, without the stream over it", () => {
    const { seen, write } = createOutput([]);
    write("one\n");
    write("two\n");
    expect([seen.text(), seen.streams]).toStrictEqual(["one\ntwo\n", 0]);
  });

  it("is written to its end where the descriptor takes a part at a time, also amid a character", () => {
    const { seen, write } = createOutput([1, 2, 3]);
    write("grün: ü€\n");
    expect([seen.text(), seen.streams]).toStrictEqual(["grün: ü€\n", 0]);
  });

  it.each([
    ["EAGAIN", [2, "EAGAIN"]],
    ["nothing taken", [2, 0]],
  ])("is ended by the stream after %s, and so are those that follow, in their order", (_, steps) => {
    const { seen, write } = createOutput(steps);
    for (const line of ["one\n", "two\n", "three\n"]) write(line);
    expect([seen.text(), seen.streams]).toStrictEqual(["one\ntwo\nthree\n", 1]);
  });

  it.each(["EPIPE", "EBADF", "EIO"])("that nobody takes any more (%s) is lost, and stops nothing", (code) => {
    const { seen, write } = createOutput([2, code]);
    write("one\n");
    write("two\n");
    expect([seen.text(), seen.streams]).toStrictEqual(["ontwo\n", 0]);
  });
});

describe("many lines to a reader that is late", () => {
  it("arrive whole and in order, though the descriptor takes no more for now", async () => {
    const reader = spawn("cat", { stdio: ["pipe", "pipe", "inherit"] });
    const { fd } = (reader.stdin as unknown as { _handle: { fd: number } })._handle;
    let refusals = 0;
    const write = createLineWriter({
      stream: () => reader.stdin,
      writeSync(_, bytes) {
        try {
          return writeSync(fd, bytes);
        } catch (error) {
          refusals += 1;
          throw error;
        }
      },
    });
    // More than both pipes hold: nothing is read before all is written.
    const lines = Array.from({ length: 2_000 }, (_, n) => `${JSON.stringify({ n, more: "ü".repeat(400) })}\n`);
    for (const line of lines) write(line);
    reader.stdin.end();
    expect(await text(reader.stdout)).toBe(lines.join(""));
    expect(refusals).toBe(1);
  });
});
