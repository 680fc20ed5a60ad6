import fs, { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { describe, expect, it } from "vitest";
import { recordByKid } from "../../src/keyring/keyring.js";
import { parseKeyring } from "../../src/keyring/parse.js";
import { doubtsOfKeys } from "../../src/operator/backup/doubts.js";
import { planFor, restore } from "../../src/operator/backup/restore.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { backedUpIn, doubtsIn, WORD } from "./backup-example.js";

const scratch = scratchDirectories();

/** An issuer and its backup, with the kids and ids of its two keys. */
async function example() {
  const backedUp = await backedUpIn(await scratch());
  const { backup, path } = backedUp;
  const [signer, standby] = ["active", "pending"].map((wanted) => {
    const key = backup.keyring.keys.find(({ state }) => state === wanted);
    return { kid: key?.publicJwk?.kid as string, file: `keys/${key?.id}.key` };
  }) as [Key, Key];
  return {
    ...{ ...backedUp, signer, standby },
    /** Goes on with the log by entries and a damaged line. */
    tear: async (...entries: readonly (readonly [event: string, kid: string])[]) => {
      const { count } = backup.keyring.audit;
      const lines = entries.map(([event, kid], index) =>
        JSON.stringify({ number: count + 1 + index, at: 1_800_000_000, actor: "test", previous: "", event, keys: [kid] }),
      );
      await writeFile(path("audit.jsonl"), `${[backedUp.log.trimEnd(), ...lines, "nothing"].join("\n")}\n`, { mode: 0o600 });
    },
    recorded: async (kid: string) => recordByKid(parseKeyring(await readFile(path("keyring.json"), "utf8"), ""), kid),
  };
}

interface Key {
  readonly kid: string;
  readonly file: string;
}

describe("a damaged audit log that says that a key is over", () => {
  it.each([
    ["removed", "key.removed"],
    ["revoked", "key.revoked"],
    ["given up", "key.discarded"],
  ])("revokes none that signs here: %s", async (words, event) => {
    const { backup, place, lose, signer, tear, recorded } = await example();
    await tear([event, signer.kid]);
    await lose("keyring.json", signer.file);
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    expect(doubts).toContain(
      `${signer.kid} signs by the active document that is here, although the damaged audit log says that it was ${words}: ` +
        `where it was revoked after the backup, give --revoked ${signer.kid}`,
    );
    await restore(backup, place, WORD, doubts);
    expect(await recorded(signer.kid)).toMatchObject({ state: "active" });
    expect(await recorded(signer.kid)).not.toHaveProperty("revokedAt");
    expect(await readdir(place.directory)).toContain("keys");
    expect(await readFile(`${place.directory}/${signer.file}`, "utf8")).toBe(backup.files.get(signer.file));
  });

  it("revokes the signer by the operator's word", async () => {
    const { backup, place, lose, signer, tear, recorded } = await example();
    await tear(["key.removed", signer.kid]);
    await lose("keyring.json");
    const word = { ...WORD, revoked: [signer.kid] };
    const doubts = doubtsIn(await planFor(backup, place, word));
    expect(doubts.filter((doubt) => doubt.includes(signer.kid))).toStrictEqual([]);
    await restore(backup, place, word, doubts);
    expect(await recorded(signer.kid)).toMatchObject({ state: "revoked", reason: expect.stringContaining("operator's word") });
  });

  it("is asked about, key by key, and named as the reason", async () => {
    const { backup, place, lose, standby, tear, recorded } = await example();
    await tear(["key.revoked", standby.kid]);
    await lose("keyring.json");
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    const asked = `the damaged audit log says that ${standby.kid} was revoked: it is recorded as revoked, and does not come back; where that is wrong, move the log away first`;
    expect(doubts.filter((doubt) => doubt.includes(standby.kid))).toStrictEqual([asked]);
    const others = doubts.filter((doubt) => doubt !== asked);
    await expect(restore(backup, place, WORD, others)).rejects.toMatchObject({ message: expect.stringContaining(asked) });
    await restore(backup, place, WORD, doubts);
    expect(await recorded(standby.kid)).toMatchObject({
      state: "revoked",
      reason: "revoked or given up, by a damaged audit log that was beside the restored keyring",
    });
  });

  it("revokes none that was removed, which the JWKS has", async () => {
    const { backup, place, lose, standby, tear, recorded } = await example();
    await tear(["key.removed", standby.kid]);
    await lose("keyring.json");
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    expect(doubts).toContain(
      `${standby.kid} verifies, although the damaged audit log says that it was removed: where it was revoked after the backup, give --revoked ${standby.kid}`,
    );
    await restore(backup, place, WORD, doubts);
    expect(await recorded(standby.kid)).toMatchObject({ state: "pending" });
  });

  it("tells a copy's operator which were revoked, and which removed", async () => {
    const { backup, place, lose, signer, standby, tear } = await example();
    await tear(["key.removed", signer.kid], ["key.revoked", standby.kid]);
    await lose("keyring.json", "active");
    const { why } = (await planFor(backup, place, WORD)) as unknown as { why: Error };
    expect(why.message).toContain(
      `these are over: \`signet restore --confirm --revoked ${standby.kid}\`. It says that these were removed: ${signer.kid}.`,
    );
  });
});

describe("documents beside a lost keyring", () => {
  it("leave together where the newest is damaged: an older one would let a key sign that may be revoked", async () => {
    const { backup, place, path, lose } = await example();
    await writeFile(path("active/6.json"), "{", { mode: 0o600 });
    await lose("keyring.json");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      code: "restore_refused",
      message: expect.stringContaining(`since active/6.json is damaged`),
    });
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      message: expect.stringContaining(`mv ${path("active")} ${path("active.damaged")}.$(date +%s)`),
    });
    await rename(path("active"), path("active.damaged.1"));
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "copy" });
  });

  it("stay where an older one is damaged, which leaves alone", async () => {
    const { backup, place, path, lose, revokeActive } = await example();
    await revokeActive();
    await writeFile(path("active/1.json"), "{", { mode: 0o600 });
    await lose("keyring.json");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      message: expect.stringContaining(`mv ${path("active/1.json")} ${path("1.json.damaged")}.$(date +%s)`),
    });
  });

  it("are in no way of a private key where the keyring is there", async () => {
    const { backup, place, path, lose, standby } = await example();
    await writeFile(path("active/6.json"), "{", { mode: 0o600 });
    await lose(standby.file);
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend", doubts: [] });
  });

  it("are asked about where the JWKS lacks the key that signs by them", async () => {
    const { backup, place, path, lose, jwks, signer } = await example();
    const { keys } = JSON.parse(await jwks()) as { keys: { kid: string }[] };
    await writeFile(path("public/jwks.json"), JSON.stringify({ keys: keys.filter(({ kid }) => kid !== signer.kid) }));
    await lose("keyring.json");
    const doubt = `${signer.kid} signs by the active document that is here, although the JWKS that is here does not have it: `;
    expect(doubtsIn(await planFor(backup, place, WORD))).toContain(
      `${doubt}where it was revoked after the backup, give --revoked ${signer.kid}`,
    );
    await lose("audit.jsonl");
    expect(doubtsIn(await planFor(backup, place, WORD))).toContainEqual(expect.stringContaining(doubt));
    const document = JSON.parse(await readFile(path("active/1.json"), "utf8")) as object;
    await writeFile(path("active/2.json"), JSON.stringify({ ...document, sequence: 2, kid: "made-since" }), { mode: 0o600 });
    expect(doubtsIn(await planFor(backup, place, WORD))).toContainEqual(
      expect.stringMatching(/^made-since signs by .*: where it was revoked after the backup, move .*\/active away instead/),
    );
  });
});

describe("the names in what an operator is told to give", () => {
  it("are quoted for the shell", async () => {
    const { backup, standby } = await example();
    const [text] = [JSON.stringify(backup.keyring).replaceAll(standby.kid, "x; id")];
    const document = JSON.parse(backup.files.get("active/1.json") ?? "");
    const evidence = { history: "lost", top: document, published: [], unpublished: [], told: new Map() } as const;
    expect(doubtsOfKeys(parseKeyring(text, ""), evidence, ".signet")).toContain(
      "x; id verifies: where it was revoked after the backup, give --revoked 'x; id'",
    );
  });
});

describe("a key file that is there and may be a good one", () => {
  it("is told with what its mode needs, and is not to be moved away", async () => {
    const { backup, place, path, standby } = await example();
    await chmod(path(standby.file), 0o644);
    const { why } = (await planFor(backup, place, WORD)) as unknown as { why: Error };
    expect(why).toMatchObject({
      code: "store_insecure",
      message: `${path(standby.file)} can be read by other users; run: chmod 600 ${path(standby.file)}`,
    });
  });

  it("is told once by a backup that leaves it out, and not as lost", async () => {
    const { notes, path, standby } = await example();
    await chmod(path(standby.file), 0o644);
    await mkdir(path("keys/zzz.key"));
    expect((await notes()).filter((note) => !note.startsWith("not in it"))).toStrictEqual([
      expect.stringMatching(/^left out: .*chmod 600 /),
      "1 of the key files are of no key in use, and are not in it",
    ]);
    await writeFile(path(standby.file), "torn");
    await chmod(path(standby.file), 0o600);
    expect((await notes()).filter((note) => note.includes("is not there"))).toStrictEqual([]);
  });

  it("stops a backup and a restore where this process has too many open files", async () => {
    const { contents, backup, place, standby } = await example();
    const { open } = fs;
    fs.open = (name, ...others) =>
      String(name).endsWith(standby.file)
        ? Promise.reject(Object.assign(new Error("EMFILE"), { code: "EMFILE" }))
        : open(name, ...others);
    syncBuiltinESMExports();
    try {
      const told = { code: "store_failed", message: expect.stringContaining("too many open files") };
      await expect(contents()).rejects.toMatchObject(told);
      await expect(planFor(backup, place, WORD)).rejects.toMatchObject(told);
    } finally {
      fs.open = open;
      syncBuiltinESMExports();
    }
  });
});
