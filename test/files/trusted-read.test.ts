import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { FileKind } from "../../src/files/trust.js";
import { readTrustedSync, readTrustedText } from "../../src/files/trusted-read.js";
import { tellFileWarningsTo } from "../../src/files/warnings.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const isRoot = process.getuid?.() === 0;
const isPosix = process.platform !== "win32";
const KINDS: readonly FileKind[] = ["input", "document", "secret", "key"];
const SOMEBODY = 4711;

let folder: string;
let path: string;
let warnings: string[];

beforeEach(async () => {
  folder = join(await scratch(), "folder");
  path = join(folder, "file");
  await mkdir(folder, { mode: 0o700 });
  await writeFile(path, "text", { mode: 0o600 });
  warnings = [];
  tellFileWarningsTo((words) => void warnings.push(words));
});

afterAll(() => tellFileWarningsTo((words) => process.emitWarning(words)));

describe.runIf(isPosix).each(KINDS)("a file of the kind %s", (kind) => {
  const read = () => readTrustedText(kind, path);

  it("is read where it is this user's alone, and undefined where it is not there", async () => {
    expect(await read()).toBe("text");
    expect(readTrustedSync(kind, path)?.toString()).toBe("text");
    expect(await readTrustedText(kind, join(folder, "other"))).toBeUndefined();
    expect(await readTrustedText(kind, join(path, "below"))).toBeUndefined();
    expect(readTrustedSync(kind, join(folder, "other"))).toBeUndefined();
    expect(warnings).toStrictEqual([]);
  });

  it("is refused where every user can write it, or exchange it in its folder", async () => {
    await chmod(path, 0o602);
    await expect(read()).rejects.toMatchObject({ code: "store_insecure", message: expect.stringContaining("chmod") });
    expect(() => readTrustedSync(kind, path)).toThrow("can be written by other users");
    await chmod(path, 0o600);
    await chmod(folder, 0o703);
    await expect(read()).rejects.toMatchObject({ code: "store_insecure" });
  });

  it("is refused through a symbolic link that leads into a folder which every user can write", async () => {
    const open = join(await scratch(), "open");
    await mkdir(open);
    await chmod(open, 0o777);
    await rename(path, join(open, "file"));
    await symlink(join(open, "file"), path);
    await expect(read()).rejects.toMatchObject({ code: "store_insecure" });
  });

  it.each(["fifo", "folder", "device", "socket"])("is refused at once where it is a %s", async (what) => {
    const other = join(folder, "other");
    const close = await make(what, other);
    const reading = readTrustedText(kind, what === "device" ? "/dev/null" : other, "usage");
    await expect(reading).rejects.toMatchObject({ code: "usage", message: expect.stringContaining("it must be a file") });
    expect(() => readTrustedSync(kind, what === "device" ? "/dev/null" : other)).toThrow("it must be a file");
    close();
  });
});

async function make(what: string, place: string): Promise<() => void> {
  if (what === "fifo") execFileSync("mkfifo", [place]);
  if (what === "folder") await mkdir(place);
  if (what !== "socket") return () => undefined;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(place, resolve));
  return () => server.close();
}

describe.runIf(isPosix)("a mounted Kubernetes secret or configmap", () => {
  it.each(["input", "document", "secret"] as const)("is read as a %s: links through ..data, in a sticky folder", async (kind) => {
    const mounted = join(folder, "mounted");
    await mkdir(join(mounted, "..2026_11_25"), { recursive: true });
    await rename(path, join(mounted, "..2026_11_25", "file"));
    await symlink("..2026_11_25", join(mounted, "..data"));
    await symlink("..data/file", join(mounted, "file"));
    await chmod(mounted, 0o1777);
    expect(await readTrustedText(kind, join(mounted, "file"))).toBe("text");
    expect(warnings).toStrictEqual([]);
  });
});

describe.runIf(isPosix)("what a group can do", () => {
  it("is told once of a document, and refused of a secret and a key", async () => {
    await chmod(path, 0o660);
    expect(await readTrustedText("document", path)).toBe("text");
    expect(await readTrustedText("document", path)).toBe("text");
    expect(warnings).toStrictEqual([expect.stringContaining("can be written by its group")]);
    for (const kind of ["secret", "key"] as const) {
      await expect(readTrustedText(kind, path)).rejects.toMatchObject({ code: "store_insecure" });
    }
  });

  it("does not matter of the folder of a document, but of that of a secret and a key", async () => {
    await chmod(folder, 0o770);
    expect(await readTrustedText("document", path)).toBe("text");
    for (const kind of ["secret", "key"] as const) {
      await expect(readTrustedText(kind, path)).rejects.toMatchObject({ message: expect.stringContaining("chmod 700") });
    }
  });
});

describe.runIf(isPosix && isRoot)("as root, another user's file", () => {
  it("is told of where it is a document or a secret, and refused where it is a private key", async () => {
    await chown(path, SOMEBODY, SOMEBODY);
    expect(await readTrustedText("document", path)).toBe("text");
    expect(await readTrustedText("secret", path)).toBe("text");
    expect(warnings).toStrictEqual([expect.stringContaining(`belongs to user ${SOMEBODY}`)]);
    await expect(readTrustedText("key", path)).rejects.toMatchObject({
      code: "store_insecure",
      message: expect.stringContaining(`user ${SOMEBODY}`),
    });
  });

  it("is refused in a sticky folder, where that user may have put it", async () => {
    await chown(path, SOMEBODY, SOMEBODY);
    await chmod(folder, 0o1777);
    await expect(readTrustedText("document", path)).rejects.toMatchObject({ code: "store_insecure" });
    await chown(path, 0, 0);
    expect(await readTrustedText("document", path)).toBe("text");
  });

  it("is refused as a key in that user's folder", async () => {
    await chown(folder, SOMEBODY, SOMEBODY);
    await expect(readTrustedText("key", path)).rejects.toMatchObject({ code: "store_insecure" });
  });
});
