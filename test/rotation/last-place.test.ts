import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileCustodian } from "../../src/custody/file/custodian.js";
import { createManager } from "../../src/rotation/manager.js";
import { assertWell } from "../../src/rotation/report.js";
import { createFileStores } from "../../src/storage/file/stores.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { SETTINGS } from "./settings-fixture.js";

const scratch = scratchDirectories();

const managerAt = (directory: string) =>
  createManager({
    stores: createFileStores(directory),
    custodians: { file: createFileCustodian({ directory: join(directory, "keys") }) },
    settings: { ...SETTINGS, algorithm: "ES256", custody: "file" },
    clock: () => 1_800_000_000,
    sleep: async () => undefined,
  });

describe("a copy of an installation", () => {
  it("is warned of once, goes on, and does not tell where the other one is", async () => {
    const first = await scratch();
    const copy = join(await scratch(), "copy");
    const told = (report: { waits: readonly { rule: string; words: string }[] }) =>
      report.waits.filter(({ rule }) => rule === "another_place").map(({ words }) => words);
    expect(told(await managerAt(first).tick({ createKeyring: true }))).toStrictEqual([]);
    await cp(first, copy, { recursive: true });
    expect(told(await managerAt(first).rotate())).toStrictEqual([]);
    const report = await managerAt(copy).tick();
    expect(told(report)).toStrictEqual([expect.stringContaining("another place")]);
    expect(() => assertWell(report)).not.toThrow();
    expect(told(await managerAt(copy).rotate())).toStrictEqual([]);
    const text = JSON.stringify((await createFileStores(copy).keyring.read())?.keyring);
    for (const place of [first, copy]) expect(text).not.toContain(place);
  });
});
