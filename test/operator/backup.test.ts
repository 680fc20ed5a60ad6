import { generateKeyPairSync } from "node:crypto";
import fs, { readdir, readFile, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseKeyring } from "../../src/keyring/parse.js";
import { confirmCopy } from "../../src/operator/backup/confirm.js";
import { type BackupContents, backupText, digestOf, parseBackup } from "../../src/operator/backup/contents.js";
import { markIn } from "../../src/operator/backup/mark.js";
import { planFor, restore } from "../../src/operator/backup/restore.js";
import { opened, sealed } from "../../src/operator/backup/sealing.js";
import { writeBackup } from "../../src/operator/backup/write.js";
import { amount } from "../contracts/matrix.js";
import { HAS_ML_DSA } from "../contracts/ml-dsa.js";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { installationIn, issuerIn, proven, WORD } from "./backup-example.js";

const scratch = scratchDirectories();

const made = async () => issuerIn(await scratch());

let slowDown: () => void;
let example: BackupContents;

beforeAll(async () => {
  slowDown = quickenPassphrases();
  example = await (await made()).contents();
});
afterAll(() => slowDown());

describe("a backup that is made while keys are changed and tokens are issued", () => {
  it("holds no config that could not be loaded, or is of keys in AWS by now", async () => {
    const { contents, place } = await made();
    const { config } = place;
    const text = await readFile(config, "utf8");
    await writeFile(config, text.slice(0, -20));
    await expect(contents()).rejects.toMatchObject({ code: "invalid_json" });
    const aws = { region: "eu-central-1", installation: "moved", keyring: "s3://bucket" };
    await writeFile(config, JSON.stringify({ ...JSON.parse(text), custody: "kms", aws }));
    await expect(contents()).rejects.toMatchObject({ code: "usage" });
  });

  it("is of one moment each time, and its copy goes on with whatever was under way", { timeout: 120_000 }, async () => {
    const { contents, manager, revokeActive, installation } = await made();
    const taken: BackupContents[] = [];
    let isWorking = true;
    const moments = () => new Set(taken.map(({ files }) => files.get("keyring.json"))).size;
    const work = async (): Promise<void> => {
      // It goes on until enough was taken, however fast either of them is.
      for (let turn = 0; turn < amount(3, 6) || taken.length <= 3 || moments() <= 2; turn++) {
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
    expect(moments()).toBeGreaterThan(2);
    // Each is proven; an ordinary run lets some of them go on elsewhere.
    const stride = amount(Math.ceil(taken.length / 4), 1);
    for (const [index, each] of taken.entries()) {
      const backup = await proven(each);
      expect(backup.audit.fault).toBeNull();
      if (index % stride !== 0) continue;
      const cwd = await scratch();
      const { place, installation: copy } = await installationIn(cwd);
      expect(await restore(backup, place, WORD)).toMatchObject({ kind: "copy" });
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
    const contents = example;
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const keyPaths = [...contents.files.keys()].filter((path) => path.startsWith("keys/"));
    const { material } = JSON.parse(contents.files.get("active/1.json") ?? "") as { material: { file: string } };
    const own = JSON.parse(contents.files.get(`keys/${material.file}.key`) ?? "") as { kid: string };
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
    const [signer, standby] = [`keys/${material.file}.key`, keyPaths.find((path) => !path.includes(material.file)) as string];
    await expect(proven(contents)).resolves.toMatchObject({ provenKeys: 2, notes: [] });
    for (const [wrong, words] of [
      [with_(signer, other), "does not belong to the public part"],
      [with_(signer, renamed), "another key than the keyring says"],
      [with_(signer, "nothing"), "neither a JWK nor an encrypted JWK"],
      [without(signer), "lacks the private part of the key that signs"],
      [with_("keyring.json", "{}"), "another signet|version"],
      [{ ...contents, issuer: "https://other.example" }, "another issuer's"],
    ] as const) {
      await expect(proven(wrong)).rejects.toMatchObject({ message: expect.stringMatching(words) });
    }
    const unknown = JSON.stringify({ kty: "AKP", alg: "ML-DSA-44", kid: own.kid, pub: "AA", priv: "AA" });
    await expect(proven(with_(signer, unknown))).rejects.toMatchObject({
      code: HAS_ML_DSA ? "backup_damaged" : "algorithm_unavailable",
    });
    // What is damaged, and does not sign, is the fault of nothing else.
    for (const [path, text, words] of [
      [standby, "nothing", "neither a JWK nor an encrypted JWK"],
      ["keys/stranger.key", other, "a key that the keyring does not have"],
      ["active/2.json", document, "another sequence"],
      ["active/1.json", "{}", "has no sequence"],
      ["public/jwks.json", "{}", "lists no key"],
    ] as const) {
      const { files, notes } = await proven(with_(path, text));
      expect(files.has(path), path).toBe(false);
      expect(notes[0], path).toMatch(new RegExp(`^left out: .*${words}`));
    }
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
    const text = backupText(example);
    expect(() => parseBackup(JSON.stringify({ ...JSON.parse(text), ...change }))).toThrow(expect.objectContaining({ code }));
  });

  it.each(["../outside", "keys/../../x.key", "keys/a.key.tmp", "active/0.json", "/etc/passwd", "used/terms/1", "keys/a/b.key"])(
    "names no file outside of an installation: %s",
    async (path) => {
      const value = JSON.parse(backupText(example)) as { files: object[] };
      value.files.push({ path, sha256: digestOf("x"), text: "x" });
      expect(() => parseBackup(JSON.stringify(value))).toThrow(expect.objectContaining({ code: "backup_damaged" }));
    },
  );

  it("has no more files than can be proven in a while, and none is made that has", async () => {
    const named = (count: number) =>
      new Map([...Array(count - 2).keys()].map((index) => [`keys/${index}.key`, "x"]))
        .set("signet.json", "x")
        .set("keyring.json", "x");
    expect(parseBackup(backupText({ ...example, files: named(256) })).files.size).toBe(256);
    const more = { ...example, files: named(257) };
    expect(() => parseBackup(backupText(more))).toThrow(expect.objectContaining({ code: "backup_damaged" }));
    const cwd = await scratch();
    await expect(writeBackup({ env: {}, cwd, self: "signet" }, "b", more, { passphrase: "x" })).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/more than 256 files.*`signet keys tick` removes .*cp -a/),
    });
    expect(await readdir(cwd)).toStrictEqual([]);
  });

  it("is held against each file's digest", async () => {
    const value = JSON.parse(backupText(example)) as { files: { text: string }[] };
    (value.files[0] as { text: string }).text += " ";
    expect(() => parseBackup(JSON.stringify(value))).toThrow(expect.objectContaining({ code: "backup_damaged" }));
  });
});

describe("a backup whose log had not got the keyring's last entry yet", () => {
  it("is whole once its copy was confirmed", async () => {
    const log = example.files.get("audit.jsonl") ?? "";
    const cut = log.slice(0, log.trimEnd().lastIndexOf("\n") + 1);
    const { place, installation } = await installationIn(await scratch());
    await restore(await proven({ ...example, files: new Map([...example.files, ["audit.jsonl", cut]]) }), place, WORD);
    await confirmCopy(installation, { at: Math.floor(Date.now() / 1_000), actor: "test" });
    await (await installation.manager()).tick();
    expect(await (await installation.manager()).verifyAudit()).toMatchObject({ isIntact: true });
  });
});

describe("a confirmation that was killed before it took the mark away", () => {
  it("takes no word on revoked keys any more, and goes on without it", async () => {
    const { place, installation } = await installationIn(await scratch());
    await restore(await proven(example), place, WORD);
    const mark = await readFile(markIn(place.directory), "utf8");
    const at = Math.floor(Date.now() / 1_000);
    await confirmCopy(installation, { at, actor: "test" });
    await writeFile(markIn(place.directory), mark, { mode: 0o600 });
    const { keys } = parseKeyring(example.files.get("keyring.json") ?? "", "");
    const revoked = [keys[0]?.publicJwk?.kid as string];
    await expect(confirmCopy(installation, { at, actor: "test", revoked })).rejects.toMatchObject({ code: "usage" });
    await confirmCopy(installation, { at, actor: "test" });
    await expect(confirmCopy(installation, { at, actor: "test" })).rejects.toMatchObject({ code: "usage" });
  });
});

describe("where backups are kept", () => {
  it("there may be no links", async () => {
    const cwd = await scratch();
    const { link } = fs;
    fs.link = () => Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM" }));
    syncBuiltinESMExports();
    try {
      const surroundings = { env: {}, cwd, self: "signet" };
      await writeBackup(surroundings, "b", example, { passphrase: "right" });
      await expect(writeBackup(surroundings, "b", example, { passphrase: "right" })).rejects.toMatchObject({ code: "usage" });
    } finally {
      fs.link = link;
      syncBuiltinESMExports();
    }
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
    expect(await planFor(backup, place.place, WORD)).toMatchObject({ kind: "nothing" });
    await place.revokeActive();
    const ahead = await planFor(backup, place.place, WORD);
    expect(ahead).toMatchObject({ kind: "refused", why: { code: "restore_refused" } });
    expect(ahead.compared.find(({ part }) => part === "sequence")).toStrictEqual({ part: "sequence", backup: "1", here: "2" });
    const before = await readFile(join(place.place.directory, "keyring.json"), "utf8");
    await expect(restore(backup, place.place, WORD)).rejects.toMatchObject({ code: "restore_refused" });
    expect(await readFile(join(place.place.directory, "keyring.json"), "utf8")).toBe(before);
  });
});
