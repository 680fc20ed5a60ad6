import promises from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { quickenFiles, slowFiles } from "./quick-files.mjs";
import { scratchDirectories } from "./scratch.js";

const scratch = scratchDirectories();

/** Each in a new folder, with `file` in it. */
const DEEDS: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  "reads what it wrote": async (file) => {
    await promises.writeFile(file, "written", { flag: "a" });
    return [await promises.readFile(file, "utf8"), (await promises.stat(file)).size];
  },
  "lists a folder": (file) => promises.readdir(join(file, "..")),
  "looks for what is not there": (file) => promises.stat(`${file}.gone`),
  "opens what is not there": (file) => promises.open(`${file}.gone`),
  "makes what is there": (file) => promises.open(file, "wx"),
  "removes what is not there": (file) => promises.unlink(`${file}.gone`),
  "changes a file by its handle": async (file) => {
    const handle = await promises.open(file, "r+");
    await handle.truncate(2);
    await handle.appendFile("more");
    await handle.sync();
    const { size } = await handle.stat();
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    await handle.close();
    return [size, bytesRead, buffer.toString(), await promises.readFile(file, "utf8")];
  },
  "streams a file by its handle": async (file) => text((await promises.open(file)).createReadStream({ encoding: "utf8" })),
  "closes a handle twice, and no file that was opened meanwhile": async (file) => {
    const first = await promises.open(file);
    await first.close();
    const second = await promises.open(file);
    const again = await first.close();
    const { size } = await second.stat();
    await second.close();
    return [again, size];
  },
};

async function outcome(deed: (file: string) => Promise<unknown>) {
  const file = join(await scratch(), "file");
  await promises.writeFile(file, "begun ");
  return deed(file).catch(({ code, syscall }) => ({ code, syscall }));
}

describe("files without the pool of threads", () => {
  it.each(Object.entries(DEEDS))("are as those with it: %s", async (_what, deed) => {
    const expected = await outcome(deed);
    quickenFiles();
    try {
      expect(await outcome(deed)).toStrictEqual(expected);
    } finally {
      slowFiles();
    }
  });

  it("answer in a later turn", async () => {
    quickenFiles();
    try {
      let hasTurned = false;
      setImmediate(() => {
        hasTurned = true;
      });
      await promises.stat(".");
      expect(hasTurned).toBe(true);
    } finally {
      slowFiles();
    }
  });

  it("are put back whatever was done before, and however often", () => {
    const before = { ...promises };
    quickenFiles();
    quickenFiles();
    expect(promises.stat).not.toBe(before.stat);
    slowFiles();
    slowFiles();
    expect({ ...promises }).toStrictEqual(before);
  });
});
