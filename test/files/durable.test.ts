import { chmod, chown, lchown, lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFile, makeDirectories, makePrivateDirectory, replaceFile, writeOutput } from "../../src/files/durable.js";
import { followLinks } from "../../src/files/links.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const isRoot = process.getuid?.() === 0;
const SOMEBODY = 4711;
let folder: string;

beforeEach(async () => {
  folder = await scratch();
});

describe("replacing a file", () => {
  it("follows symbolic links to where they lead, and leaves them", async () => {
    await mkdir(join(folder, "real"));
    await writeFile(join(folder, "real", "file"), "old");
    await symlink("real/file", join(folder, "second"));
    await symlink("second", join(folder, "first"));
    await replaceFile(join(folder, "first"), "new", 0o644);
    expect(await readFile(join(folder, "real", "file"), "utf8")).toBe("new");
    expect(await readlink(join(folder, "first"))).toBe("second");
    expect(await readlink(join(folder, "second"))).toBe("real/file");
    expect((await readdir(folder)).sort()).toStrictEqual(["first", "real", "second"]);
  });

  it("makes what a link leads to where that is missing", async () => {
    await symlink("later", join(folder, "first"));
    await replaceFile(join(folder, "first"), "new", 0o644);
    expect(await readFile(join(folder, "later"), "utf8")).toBe("new");
  });

  it("keeps the mode, whatever the umask says", async () => {
    const path = join(folder, "file");
    for (const mode of [0o600, 0o664, 0o640]) {
      await writeFile(path, "old");
      await chmod(path, mode);
      await replaceFile(path, "new", 0o644);
      expect((await stat(path)).mode & 0o7777).toBe(mode);
    }
  });

  it.runIf(isRoot)("keeps owner and group", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    await chown(path, SOMEBODY, SOMEBODY + 1);
    await replaceFile(path, "new", 0o644);
    expect(await stat(path)).toMatchObject({ uid: SOMEBODY, gid: SOMEBODY + 1 });
  });

  it("says why it cannot be done", async () => {
    await symlink("b", join(folder, "a"));
    await symlink("a", join(folder, "b"));
    await expect(replaceFile(join(folder, "a"), "x", 0o644)).rejects.toThrow("in a circle");
    await expect(replaceFile(join(folder, "none", "a"), "x", 0o644)).rejects.toThrow("there is no such folder");
    await expect(replaceFile(folder, "x", 0o644)).rejects.toThrow("is no file");
  });

  it.runIf(isRoot)("goes through no link that another user planted in a shared folder", async () => {
    const shared = join(folder, "shared");
    await mkdir(shared);
    await chmod(shared, 0o1777);
    await symlink(join(folder, "target"), join(shared, "link"));
    expect(await followLinks(join(shared, "link"))).toBe(join(folder, "target"));
    await lchown(join(shared, "link"), SOMEBODY, SOMEBODY);
    await expect(replaceFile(join(shared, "link"), "x", 0o644)).rejects.toMatchObject({ code: "store_insecure" });
    await expect(lstat(join(folder, "target"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe.runIf(isRoot)("a symbolic link", () => {
  it.each([
    ["of another user", 0o755, 0, SOMEBODY],
    ["in another user's folder", 0o755, SOMEBODY, 0],
    ["of another user in a folder of that one", 0o755, SOMEBODY, SOMEBODY],
    ["of another user where a group can write", 0o775, 0, SOMEBODY],
  ])("%s is not followed to where something is written", async (_, mode, owner, linkOwner) => {
    const [place, target] = [join(folder, "place"), join(folder, "target")];
    await mkdir(place);
    await writeFile(target, "old");
    await symlink("../target", join(place, "link"));
    expect(await followLinks(join(place, "link"))).toBe(target);
    await chmod(place, mode);
    await chown(place, owner, owner);
    await lchown(join(place, "link"), linkOwner, linkOwner);
    await expect(replaceFile(join(place, "link"), "x", 0o644)).rejects.toMatchObject({ code: "store_insecure" });
    expect(await readFile(target, "utf8")).toBe("old");
  });
});

describe.runIf(isRoot)("a symbolic link, to another user than root", () => {
  beforeEach(() => void vi.spyOn(process, "geteuid").mockReturnValue(SOMEBODY));
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ["is followed that is its own in its own folder", 0o755, SOMEBODY, SOMEBODY, true],
    ["is followed that is its own in root's folder", 0o755, 0, SOMEBODY, true],
    ["is followed that is root's in root's folder which every user can write, as a ConfigMap's is", 0o1777, 0, 0, true],
    [
      "is followed that is its own in root's folder where every user can write, and move nothing of others, as /tmp is",
      0o1777,
      0,
      SOMEBODY,
      true,
    ],
    ["is not followed that is its own in root's folder which every user can write", 0o777, 0, SOMEBODY, false],
  ])("%s", async (_, mode, owner, linkOwner, isFollowed) => {
    const [place, target] = [join(folder, "place"), join(folder, "target")];
    await mkdir(place);
    await symlink("../target", join(place, "link"));
    await chmod(place, mode);
    await chown(place, owner, owner);
    await lchown(join(place, "link"), linkOwner, linkOwner);
    const found = await followLinks(join(place, "link")).catch(({ code }) => code);
    expect(found).toBe(isFollowed ? target : "store_insecure");
  });
});

describe("creating a file", () => {
  it("never goes through a link: what it leads to may not be ours", async () => {
    await symlink("elsewhere", join(folder, "file"));
    expect(await createFile(join(folder, "file"), "x", 0o600)).toBe(false);
    expect(await readdir(folder)).toStrictEqual(["file"]);
  });
});

describe("writing a result to a path that was named", () => {
  it("replaces a file whole, through a link of one's own, and follows none that another user can turn", async () => {
    const path = join(folder, "t.yaml");
    await writeFile(path, "old");
    const { ino } = await stat(path);
    await writeOutput(path, "new");
    expect([await readFile(path, "utf8"), (await stat(path)).ino === ino]).toStrictEqual(["new", false]);
    if (!isRoot) return;
    await mkdir(join(folder, "shared"), { mode: 0o777 });
    await chmod(join(folder, "shared"), 0o777);
    await symlink(path, join(folder, "shared", "t.yaml"));
    await lchown(join(folder, "shared", "t.yaml"), SOMEBODY, SOMEBODY);
    await expect(writeOutput(join(folder, "shared", "t.yaml"), "turned")).rejects.toMatchObject({ code: "store_insecure" });
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("writes to what is no file, and says why it cannot", async () => {
    await writeOutput("/dev/null", "nothing");
    expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
    await expect(writeOutput(folder, "text")).rejects.toMatchObject({ code: "store_failed" });
    await expect(writeOutput(join(folder, "absent", "file"), "text")).rejects.toMatchObject({ code: "store_failed" });
  });
});

describe("making a directory", () => {
  it("makes its parents, and answers the first that was made", async () => {
    expect(await makeDirectories(join(folder, "a", "b", "c"), 0o700)).toBe(join(folder, "a"));
    expect((await stat(join(folder, "a", "b"))).mode & 0o777).toBe(0o700);
    expect(await makeDirectories(join(folder, "a", "b"), 0o700)).toBeUndefined();
    expect((await Promise.all([makeDirectories(join(folder, "d", "e")), makeDirectories(join(folder, "d", "e"))])).length).toBe(
      2,
    );
  });

  it("says why it cannot be made", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(makePrivateDirectory(join(folder, "file", "a"))).rejects.toThrow("a file where a folder has to be");
  });

  // Node's own `recursive: true` never ends there.
  it.runIf(process.platform === "linux")("ends where a file system makes none, as /proc does", async () => {
    await expect(makePrivateDirectory("/proc/signet/keys")).rejects.toMatchObject({ code: "store_failed" });
  });
});
