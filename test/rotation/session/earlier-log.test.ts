import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileCustodian } from "../../../src/custody/file/custodian.js";
import { createManager } from "../../../src/rotation/manager.js";
import { parsedEntry } from "../../../src/rotation/plan/audit-entry.js";
import { fatesOf } from "../../../src/rotation/steps/fates.js";
import { createFileStores } from "../../../src/storage/file/stores.js";
import { scratchDirectories } from "../../contracts/scratch.js";
import { type FileFixture, fixture, putFiles } from "../../formats/fixtures.js";
import { SETTINGS } from "../settings-fixture.js";

const EARLIER = ["key.intended", "key.promised", "key.expiry-told"];
const scratch = scratchDirectories();

async function installation() {
  const found = fixture<FileFixture>("rotated", "v2");
  const directory = await scratch();
  await putFiles(found, directory);
  const file = createFileCustodian({ directory: join(directory, "keys") });
  const stores = createFileStores(directory);
  const custodians = { file };
  const manager = createManager({ stores, custodians, settings: SETTINGS, clock: () => found.now, actor: "user bob" });
  return { manager, directory, log: join(directory, "audit.jsonl") };
}

describe("an audit log in which an earlier version named the events", () => {
  it("is whole by its own hashes, goes on with the present names, and one altered line still shows", async () => {
    const { manager, log } = await installation();
    const before = await readFile(log, "utf8");
    expect(before).toContain('"key.intended"');
    expect(before).toContain('"key.promised"');
    expect(await manager.verifyAudit()).toMatchObject({ isIntact: true });
    await manager.rotate();
    const after = await readFile(log, "utf8");
    expect(after.startsWith(before)).toBe(true);
    expect(EARLIER.filter((name) => after.slice(before.length).includes(name))).toEqual([]);
    expect(await manager.verifyAudit()).toMatchObject({ isIntact: true });
    // The present name in an old line is another line than was hashed.
    await writeFile(log, after.replace("key.promised", "key.activation-started"));
    expect(await manager.verifyAudit()).toMatchObject({ isIntact: false, fault: { number: 5 } });
  });

  it("is read under the present names, by the history and by the lives of keys", async () => {
    const { manager } = await installation();
    const events = (await manager.history()).map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(["key.creation-started", "key.activation-started"]));
    expect(events.filter((event) => EARLIER.includes(event))).toEqual([]);
    expect((await manager.lives()).lives.find(({ end }) => end === "removed")?.spans.map(({ phase }) => phase)).toContain(
      "active",
    );
  });

  it("tells what became of a key: that it may have signed, and when its last token ends", async () => {
    const { log } = await installation();
    await appendFile(log, `${JSON.stringify({ number: 16, at: 1, event: "key.expiry-told", keys: ["a"], tokensExpireBy: 7 })}\n`);
    const lines = (await readFile(log, "utf8")).split("\n").map(parsedEntry);
    const entries = lines.filter((entry) => entry !== undefined);
    expect(fatesOf(entries.slice(0, 5)).get(entries[4]?.keys?.[0] ?? "")).toMatchObject({ hasSigned: true });
    expect(fatesOf(entries).get("a")).toEqual({ tokensExpireBy: 7 });
    expect(fatesOf(entries.slice(0, 2)).get(entries[1]?.keys?.[0] ?? "")).toHaveProperty("intended");
  });
});
