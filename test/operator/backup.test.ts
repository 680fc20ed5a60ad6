import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { assemble } from "../../src/assemble.js";
import { checkConfig } from "../../src/config/load.js";
import { confirmCopy } from "../../src/operator/backup/confirm.js";
import { type BackupContents, backupText, digestOf, parseBackup } from "../../src/operator/backup/contents.js";
import { gather } from "../../src/operator/backup/gather.js";
import { type ProvenBackup, proveBackup } from "../../src/operator/backup/prove.js";
import { compare, restore } from "../../src/operator/backup/restore.js";
import { opened, sealed } from "../../src/operator/backup/sealing.js";
import { scratchDirectories } from "../contracts/scratch.js";

const scratch = scratchDirectories();
const MADE = { madeAt: 1_800_000_000, madeBy: "0.1.0" };
const noPassphrase = async () => undefined;

async function installationIn(cwd: string) {
  const path = join(cwd, "signet.json");
  const config = checkConfig({ issuer: "https://issuer.example" }, path, { env: {} });
  return { path, place: { config: path, directory: config.directory }, installation: await assemble(config, { env: {} }) };
}

async function made() {
  const cwd = await scratch();
  await writeFile(join(cwd, "signet.json"), '{"issuer": "https://issuer.example"}\n');
  const { path, installation, place } = await installationIn(cwd);
  const manager = await installation.manager();
  await manager.tick({ createKeyring: true });
  const surroundings = { env: {}, cwd, self: "signet" };
  return {
    ...{ cwd, installation, manager, place },
    contents: async () => (await gather(surroundings, installation, path, MADE)).contents,
    async revokeActive() {
      const keyring = (await installation.stores.keyring.read())?.keyring;
      const kid = keyring?.keys.find(({ state }) => state === "active")?.publicJwk?.kid as string;
      await manager.revoke({ kid });
    },
  };
}

const proven = async (contents: BackupContents): Promise<ProvenBackup> =>
  proveBackup(parseBackup(backupText(contents)), noPassphrase);

describe("a backup that is made while keys are changed and tokens are issued", () => {
  it("is of one moment each time, and its copy goes on with whatever was under way", { timeout: 120_000 }, async () => {
    const { contents, manager, revokeActive, installation } = await made();
    const taken: BackupContents[] = [];
    let isWorking = true;
    const work = async (): Promise<void> => {
      for (let turn = 0; turn < 6; turn++) {
        await revokeActive();
        await manager.tick();
      }
      isWorking = false;
    };
    const issue = async (): Promise<void> => {
      while (isWorking) {
        await installation.issuer.issue({ claims: { sub: "alice" } });
        await new Promise(setImmediate);
      }
    };
    const backUp = async (): Promise<void> => {
      while (isWorking) taken.push(await contents());
    };
    await Promise.all([work(), issue(), backUp()]);
    expect(taken.length).toBeGreaterThan(3);
    expect(new Set(taken.map(({ files }) => files.get("keyring.json"))).size).toBeGreaterThan(2);
    for (const each of taken) {
      const backup = await proven(each);
      expect(backup.audit.fault).toBeNull();
      const cwd = await scratch();
      const { place, installation: copy } = await installationIn(cwd);
      expect(await restore(backup, place)).toMatchObject({ kind: "copy" });
      await expect(copy.issuer.issue({ claims: { sub: "alice" } })).rejects.toMatchObject({ code: "restored_unconfirmed" });
      await expect((await copy.manager()).tick()).rejects.toMatchObject({ code: "restored_unconfirmed" });
      await confirmCopy(copy, { at: Math.floor(Date.now() / 1_000), actor: "test" });
      await (await copy.manager()).tick();
      const { token } = await copy.issuer.issue({ claims: { sub: "alice" } });
      const jwks = JSON.parse(await readFile(join(place.directory, "public/jwks.json"), "utf8"));
      await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined();
      expect(await (await copy.manager()).verifyAudit()).toMatchObject({ isIntact: true });
    }
  });
});

describe("what a backup says of itself", () => {
  it("is believed of no file: each key is opened and signs, each document is read", async () => {
    const contents = await (await made()).contents();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const [keyPath = ""] = [...contents.files.keys()].filter((path) => path.startsWith("keys/"));
    const own = JSON.parse(contents.files.get(keyPath) ?? "") as { kid: string };
    const other = JSON.stringify({ ...own, ...privateKey.export({ format: "jwk" }) });
    const renamed = JSON.stringify({ ...own, kid: "another" });
    const with_ = (path: string, text: string): BackupContents => ({
      ...contents,
      files: new Map([...contents.files, [path, text]]),
    });
    const without = (path: string): BackupContents => ({
      ...contents,
      files: new Map([...contents.files].filter(([each]) => each !== path)),
    });
    const document = contents.files.get("active/1.json") ?? "";
    await expect(proven(contents)).resolves.toMatchObject({ provenKeys: 2, notes: [] });
    for (const [wrong, words] of [
      [with_(keyPath, other), "does not belong to the public part"],
      [with_(keyPath, renamed), "another key than the keyring says"],
      [with_(keyPath, "nothing"), "neither a JWK nor an encrypted JWK"],
      [with_("keys/stranger.key", other), "a key that its keyring does not have"],
      [with_("active/2.json", document), "another sequence"],
      [with_("active/1.json", "{}"), "has no sequence"],
      [with_("public/jwks.json", "{}"), "lists no key"],
      [with_("keyring.json", "{}"), "another signet|version"],
      [{ ...contents, issuer: "https://other.example" }, "another issuer's"],
    ] as const) {
      await expect(proven(wrong)).rejects.toMatchObject({ message: expect.stringMatching(words) });
    }
    const active = JSON.parse(document) as { material: { file: string } };
    await expect(proven(without(`keys/${active.material.file}.key`))).rejects.toMatchObject({ code: "backup_damaged" });
    const log = contents.files.get("audit.jsonl") ?? "";
    const altered = await proven(with_("audit.jsonl", log.replace("issuer.created", "issuer.creatod")));
    expect(altered.notes).toStrictEqual([expect.stringContaining("was not whole")]);
  });

  it.each([
    ["an unknown member", { extra: 1 }, "backup_version"],
    ["another version", { version: 2 }, "backup_version"],
    ["no list", { files: {} }, "backup_damaged"],
    ["a caller that can be none", { callers: { "../x": 1 } }, "backup_damaged"],
    ["a time that is none", { madeAt: -1 }, "backup_damaged"],
  ])("is an error with %s", async (_, change, code) => {
    const text = backupText(await (await made()).contents());
    expect(() => parseBackup(JSON.stringify({ ...JSON.parse(text), ...change }))).toThrow(expect.objectContaining({ code }));
  });

  it.each(["../outside", "keys/../../x.key", "keys/a.key.tmp", "active/0.json", "/etc/passwd", "used/terms/1", "keys/a/b.key"])(
    "names no file outside of an installation: %s",
    async (path) => {
      const value = JSON.parse(backupText(await (await made()).contents())) as { files: object[] };
      value.files.push({ path, sha256: digestOf("x"), text: "x" });
      expect(() => parseBackup(JSON.stringify(value))).toThrow(expect.objectContaining({ code: "backup_damaged" }));
    },
  );

  it("is held against each file's digest", async () => {
    const value = JSON.parse(backupText(await (await made()).contents())) as { files: { text: string }[] };
    (value.files[0] as { text: string }).text += " ";
    expect(() => parseBackup(JSON.stringify(value))).toThrow(expect.objectContaining({ code: "backup_damaged" }));
  });
});

describe("a sealed backup", () => {
  const openers = (passphrase: string) => ({
    passphrase: async () => passphrase,
    privateKey: () => Promise.reject(new Error("not asked for")),
  });

  it("opens under its passphrase, and tells a wrong one from a changed file", async () => {
    const file = await sealed("contents", { passphrase: "right" });
    await expect(opened(file, openers("right"))).resolves.toBe("contents");
    await expect(opened(file, openers("wrong"))).rejects.toMatchObject({ code: "passphrase_wrong" });
    const [first = "", jwe = ""] = file.split("\n");
    const changed = jwe.replace(/.$/, (last) => (last === "A" ? "Q" : "A"));
    await expect(opened(`${first}\n${changed}\n${file.split("\n")[2]}\n`, openers("right"))).rejects.toMatchObject({
      code: "backup_damaged",
    });
    // Its last line can be made for any text: what holds against purpose is the encryption.
    await expect(opened(`${first}\n${changed}\n${digestOf(changed)}\n`, openers("right"))).rejects.toMatchObject({
      code: "passphrase_wrong",
    });
  });

  it("is no other JWE, however it was made", async () => {
    const { CompactEncrypt } = await import("jose");
    const key = new TextEncoder().encode("right");
    const other = await new CompactEncrypt(key)
      .setProtectedHeader({ alg: "PBES2-HS512+A256KW", enc: "A256GCM", cty: "signet-check" })
      .encrypt(key);
    const file = `signet backup, version 1\n${other}\n${digestOf(other)}\n`;
    await expect(opened(file, openers("right"))).rejects.toMatchObject({ code: "backup_damaged" });
  });
});

describe("what is newer where", () => {
  it("is shown for each part, and nothing that is there is written over", async () => {
    const place = await made();
    const backup = await proven(await place.contents());
    expect(await compare(backup, place.place)).toMatchObject({ kind: "nothing" });
    await place.revokeActive();
    const ahead = await compare(backup, place.place);
    expect(ahead).toMatchObject({ kind: "refused", why: { code: "restore_refused" } });
    expect(ahead.compared.find(({ part }) => part === "sequence")).toStrictEqual({ part: "sequence", backup: "1", here: "2" });
    const before = await readFile(join(place.place.directory, "keyring.json"), "utf8");
    await expect(restore(backup, place.place)).rejects.toMatchObject({ code: "restore_refused" });
    expect(await readFile(join(place.place.directory, "keyring.json"), "utf8")).toBe(before);
  });
});
