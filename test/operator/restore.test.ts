import { appendFile, chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { confirmCopy } from "../../src/operator/backup/confirm.js";
import { planFor, restore } from "../../src/operator/backup/restore.js";
import { readHoldings } from "../../src/operator/holders.js";
import { makeIssuer, planInit } from "../../src/operator/init.js";
import { latestTime } from "../../src/rotation/plan/view.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { backedUpIn, doubtsIn, installationIn, issuerIn, proven, WORD } from "./backup-example.js";

const scratch = scratchDirectories();

const backedUp = async () => backedUpIn(await scratch());

/** The backup of an issuer whose machine's clock ran a day ahead. */
async function aDayAhead(cwd: string) {
  const contents = await (await issuerIn(cwd)).contents();
  const ahead = (contents.files.get("keyring.json") ?? "").replace(
    /("\w+At": ?)(\d+)/g,
    (_, name, at) => `${name}${Number(at) + 86_400}`,
  );
  return proven({ ...contents, files: new Map([...contents.files, ["keyring.json", ahead]]) });
}

describe("a restore that was killed between the log and the keyring", () => {
  it("is asked again about the key that was revoked since, and does not bring it back", async () => {
    const { backup, place, path, log, jwks, lose, revokeActive, manager } = await backedUp();
    const revoked = await revokeActive();
    await lose("keyring.json");
    await writeFile(path("audit.jsonl"), log, { mode: 0o600 });
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({ message: expect.stringContaining(revoked) });
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    expect(doubts).toStrictEqual([
      expect.stringContaining("ends with the backup"),
      expect.stringMatching(new RegExp(`^${revoked} is not in the JWKS`)),
    ]);
    await restore(backup, place, WORD, doubts);
    await manager.repair({ apply: true });
    expect(await jwks()).not.toContain(revoked);
  });

  it("takes a JWKS that is lost as well for no proof that nothing was revoked", async () => {
    const { backup, place, lose } = await backedUp();
    await lose("keyring.json", "public");
    expect(doubtsIn(await planFor(backup, place, WORD))[0]).toContain("ends with the backup");
  });

  it("writes the log after the keyring that has the operator's word in it", async () => {
    const { backup, place, lose } = await backedUp();
    await lose("keyring.json", "audit.jsonl");
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend", writes: { size: 2 } });
    const { writes } = (await planFor(backup, place, WORD)) as { writes: ReadonlyMap<string, string> };
    expect([...writes.keys()]).toStrictEqual(["keyring.json", "audit.jsonl"]);
  });

  it("asks nothing where keyring alone is lost, and nothing was done since", async () => {
    const { backup, place, lose } = await backedUp();
    await lose("keyring.json");
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend", doubts: [] });
  });
});

describe("an audit log that goes on after the backup, and is damaged there", () => {
  const harms: readonly (readonly [string, (log: string, before: string) => string])[] = [
    ["a line of text at its end", (log) => `${log}nothing\n`],
    ["its next entry, which is no entry any more", (log, before) => before + log.slice(before.length).replace("{", "")],
    ["its next entry, which is gone", (log, before) => before + log.slice(before.length).replace(/^.*\n/, "")],
    ["all that is after the backup, and the backup's last entry", (_, before) => before.replace(/\n[^\n]*\n$/, "\ntorn\n")],
  ];

  it.each(harms)("by %s: is this issuer's, is asked about, and lets no key come back that is over", async (_, harm) => {
    const { backup, place, path, log, jwks, lose, revokeActive, manager } = await backedUp();
    const revoked = await revokeActive();
    const whole = await readFile(path("audit.jsonl"), "utf8");
    await writeFile(path("audit.jsonl"), harm(whole, log), { mode: 0o600 });
    await lose("keyring.json");
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    expect(doubts[0]).toContain("is damaged after the backup");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({ code: "restore_refused" });
    await restore(backup, place, WORD, doubts);
    expect(await readFile(path("keyring.json"), "utf8")).toMatch(/"state": ?"revoked"/);
    await manager.repair({ apply: true });
    expect(await jwks()).not.toContain(revoked);
  });

  it("is believed on keys that are over, also where no JWKS tells, and where nothing names a signer", async () => {
    const { backup, place, path, jwks, lose, revokeActive, manager } = await backedUp();
    const revoked = await revokeActive();
    await appendFile(path("audit.jsonl"), "nothing\n");
    await lose("keyring.json", "public");
    const doubts = doubtsIn(await planFor(backup, place, WORD));
    expect(doubts.filter((doubt) => doubt.includes(revoked))).toStrictEqual([
      expect.stringMatching(new RegExp(`^the damaged audit log says that ${revoked} was revoked: it is recorded as revoked`)),
    ]);
    await restore(backup, place, WORD, doubts);
    await manager.repair({ apply: true });
    expect(await jwks()).not.toContain(revoked);
    await lose("keyring.json", "active");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      code: "restore_refused",
      message: expect.stringContaining(`signet restore --confirm --revoked ${revoked}`),
    });
  });

  it("of another issuer is refused as before", async () => {
    const { backup, place, path, lose } = await backedUp();
    const other = await issuerIn(await scratch());
    await writeFile(path("audit.jsonl"), `${await readFile(join(other.place.directory, "audit.jsonl"), "utf8")}nothing\n`);
    await lose("keyring.json");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({ message: expect.stringContaining("another issuer's") });
  });
});

describe("a mend that an operator's word revokes the signer of", () => {
  it("says that the key signs until the repair", async () => {
    const { backup, place, lose } = await backedUp();
    const kid = backup.keyring.keys.find(({ state }) => state === "active")?.publicJwk?.kid as string;
    await lose("keyring.json", "audit.jsonl");
    expect(await planFor(backup, place, { ...WORD, revoked: [kid] })).toMatchObject({
      notes: [expect.stringMatching(new RegExp(`^${kid} is recorded as revoked, and signs here until .*keys repair --yes`))],
    });
    expect(await planFor(backup, place, WORD)).toMatchObject({ notes: [] });
    await lose("keys");
    expect(await planFor(backup, place, { ...WORD, revoked: [kid] })).toMatchObject({
      doubts: expect.arrayContaining([expect.stringMatching(/^nothing signs here/)]),
      notes: [
        expect.stringMatching(
          new RegExp(`^${kid} is recorded as revoked, and another key has to take over: .*keys repair --yes`),
        ),
      ],
    });
  });
});

describe("a folder of private keys that others can write to", () => {
  it.each(["keys", "active"])("gets none of them (%s)", async (folder) => {
    const { backup, place, path, lose } = await backedUp();
    await lose("keys", "active", "keyring.json");
    await mkdir(path(folder));
    await chmod(path(folder), 0o777);
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({ code: "store_insecure" });
    expect(await readdir(path(folder))).toStrictEqual([]);
  });

  it("is told itself, and not as so many damaged key files", async () => {
    const { backup, place, path, contents } = await backedUp();
    await chmod(path("keys"), 0o770);
    const told = {
      code: "store_insecure",
      message: `${path("keys")} can be written by other users; run: chmod 700 ${path("keys")}`,
    };
    await expect(planFor(backup, place, WORD)).rejects.toMatchObject(told);
    await expect(contents()).rejects.toMatchObject(told);
  });
});

describe("a place that kept its keyring and lost its private keys", () => {
  it("begins to sign again by an operator's word alone", async () => {
    const { backup, place, path, lose } = await backedUp();
    await lose("keys");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({ message: expect.stringContaining("nothing signs here") });
    expect(await readdir(path("."))).not.toContain("keys");
    await restore(backup, place, WORD, doubtsIn(await planFor(backup, place, WORD)));
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "nothing" });
  });

  it("is not asked where a standby's alone is lost", async () => {
    const { backup, place, lose } = await backedUp();
    const standby = backup.keyring.keys.find(({ state }) => state === "pending")?.id;
    await lose(`keys/${standby}.key`);
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend", doubts: [] });
  });
});

describe("a copy that waits", () => {
  it("tells who holds its locks, which a process that was killed elsewhere may have left", async () => {
    const { backup } = await backedUp();
    const { path, place, installation } = await installationIn(await scratch());
    await restore(backup, place, WORD);
    await writeFile(
      join(place.directory, "restore.lock"),
      JSON.stringify({ process: "elsewhere_1_1_1", nonce: "0123456789abcdef" }),
    );
    const lock = join(place.directory, "restore.lock");
    expect(await readHoldings(installation, path)).toMatchObject({ locks: [{ path: lock }], lease: undefined });
  });

  it("is not confirmed by a clock that is behind the keyring, and waits on", async () => {
    const { backup } = await backedUp();
    const { place, installation } = await installationIn(await scratch());
    await restore(backup, place, WORD);
    const behind = latestTime({ ...backup.keyring, sweptAt: null }) - 2 * backup.keyring.policy.clockSkewSeconds;
    await expect(confirmCopy(installation, { at: behind - 1, actor: "test" })).rejects.toMatchObject({
      code: "clock_untrusted",
      message: expect.stringMatching(
        /^it is .* by this machine's clock, and the restored keyring has times up to .*nothing was changed$/,
      ),
    });
    expect(await readdir(place.directory)).not.toContain("keyring.json");
    await confirmCopy(installation, { at: behind, actor: "test" });
    expect(await readdir(place.directory)).not.toContain("restored.json");
  });

  it("of a machine whose clock ran ahead is confirmed by the word that this one is right, and a repair sets its times back", async () => {
    const backup = await aDayAhead(await scratch());
    const { place, installation } = await installationIn(await scratch());
    const now = Math.floor(Date.now() / 1_000);
    expect(await restore(backup, place, { ...WORD, at: now })).toMatchObject({
      kind: "copy",
      notes: [expect.stringMatching(/times up to .*: set the clock where it is wrong.*`signet keys repair --yes`/)],
    });
    await expect(confirmCopy(installation, { at: now, actor: "test" })).rejects.toMatchObject({ code: "clock_untrusted" });
    await confirmCopy(installation, { at: now, actor: "test", isClockRight: true });
    const manager = await installation.manager();
    expect(await manager.tick()).toMatchObject({ actions: [], waits: [{ rule: "clock_behind" }] });
    await manager.repair({ apply: true });
    expect((await manager.tick()).waits).not.toContainEqual(expect.objectContaining({ rule: "clock_behind" }));
    await expect(installation.issuer.issue({ claims: { sub: "alice" } })).resolves.toBeDefined();
  });

  it("takes a key that is named as revoked out of the JWKS at once, also where the next one waits for its upload", async () => {
    const { backup } = await backedUp();
    const cwd = await scratch();
    const { path, place, installation } = await installationIn(cwd, { rotation: { byUpload: true } });
    const { keys, policy } = backup.keyring;
    const kid = keys.find(({ state }) => state === "active")?.publicJwk?.kid as string;
    const keyring = { ...backup.keyring, policy: { ...policy, byUpload: true } };
    await restore({ ...backup, keyring }, place, WORD);
    await confirmCopy(installation, { at: Math.floor(Date.now() / 1_000), actor: "test", revoked: [kid] });
    await (await installation.manager()).tick();
    expect(await readFile(join(place.directory, "public/jwks.json"), "utf8")).not.toContain(kid);
    await expect(installation.issuer.issue({ claims: { sub: "alice" } })).rejects.toMatchObject({
      code: "no_active_key",
      message: expect.stringContaining("though the keyring is there: `signet keys tick`"),
    });
    const surroundings = { env: {}, cwd, self: "signet" };
    await writeFile(path, '{"issuer": "https://issuer.example", "rotation": {"byUpload": true}}');
    await expect(
      makeIssuer(surroundings, await planInit(surroundings, path, {}), { onStep: () => undefined }),
    ).rejects.toMatchObject({
      code: "config_exists",
      message: expect.stringContaining("`signet keys tick` says what it waits for"),
    });
  });
});

describe("what is there and damaged", () => {
  it("is told with the way to bring it back, where it is a key file that the backup has", async () => {
    const { backup, place, path, lose } = await backedUp();
    const names = backup.keyring.keys.map(({ id }) => `keys/${id}.key`);
    for (const name of names) await writeFile(path(name), "");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      code: "restore_refused",
      message: expect.stringMatching(/is damaged, and the backup has it.*mv .*\.key\.damaged\.\$\(date \+%s\)$/),
    });
    await lose(...names);
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend" });
  });

  it("is told where the keyring is lost as well, and where nothing but a key file is left", async () => {
    const { backup, place, path, lose } = await backedUp();
    const active = backup.keyring.keys.find(({ state }) => state === "active");
    const name = `keys/${active?.id}.key`;
    const other = backup.keyring.keys.find(({ state }) => state === "pending");
    // What is a key, and another one, is not the key that the keyring means.
    await writeFile(path(name), await readFile(path(`keys/${other?.id}.key`)));
    const refused = {
      code: "restore_refused",
      message: expect.stringContaining(`${path(name)} is damaged, and the backup has it`),
    };
    await lose("keyring.json");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject(refused);
    await lose("active", "audit.jsonl");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject(refused);
    await rename(path(name), path(`${active?.id}.key.damaged`));
    await restore(backup, place, WORD);
    expect(await readdir(path("keys"))).toContain(`${active?.id}.key`);
  });

  it("is in no way where it is a key file that is not needed", async () => {
    const { backup, place, path, lose, revokeActive } = await backedUp();
    const id = backup.keyring.keys.find(({ state }) => state === "active")?.id;
    await revokeActive();
    await writeFile(path(`keys/${id}.key`), "torn", { mode: 0o600 });
    await lose("keyring.json");
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "mend", doubts: [] });
  });

  it("keeps no backup from being made, and no restore from bringing the rest, where it is a key file that cannot be read", async () => {
    const { place, path, contents, backup, lose } = await backedUp();
    const [active, pending] = ["active", "pending"].map(
      (wanted) => backup.keyring.keys.find(({ state }) => state === wanted)?.id,
    );
    await chmod(path(`keys/${pending}.key`), 0o666);
    expect([...(await contents()).files.keys()]).not.toContain(`keys/${pending}.key`);
    await lose(`keys/${pending}.key`);
    await mkdir(path(`keys/${pending}.key`));
    expect([...(await contents()).files.keys()]).not.toContain(`keys/${pending}.key`);
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      code: "restore_refused",
      message: expect.stringMatching(/cannot be used, and the backup has it: .*a folder.*mv /),
    });
    await lose(`keys/${pending}.key`);
    await restore(backup, place, WORD);
    await chmod(path(`keys/${active}.key`), 0o666);
    await expect(contents()).rejects.toMatchObject({ code: "store_insecure" });
  });

  it("is told with the way back where it is the document that says who signs, beside a lost keyring", async () => {
    const { backup, place, path, lose } = await backedUp();
    const [name = ""] = (await readdir(path("active"))).filter((each) => each.endsWith(".json"));
    await writeFile(path(`active/${name}`), "");
    await lose("keyring.json");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      code: "restore_refused",
      message: expect.stringMatching(
        /active\/\d+\.json is damaged.*a copy that waits for your word.*mv .*active\.damaged\.\$\(date \+%s\)$/,
      ),
    });
    await rename(path("active"), path("active.damaged.1"));
    expect(await planFor(backup, place, WORD)).toMatchObject({ kind: "copy" });
  });

  it("is told truly of an audit log that is empty", async () => {
    const { backup, place, path } = await backedUp();
    await writeFile(path("audit.jsonl"), "");
    await expect(restore(backup, place, WORD)).rejects.toMatchObject({
      message: expect.stringMatching(/audit\.jsonl is there, and is empty.*nothing was written over$/),
    });
  });
});
