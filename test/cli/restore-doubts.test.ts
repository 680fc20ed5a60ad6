import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const SEALED = ["--passphrase-file", "pass"];

interface Place {
  readonly cwd: string;
  readonly run: (...args: string[]) => ReturnType<typeof signet>;
  /** A run that has to succeed. Answers stdout. */
  readonly done: (...args: string[]) => Promise<string>;
  readonly path: (name: string) => string;
}

function placeIn(cwd: string): Place {
  const run = (...args: string[]) => signet(args, { cwd });
  const done = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
    return stdout.trim();
  };
  return { cwd, run, done, path: (name) => join(cwd, ".signet", name) };
}

interface Listed {
  readonly id: string;
  readonly kid: string;
  readonly state: string;
}

async function keysOf({ done }: Place): Promise<{ readonly active: Listed; readonly pending: Listed }> {
  const { keys } = JSON.parse(await done("keys", "list", "--json")) as { keys: Listed[] };
  const [active, pending] = ["active", "pending"].map((wanted) => keys.find(({ state }) => state === wanted) as Listed);
  return { active: active as Listed, pending: pending as Listed };
}

async function jwksOf({ path }: Place) {
  return readFile(path("public/jwks.json"), "utf8");
}

async function assertSignsAs(place: Place, kid: string): Promise<void> {
  const jwks = createLocalJWKSet(JSON.parse(await jwksOf(place)));
  const { protectedHeader } = await jwtVerify(await place.done("issue", "sub=a"), jwks);
  expect(protectedHeader.kid).toBe(kid);
}

async function without(place: Place, ...names: string[]): Promise<void> {
  for (const name of names) await rm(place.path(name), { recursive: true });
}

// A confirmation is told apart by its second.
async function untilNextSecond(): Promise<void> {
  const now = Math.floor(Date.now() / 1_000);
  while (Math.floor(Date.now() / 1_000) === now) await setImmediate();
}

let original: Place;
let keys: Awaited<ReturnType<typeof keysOf>>;
let early: string;

beforeAll(async () => {
  original = placeIn(await scratch());
  await writeFile(join(original.cwd, "pass"), "correct horse\n", { mode: 0o600 });
  await original.done("init", "--issuer", "https://issuer.example");
  early = await original.done("issue", "sub=alice");
  keys = await keysOf(original);
  await original.done("backup", "b", ...SEALED);
});

/** The original's folder, or some names of it, in another place. */
async function copied(...names: string[]): Promise<Place> {
  const place = placeIn(await scratch());
  for (const name of ["pass", "b"]) await cp(join(original.cwd, name), join(place.cwd, name));
  await mkdir(place.path("."), { mode: 0o700 });
  for (const name of names) await cp(original.path(name), place.path(name), { recursive: true });
  return place;
}

/** An issuer of its own, at which the active key was revoked after its backup. */
async function revokedSince() {
  const place = placeIn(await scratch());
  await cp(join(original.cwd, "pass"), join(place.cwd, "pass"));
  await place.done("init", "--issuer", "https://issuer.example");
  await place.done("backup", "b", ...SEALED);
  const { active, pending } = await keysOf(place);
  await place.done("keys", "revoke", active.kid, "--reason", "stolen", "--yes");
  return { place, revoked: active, signer: pending };
}

async function waiting(): Promise<Place> {
  const place = await copied();
  await place.done("restore", "b", ...SEALED);
  return place;
}

describe("a copy that is there in part", () => {
  it.each([
    ["all but the private keys", ["keyring.json", "audit.jsonl", "active"]],
    ["its documents alone", ["active"]],
    ["documents and log", ["active", "audit.jsonl"]],
  ])("of %s gets its private keys by the operator's word alone", async (_, names) => {
    const place = await copied(...names);
    const asked = await place.run("restore", "b", ...SEALED);
    expect(asked, asked.stderr).toMatchObject({ code: 2, stderr: expect.stringMatching(/another place[\s\S]*give --yes/) });
    expect(await readdir(place.path("."))).not.toContain("keys");
    expect(await place.run("issue", "sub=a")).toMatchObject({ code: 1 });
    await place.done("restore", "b", ...SEALED, "--yes");
    await assertSignsAs({ ...place, path: original.path }, keys.active.kid);
  });

  it("is asked about where its documents are in their own place, and nothing signs there", async () => {
    const place = placeIn(await scratch());
    await cp(join(original.cwd, "pass"), join(place.cwd, "pass"));
    await place.done("init", "--issuer", "https://issuer.example");
    await place.done("backup", "b", ...SEALED);
    await without(place, "keyring.json", "keys");
    expect(await place.run("restore", "b", ...SEALED)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nothing signs here[\s\S]*give --yes/),
    });
    expect(await readdir(place.path("."))).not.toContain("keyring.json");
  });
});

describe("the confirmation", () => {
  it.each([
    ["--dry-run", []],
    ["--passphrase-file", ["pass"]],
    ["--key", ["pass"]],
    ["--contents", ["x"]],
  ])("takes no %s, and confirms nothing then", async (option, value) => {
    const place = await waiting();
    const ran = await place.run("restore", "--confirm", "--yes", option, ...value);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("has no dry run") });
    expect(await readdir(place.path("."))).toContain("restored.json");
  });

  it("lets a key that was revoked since never sign, and publishes it to nobody", async () => {
    const place = await waiting();
    expect(await readdir(place.path("."))).not.toContain("public");
    const confirmed = await place.run("restore", "--confirm", "--yes", "--revoked", keys.active.kid);
    expect(confirmed, confirmed.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`${keys.active.kid} (active): revoked`),
    });
    expect(confirmed.stderr).not.toContain(`activate key ${keys.active.kid}`);
    await assertSignsAs(place, keys.pending.kid);
    expect(await jwksOf(place)).not.toContain(keys.active.kid);
    expect(await place.done("keys", "history")).toMatch(/key\.revoked .*by the operator's word/);
    await place.done("audit", "verify");
  });

  it("makes another key where none is left that may sign", async () => {
    const place = await waiting();
    await place.done("restore", "--confirm", "--yes", "--revoked", keys.active.kid, "--revoked", keys.pending.kid);
    const jwks = await jwksOf(place);
    for (const { kid } of [keys.active, keys.pending]) expect(jwks).not.toContain(kid);
    await assertSignsAs(place, (await keysOf(place)).active.kid);
    await place.done("audit", "verify");
  });

  it("refuses to revoke a key that the copy does not have, and confirms nothing then", async () => {
    const place = await waiting();
    const ran = await place.run("restore", "--confirm", "--yes", "--revoked", "another");
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("a key that the backup does not have") });
    expect(await readdir(place.path("."))).toContain("restored.json");
    expect(await place.run("restore", "b", ...SEALED, "--revoked", keys.active.kid)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("restore --confirm"),
    });
  });

  it("asks whether the clock is right where the copy's times are ahead of it, and names the repair", async () => {
    const place = await waiting();
    const mark = await readFile(place.path("restored.json"), "utf8");
    const ahead = mark.replace(/(At\\": ?)(\d+)/g, (_, name, at) => `${name}${Number(at) + 86_400}`);
    await writeFile(place.path("restored.json"), ahead);
    expect(await place.run("restore", "--confirm")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /has times up to .*: where the clock is wrong, set it first[\s\S]*Is the clock right, is the original gone/,
      ),
    });
    const confirmed = await place.run("restore", "--confirm", "--yes");
    expect(confirmed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the clock is right by your word[\s\S]*keys repair --yes/),
    });
    await place.done("keys", "repair", "--yes");
    await place.done("keys", "tick");
    await assertSignsAs(place, keys.active.kid);
    await place.done("audit", "verify");
  });

  it("is named by a restore that finds one interrupted", async () => {
    const place = await waiting();
    await cp(original.path("keyring.json"), place.path("keyring.json"));
    expect(await place.run("restore", "b", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("restore --confirm` goes on with it"),
    });
  });

  it("of a second copy from the same backup writes its documents after those of the first", async () => {
    const sequences: number[] = [];
    for (let copy = 0; copy < 2; copy++) {
      const place = await waiting();
      if (copy > 0) await untilNextSecond();
      await place.done("restore", "--confirm", "--yes");
      const [name = ""] = (await readdir(place.path("active"))).filter((each) => each.endsWith(".json"));
      sequences.push(Number.parseInt(name, 10));
    }
    expect(sequences[1]).toBeGreaterThan(sequences[0] as number);
  });
});

describe("a key that was revoked after the backup", () => {
  it("does not come back with a keyring whose log is there, and neither does its private part", async () => {
    const { place, revoked, signer } = await revokedSince();
    await without(place, "keyring.json");
    await place.done("restore", "b", ...SEALED);
    expect(await readdir(place.path("keys"))).not.toContain(`${revoked.id}.key`);
    await place.done("keys", "repair", "--yes");
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await assertSignsAs(place, signer.kid);
    await place.done("audit", "verify");
  });

  it("does not come back where keyring and log are lost: the JWKS that is there tells, and the operator is asked", async () => {
    const { place, revoked, signer } = await revokedSince();
    await without(place, "keyring.json", "audit.jsonl");
    const asked = await place.run("restore", "b", ...SEALED);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining(`${revoked.kid} is not in the JWKS that is here`) });
    expect(await readdir(place.path("."))).not.toContain("keyring.json");
    await place.done("restore", "b", ...SEALED, "--yes");
    expect(await readdir(place.path("keys"))).not.toContain(`${revoked.id}.key`);
    await place.done("keys", "repair", "--yes");
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await assertSignsAs(place, signer.kid);
  });

  it("does not come back where the JWKS is lost as well, once the operator names it", async () => {
    const { place, revoked, signer } = await revokedSince();
    await without(place, "keyring.json", "audit.jsonl", "public");
    const asked = await place.run("restore", "b", ...SEALED);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining(`give --revoked ${revoked.kid}`) });
    await place.done("restore", "b", ...SEALED, "--yes", "--revoked", revoked.kid);
    await place.done("keys", "repair", "--yes");
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await assertSignsAs(place, signer.kid);
  });

  it("does not come back where documents and keyring are lost: the log that is left brings the copy up to date", async () => {
    const { place, revoked, signer } = await revokedSince();
    await without(place, "keyring.json", "active");
    const restored = await place.run("restore", "b", ...SEALED);
    expect(restored, restored.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("signs nothing yet") });
    expect(await place.run("issue", "sub=a")).toMatchObject({ code: 1, stderr: expect.stringContaining("restore --confirm") });
    await place.done("restore", "--confirm", "--yes");
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await assertSignsAs(place, signer.kid);
    expect(await place.done("keys", "history")).toMatch(/issuer\.restored[\s\S]*keyring\.put-back/);
    await place.done("audit", "verify");
  });
});

describe("a copy beside a log that goes on", () => {
  it("makes another key where the log's last one is named as revoked as well", async () => {
    const { place, revoked } = await revokedSince();
    await without(place, "keyring.json", "active");
    await place.done("restore", "b", ...SEALED);
    // The backup's signer: the log has revoked it, and the operator names it all the same.
    await place.done("restore", "--confirm", "--yes", "--revoked", revoked.kid);
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await place.done("issue", "sub=a");
    await place.done("audit", "verify");
  });
});

describe("a copy beside a JWKS that was left", () => {
  it("says before its confirmation which of its keys that one does not have", async () => {
    const { place, revoked, signer } = await revokedSince();
    await without(place, "keyring.json", "active", "audit.jsonl");
    await place.done("restore", "b", ...SEALED);
    const asked = await place.run("restore", "--confirm");
    expect(asked).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${revoked.kid} (active): the JWKS that is here does not have it`),
    });
    // A key that was made since is in that JWKS as well, and no record knows it: that is an alert.
    const confirmed = await place.run("restore", "--confirm", "--yes", "--revoked", revoked.kid);
    expect(confirmed).toMatchObject({ code: 1, stderr: expect.stringMatching(/this copy is the issuer now[\s\S]*did not make/) });
    expect(await jwksOf(place)).not.toContain(revoked.kid);
    await assertSignsAs(place, signer.kid);
  });
});

describe("what is damaged", () => {
  it("is left out of a backup where it does not sign, which says so; without the key that signs none is made", async () => {
    const place = await copied("keyring.json", "audit.jsonl", "active", "keys", "public");
    await cp(join(original.cwd, "signet.json"), join(place.cwd, "signet.json"));
    await writeFile(place.path(`keys/${keys.pending.id}.key`), "torn");
    const made = await place.run("backup", "c", ...SEALED);
    expect(made, made.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`left out: the private part of ${keys.pending.kid} (pending)`),
    });
    await writeFile(place.path(`keys/${keys.active.id}.key`), "torn");
    expect(await place.run("backup", "d", ...SEALED)).toMatchObject({ code: 1, stderr: expect.stringContaining("is damaged") });
    expect(await readdir(place.cwd)).not.toContain("d");
    const elsewhere = await copied();
    await cp(join(place.cwd, "c"), join(elsewhere.cwd, "c"));
    await elsewhere.done("restore", "c", ...SEALED);
    const confirmed = await elsewhere.run("restore", "--confirm", "--yes");
    expect(confirmed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/this copy is the issuer now[\s\S]*has lost its private part/),
    });
    await assertSignsAs(elsewhere, keys.active.kid);
    await expect(jwtVerify(early, createLocalJWKSet(JSON.parse(await jwksOf(elsewhere))))).resolves.toBeDefined();
  });

  it("of an audit log that is put back is told, with what to do", async () => {
    const { place } = await revokedSince();
    await without(place, "audit.jsonl");
    const dry = await place.run("restore", "b", ...SEALED, "--dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringMatching(/would put back[\s\S]*not whole: line \d+/) });
    const mended = await place.run("restore", "b", ...SEALED);
    expect(mended).toMatchObject({ code: 0, stderr: expect.stringMatching(/not whole: line \d+[\s\S]*signet audit begin/) });
  });
});

describe("a backup whose maker is not known", () => {
  it("is not opened by a passphrase where the recipient's key was given, nor by an empty one", async () => {
    const place = await copied();
    expect(await place.run("restore", "b", "--key", "pass", "--dry-run")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("opened without --key"),
    });
    await writeFile(join(place.cwd, "empty"), "\n", { mode: 0o600 });
    expect(await place.run("restore", "b", "--passphrase-file", "empty")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("empty passphrase"),
    });
  });
});

describe("a drill beside the living issuer", () => {
  it("does not land on the folder that its config names by an absolute path", async () => {
    const place = placeIn(await scratch());
    await cp(join(original.cwd, "pass"), join(place.cwd, "pass"));
    const directory = join(await scratch(), "keys");
    await writeFile(join(place.cwd, "signet.json"), JSON.stringify({ issuer: "https://issuer.example", directory }));
    await place.done("init");
    await place.done("backup", "b", ...SEALED);
    await mkdir(join(place.cwd, "drill"));
    const drill = ["restore", "b", ...SEALED, "--config", "drill"];
    expect(await place.run(...drill)).toMatchObject({ code: 1, stderr: expect.stringContaining("SIGNET_DIRECTORY") });
    expect(await readdir(join(place.cwd, "drill"))).toStrictEqual([]);
    const elsewhere = join(place.cwd, "drill", "keys");
    const ran = await signet(drill, { cwd: place.cwd, env: { SIGNET_DIRECTORY: elsewhere } });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining(`in the folder ${elsewhere}`) });
  });
});
