import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createLogDestination } from "../../src/server/log-destination.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();

async function pipe(): Promise<string> {
  const path = join(await scratch(), "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  return path;
}

const openReader = (path: string) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
const openWriter = (path: string) => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);

/** What a pipe holds at the moment. */
function readNow(fd: number, mostBytes: number): string {
  const bytes = Buffer.alloc(mostBytes);
  try {
    return bytes.toString("latin1", 0, readSync(fd, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}

describe("a log's destination", () => {
  it("loses no line, and cuts none, where its reader is slower than it", async () => {
    const path = await pipe();
    const [reader, writer] = [openReader(path), openWriter(path)];
    const destination = createLogDestination(writer, { isShared: true, isPrompt: false });
    const lost: string[] = [];
    destination.onLost((reason) => lost.push(reason));
    // Several times what the pipe holds, in lines that no piece fits.
    const lines = Array.from({ length: 400 }, (_, index) => `${index} ${"x".repeat((index * 37) % 1_900)}\n`);
    for (const line of lines) destination.write(line);
    const ended = destination.end(600_000);
    let got = "";
    while (got.length < lines.join("").length) {
      got += readNow(reader, 3_000);
      await setImmediate();
    }
    await ended;
    expect(got).toBe(lines.join(""));
    expect(lost).toStrictEqual([]);
    closeSync(reader);
    closeSync(writer);
  });

  it("counts what is lost while it is not read, and says so when it is read again", async () => {
    const path = await pipe();
    let reader = openReader(path);
    const writer = openWriter(path);
    const destination = createLogDestination(writer, { isShared: false, isPrompt: true });
    closeSync(reader);
    destination.write("lost\n");
    const reason = await new Promise((resolve) => destination.onLost((code, lines) => resolve(`${code} ${lines}`)));
    expect(reason).toBe("EPIPE 1");
    reader = openReader(path);
    const recovered = new Promise((resolve) => destination.onRecovered(resolve));
    destination.write("there\n");
    expect(await recovered).toBe(1);
    expect(readNow(reader, 100)).toBe("there\n");
    closeSync(reader);
    closeSync(writer);
  });

  it("holds a bounded number of lines for a reader that does not read, and loses the rest", async () => {
    const path = await pipe();
    const [reader, writer] = [openReader(path), openWriter(path)];
    const destination = createLogDestination(writer, { isShared: false, isPrompt: false });
    let full = 0;
    destination.onLost((reason, lines) => {
      if (reason === "full") full += lines;
    });
    for (let line = 0; line < 2_000; line++) destination.write(`${"x".repeat(999)}\n`);
    expect(full).toBeGreaterThan(700);
    expect(full).toBeLessThan(1_000);
    closeSync(reader);
    // Nothing waits any more that could be written to another file under the same number.
    await destination.end(600_000);
    closeSync(writer);
  });
});
