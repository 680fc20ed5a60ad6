import fs, { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFileStores } from "../../src/storage/file/stores.js";
import { keyringFor } from "../contracts/keyring-fixture.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { storesSuite } from "../contracts/stores-suite.js";

const scratch = scratchDirectories();

storesSuite("on files", async () => createFileStores(join(await scratch(), ".signet")));

describe("the keyring file", () => {
  async function written() {
    const directory = join(await scratch(), ".signet");
    const stores = createFileStores(directory);
    await stores.keyring.write(keyringFor([]), null);
    return { directory, path: join(directory, "keyring.json"), stores };
  }

  it("stands alone after a write: no lock, no temporary file", async () => {
    const { directory, path, stores } = await written();
    await writeFile(`${path}.0123456789ab.tmp`, "half");
    await stores.keyring.write(keyringFor([]), (await stores.keyring.read())?.tag ?? null);
    expect(await readdir(directory)).toStrictEqual(["keyring.json"]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(["", "{", "[]", "null", '{"version":1}', '{"version":1,"version":1}'])(
    "that holds %j is damaged, not empty",
    async (text) => {
      const { path, stores } = await written();
      await writeFile(path, text);
      await expect(stores.keyring.read()).rejects.toMatchObject({ code: expect.stringMatching(/^keyring_(damaged|version)$/) });
    },
  );

  it("of another version names the version that is read", async () => {
    const { path, stores } = await written();
    await writeFile(path, (await readFile(path, "utf8")).replace('"version": 1', '"version": 3'));
    await expect(stores.keyring.read()).rejects.toMatchObject({
      code: "keyring_version",
      message: expect.stringContaining("versions 1 and 2"),
    });
  });
});

describe("a write that was cut short", () => {
  it.each(["active", "public"])("leaves nothing in %s/ once the next one is through", async (name) => {
    const directory = join(await scratch(), ".signet");
    const { active, publicDocuments } = createFileStores(directory);
    const write = async (sequence: number) => {
      await active.write({ sequence, kid: `k${sequence}`, alg: "ES256", maxTtlSeconds: 60, material: { file: "a" } });
      await publicDocuments.publish({ jwks: { keys: [] } }, (await publicDocuments.read())?.tag ?? null);
    };
    await write(1);
    const whole = await readdir(join(directory, name));
    const [first = ""] = whole;
    await writeFile(join(directory, name, `${first}.0123456789ab.tmp`), "half");
    await writeFile(join(directory, name, "notes.0123456789ab.tmp"), "somebody else's");
    await write(2);
    const left = await readdir(join(directory, name));
    expect(left).toContain("notes.0123456789ab.tmp");
    expect(left.filter((file) => file.endsWith(".tmp"))).toHaveLength(1);
  });
});

describe("an active document", () => {
  it("is found where a manager writes the next one, and deletes the one before, while the folder is read", async () => {
    const { active } = createFileStores(join(await scratch(), ".signet"));
    const documentOf = (sequence: number) => ({
      sequence,
      kid: "k",
      alg: "ES256" as const,
      maxTtlSeconds: 60,
      material: { file: "a" },
    });
    await active.write(documentOf(1));
    const list = fs.readdir;
    const listing = list as (path: string) => Promise<string[]>;
    const putBack = (): void => {
      fs.readdir = list;
      syncBuiltinESMExports();
    };
    const listed = async (path: string): Promise<string[]> => {
      const names = await listing(path);
      putBack();
      await active.write(documentOf(2));
      await active.delete(1);
      return names;
    };
    fs.readdir = listed as unknown as typeof list;
    syncBuiltinESMExports();
    try {
      expect((await active.read()).map(({ sequence }) => sequence)).toStrictEqual([2]);
    } finally {
      putBack();
    }
  });
});

describe("a line of the audit log that a full disk cut short", () => {
  it.each([0.3, 0.9, 1])("after %d of its text is no line, and is written again, whole", async (part) => {
    const directory = await scratch();
    const { audit } = createFileStores(directory);
    const [first, second] = [1, 2].map((number) => JSON.stringify({ number, event: "key.made" })) as [string, string];
    const lines = async () => {
      const found: string[] = [];
      for await (const line of audit.read()) found.push(line);
      return found;
    };
    await writeFile(join(directory, "audit.jsonl"), `${first}\n${second.slice(0, second.length * part)}`);
    expect(await lines()).toStrictEqual([first]);
    await audit.append(2, second);
    expect(await lines()).toStrictEqual([first, second]);
  });
});

describe("public files", () => {
  it("that are damaged count as a publication without keys", async () => {
    const directory = await scratch();
    const { publicDocuments } = createFileStores(directory);
    await publicDocuments.publish({ jwks: { keys: [] } }, null);
    await writeFile(join(directory, "public", "jwks.json"), '{"keys":');
    expect((await publicDocuments.read())?.jwks).toStrictEqual({ keys: [] });
  });
});
