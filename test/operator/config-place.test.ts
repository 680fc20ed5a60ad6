import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { placeOfConfig } from "../../src/operator/config-place.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const STICKY_AND_OPEN = 0o1777;
const isRoot = process.geteuid?.() === 0;

async function project() {
  const above = await scratch();
  const cwd = join(above, "a", "b");
  await mkdir(cwd, { recursive: true });
  const found: string[] = [];
  const place = (path?: string) => placeOfConfig({ cwd, env: {}, self: "signet", onConfigAbove: (at) => found.push(at) }, path);
  return { above, cwd, found, place };
}

describe.skipIf(process.platform === "win32")("a config in a folder above", () => {
  it("is the nearest one", async () => {
    const { above, cwd, found, place } = await project();
    expect(place()).toBe(join(cwd, "signet.json"));
    await writeFile(join(above, "signet.json"), "{}");
    expect(place()).toBe(join(above, "signet.json"));
    await writeFile(join(above, "a", "signet.json"), "{}");
    expect(place()).toBe(join(above, "a", "signet.json"));
    expect(found).toStrictEqual([join(above, "signet.json"), join(above, "a", "signet.json")]);
  });

  it("is not used where every user can put one, sticky or not, until it is named", async () => {
    const { above, found, place } = await project();
    await writeFile(join(above, "signet.json"), "{}");
    for (const mode of [STICKY_AND_OPEN, 0o777]) {
      await chmod(above, mode);
      expect(() => place()).toThrow(
        expect.objectContaining({ code: "config_missing", message: expect.stringContaining(`--config ${above} if it is yours`) }),
      );
    }
    expect(found).toStrictEqual([]);
    expect(place(above)).toBe(join(above, "signet.json"));
  });

  it.runIf(isRoot)("is not used where another user has it, or its folder", async () => {
    const { above, place } = await project();
    const file = join(above, "signet.json");
    await writeFile(file, "{}");
    await chown(file, 1234, 1234);
    expect(() => place()).toThrow(expect.objectContaining({ code: "config_missing" }));
    await chown(file, 0, 0);
    expect(place()).toBe(file);
    await chown(above, 1234, 1234);
    expect(() => place()).toThrow(expect.objectContaining({ code: "config_missing" }));
  });
});
