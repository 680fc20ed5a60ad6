import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const ecKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A folder with private keys in it, and the command there. */
async function folder(keys: Readonly<Record<string, KeyObject>>) {
  const cwd = await scratch();
  for (const [name, key] of Object.entries(keys))
    await writeFile(join(cwd, name), key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  const run = (...args: string[]) => signet(args, { cwd, shortWaits: true });
  const states = async () => {
    const { keys: listed } = JSON.parse((await run("keys", "list", "--json")).stdout);
    return Object.fromEntries(listed.map(({ kid, state }: { kid: string; state: string }) => [kid, state]));
  };
  return { cwd, run, states };
}

describe("an imported key that was retired", () => {
  /** Apple's first key has signed, and the next one signs. */
  async function apns() {
    const place = await folder({ "first.p8": ecKey(), "next.p8": ecKey() });
    const made = await place.run(
      "init",
      "--for",
      "apns",
      "--team-id",
      "A1B2C3D4E5",
      "--import",
      "first.p8",
      "--kid",
      "ABC123DEFG",
    );
    expect(made.code, made.stderr).toBe(0);
    expect((await place.run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active")).code).toBe(0);
    return { ...place, first: ["keys", "import", "first.p8", "--kid", "ABC123DEFG"] };
  }

  it("stays so where it is imported without a word that lets it sign, and the command says which", async () => {
    const { run, states, first } = await apns();
    for (const more of [[], ["--as", "standby"], ["--dry-run"]]) {
      const ran = await run(...first, ...more);
      expect([ran.code, ran.stderr]).toStrictEqual([
        1,
        expect.stringContaining("`signet keys import FILE --as active` lets it sign again"),
      ]);
    }
    expect(await states()).toStrictEqual({ NEXT123DEF: "active", ABC123DEFG: "retired" });
    const renamed = await run("keys", "import", "first.p8", "--kid", "OTHER23DEF");
    expect(renamed.stderr).toContain("as ABC123DEFG (retired); with --kid ABC123DEFG --as active it signs again");
    expect((await run(...first, "--as", "active")).code).toBe(0);
    expect((await states()).ABC123DEFG).toBe("active");
  });

  it("has its last token where the command says, and says what becomes of the word before", async () => {
    const { run, first } = await apns();
    expect((await run("keys", "expire", "ABC123DEFG", "--tokens-expire-by", "30d", "--yes")).code).toBe(0);
    const back = await run(...first, "--as", "active");
    expect(back.code, back.stderr).toBe(0);
    expect(back.stderr).toContain("done: forget when the last token of key ABC123DEFG was to end: it signs again");
    const again = await run(...first, "--as", "active", "--tokens-expire-by", "60d");
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain("key ABC123DEFG was imported before\n");
    expect(again.stderr).toContain("done: record that the last token of key ABC123DEFG ends ");
  });
});

describe("signet keys rotate --uploaded where the other side makes the keys", () => {
  it("takes none that was made here, for example before the config said so", async () => {
    const { run, states, cwd } = await folder({ "first.pem": rsaPair(2048).privateKey });
    expect((await run("init", "--for", "github-app", "--app-id", "42", "--import", "first.pem")).code).toBe(0);
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...config, for: undefined }));
    expect((await run("keys", "rotate")).code).toBe(0);
    const before = await states();
    const [made = ""] = Object.keys(before).filter((kid) => before[kid] === "pending");
    await writeFile(path, JSON.stringify(config));
    const ran = await run("keys", "rotate", "--uploaded", made);
    expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining("GitHub App makes the keys itself")]);
    expect(await states()).toStrictEqual(before);
  });
});
