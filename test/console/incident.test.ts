import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { consoleAt } from "./fixture.js";

const issuerAt = issuerFolders(scratchDirectories(), ["--issuer", "https://issuer.example"]);

/** A console of an issuer to which something has happened. */
async function afterwards(happens: (folder: string) => Promise<unknown>) {
  const cwd = await issuerAt();
  await happens(join(cwd, ".signet"));
  const page = await consoleAt(cwd);
  await page.enter();
  const [keys, audit] = [await page.call("/api/keys"), await page.call("/api/audit")];
  await page.close();
  expect(page.unexpected).toStrictEqual([]);
  const item = (name: string) => keys.json.health.items.find((each: { name: string }) => each.name === name);
  return { keys: keys.json, audit: audit.json, status: [keys.status, audit.status], item };
}

describe("the console in an incident", () => {
  it("shows keys and log where the active document and the public documents are damaged", async () => {
    const { keys, audit, status, item } = await afterwards(async (folder) => {
      for (const name of await readdir(join(folder, "active"))) await writeFile(join(folder, "active", name), "{");
      await rm(join(folder, "public/jwks.json"));
      await mkdir(join(folder, "public/jwks.json"));
    });
    expect(status).toStrictEqual([200, 200]);
    expect(audit.chain.isIntact).toBe(true);
    expect(audit.entries.length).toBeGreaterThan(0);
    expect(keys.health.isWell).toBeNull();
    expect(item("active document")).toMatchObject({ isWell: null, words: expect.stringContaining("it was not read from here") });
    expect(item("public documents")).toMatchObject({ isWell: null, words: expect.stringContaining("they were not read") });
    expect(keys.keys.map(({ state }: { state: string }) => state)).toStrictEqual(["active", "pending"]);
  });

  it("does not take a log that was deleted for one to which nothing has happened", async () => {
    const { audit, item } = await afterwards(async (folder) => rm(join(folder, "audit.jsonl")));
    expect(audit).toMatchObject({ entries: [], chain: { isIntact: false } });
    expect(audit.count).toBeGreaterThan(1);
    expect(item("audit log").isWell).toBe(false);
    expect(item("last change")).toMatchObject({
      isWell: null,
      words: `not known: the log has no entries, and the keyring knows of ${audit.count}`,
    });
  });

  it("says that it is not certain who signs where the active document is another manager's, and calls no key the one that signs", async () => {
    const { keys } = await afterwards(async (folder) => {
      const [name = ""] = (await readdir(join(folder, "active"))).sort().reverse();
      const document = { sequence: 9, kid: "elsewhere", alg: "ES256", maxTtlSeconds: 60, material: { file: "elsewhere" } };
      await writeFile(join(folder, "active", name.replace(/^\d+/, "9")), JSON.stringify(document));
    });
    expect(keys.sentence).toBe(
      "Which key signs is not certain: the active document names elsewhere, which the keyring does not know.",
    );
    expect(keys.keys.map(({ badge }: { badge: string }) => badge)).toStrictEqual(["active, not certain", "pending"]);
    expect(keys.alerts[0]).toContain("no key is managed until you have looked");
    const [wait] = keys.waits.filter(({ needsYou }: { needsYou: boolean }) => needsYou);
    expect(wait.words).toContain("the active document decides who signs");
  });
});
