import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { assemble, type Installation } from "../../src/assemble.js";
import { checkConfig } from "../../src/config/load.js";
import { confirmCopy } from "../../src/operator/backup/confirm.js";
import { type BackupContents, backupText, parseBackup } from "../../src/operator/backup/contents.js";
import { proveBackup } from "../../src/operator/backup/prove.js";
import { restore } from "../../src/operator/backup/restore.js";
import { opened } from "../../src/operator/backup/sealing.js";
import { some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { FILE_FIXTURES, type FileFixture, fixture } from "./fixtures.js";

const scratch = scratchDirectories();

afterEach(() => void vi.useRealTimers());

/** Restores contents into an empty folder, and confirms them there. */
async function copyOf(text: string, passphrase: string | undefined) {
  const backup = parseBackup(text);
  const at = Math.max(backup.madeAt, Math.floor(Date.now() / 1_000));
  vi.useFakeTimers({ toFake: ["Date"], now: at * 1_000 });
  const proven = await proveBackup(backup, async () => passphrase);
  const path = join(await scratch(), "signet.json");
  const config = checkConfig(JSON.parse(backup.files.get("signet.json") ?? ""), path, { env: {} });
  const installation = await assemble(config, { env: {}, passphrase: async () => passphrase });
  const { directory } = config;
  expect(await restore(proven, { config: path, directory }, { revoked: [], at })).toMatchObject({ kind: "copy" });
  await expect(installation.issuer.issue({ claims: { sub: "a" } })).rejects.toMatchObject({ code: "restored_unconfirmed" });
  await confirmCopy(installation, { at, actor: "test" });
  await (await installation.manager()).tick();
  const jwks = createLocalJWKSet(JSON.parse(await readFile(join(directory, "public/jwks.json"), "utf8")));
  return { proven, installation, jwks };
}

async function assertSigns({ issuer }: Installation, jwks: ReturnType<typeof createLocalJWKSet>): Promise<void> {
  const { token } = await issuer.issue({ claims: { sub: "a" } });
  await expect(jwtVerify(token, jwks, { currentDate: new Date() })).resolves.toBeDefined();
}

describe("a backup file of version 1", () => {
  it("is opened by the recipient's key, and its copy signs with the keys that its tokens have", async () => {
    const path = new URL("./backups/version-1.json", import.meta.url);
    const { contents, privateKey, token, file } = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    const text = await opened(file as string, {
      passphrase: () => Promise.reject(new Error("not asked for")),
      privateKey: async () => createPrivateKey(privateKey as string),
    });
    const { proven, installation, jwks } = await copyOf(text, undefined);
    expect(proven).toMatchObject({ digest: contents, provenKeys: 2, notes: [] });
    const currentDate = new Date((decodeJwt(token as string).iat ?? 0) * 1_000);
    await expect(jwtVerify(token as string, jwks, { currentDate })).resolves.toBeDefined();
    await assertSigns(installation, jwks);
  });
});

describe("a backup of what version 1 of the keyring has left", () => {
  it.each(some(2, FILE_FIXTURES))("is restored and goes on, in the present version: %s", async (name) => {
    const { files, now, passphrase } = fixture<FileFixture>(name);
    const { issuer } = JSON.parse(files["keyring.json"] ?? "") as { issuer: string | null };
    const config = JSON.stringify({ ...(issuer !== null && { issuer }) });
    const all = new Map([["signet.json", config], ...Object.entries(files)]);
    const contents: BackupContents = { madeAt: now, madeBy: "0.1.0", issuer, files: all, callers: new Map() };
    const { installation, jwks } = await copyOf(backupText(contents), passphrase);
    expect((await installation.stores.keyring.read())?.keyring.version).toBe(2);
    await assertSigns(installation, jwks);
    expect(await (await installation.manager()).verifyAudit()).toMatchObject({ isIntact: true });
  });
});
