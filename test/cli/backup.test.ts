import { generateKeyPairSync } from "node:crypto";
import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { refusedServe, signet } from "./command.js";

const scratch = scratchDirectories();
const ISSUER = "https://issuer.example";
const PASSPHRASE = "correct horse battery staple";

async function folder() {
  const cwd = await scratch();
  await writeFile(join(cwd, "pass"), `${PASSPHRASE}\n`, { mode: 0o600 });
  const run = (...args: string[]) => signet(args, { cwd });
  return { cwd, run, path: (name: string) => join(cwd, ".signet", name) };
}

type Folder = Awaited<ReturnType<typeof folder>>;

const SEALED = ["--passphrase-file", "pass"];

async function done(ran: ReturnType<Folder["run"]>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

async function jwksOf({ path }: Folder) {
  return createLocalJWKSet(JSON.parse(await readFile(path("public/jwks.json"), "utf8")));
}

/** Makes a backup. Answers what names its contents. */
async function backedUp({ run }: Folder, name = "b", sealed = SEALED): Promise<string> {
  const [digest = "", file] = (await done(run("backup", name, ...sealed))).split("  ");
  expect(file).toBe(name);
  return digest;
}

/** An issuer that has rotated, with its backup and a token. */
async function original(...init: string[]) {
  const place = await folder();
  await done(place.run("init", "--issuer", ISSUER, ...init));
  const token = await done(place.run("issue", "sub=alice"));
  const digest = await backedUp(place);
  return { ...place, token, digest };
}

async function copyOf(from: Folder, name = "b"): Promise<Folder> {
  const place = await folder();
  await cp(join(from.cwd, name), join(place.cwd, "b"));
  return place;
}

const revokeActive = async ({ run }: Folder) => {
  const { keys } = JSON.parse(await done(run("keys", "list", "--json"))) as { keys: { kid: string; state: string }[] };
  const kid = keys.find(({ state }) => state === "active")?.kid as string;
  await done(run("keys", "revoke", kid, "--yes"));
  return kid;
};

describe("signet backup and restore", () => {
  let first: Awaited<ReturnType<typeof original>>;

  beforeAll(async () => {
    first = await original();
  });

  it("brings an issuer to another machine, where nothing signs before the operator's word", async () => {
    const copy = await copyOf(first);
    const restored = await copy.run("restore", "b", ...SEALED);
    expect(restored, restored.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("signs nothing yet") });
    expect(restored.stderr).toContain(first.digest);
    expect(restored.stderr).toContain("2 private keys were opened");
    for (const args of [
      ["issue", "sub=a"],
      ["keys", "tick"],
      ["keys", "rotate"],
      ["init"],
      ["keys", "list"],
      ["backup", "c", ...SEALED],
    ]) {
      const ran = await copy.run(...args);
      expect(ran, args.join(" ")).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("signet restore --confirm"),
      });
    }
    const served = await refusedServe(["--port", "0"], { cwd: copy.cwd });
    expect(served).toMatchObject({ code: 1, stderr: expect.stringContaining("signet restore --confirm") });
    expect(await copy.run("restore", "--confirm")).toMatchObject({ code: 2, stderr: expect.stringContaining("give --yes") });
    expect(await copy.run("issue", "sub=a")).toMatchObject({ code: 1 });
    const confirmed = await copy.run("restore", "--confirm", "--yes");
    expect(confirmed, confirmed.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("signet keys rotate") });
    const jwks = await jwksOf(copy);
    await expect(jwtVerify(first.token, jwks)).resolves.toBeDefined();
    await expect(jwtVerify(await done(copy.run("issue", "sub=bob")), jwks)).resolves.toBeDefined();
    await done(copy.run("audit", "verify"));
    expect(await done(copy.run("keys", "history"))).toMatch(/issuer\.restored .*the original is gone, by the operator's word/);
    expect(await copy.run("keys", "repair")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("everything is as the keyring says"),
    });
  });

  it("writes the copy's first document beyond every sequence that the original can have used since", async () => {
    const copy = await copyOf(first);
    await done(copy.run("restore", "b", ...SEALED));
    expect(await readdir(copy.path("."))).not.toContain("keyring.json");
    await done(copy.run("restore", "--confirm", "--yes"));
    expect(await readdir(copy.path("."))).not.toContain("restored.json");
    const [name = ""] = (await readdir(copy.path("active"))).filter((each) => each.endsWith(".json"));
    expect(Number.parseInt(name, 10)).toBeGreaterThan(1_000);
  });

  it("is confirmed with each warning told once", async () => {
    const copy = await copyOf(first);
    await done(copy.run("restore", "b", ...SEALED));
    const env = { SIGNET_ISUER: ISSUER };
    const { code, stderr } = await signet(["restore", "--confirm", "--yes"], { cwd: copy.cwd, env });
    expect(code, stderr).toBe(0);
    expect(stderr.match(/SIGNET_ISUER/g)).toHaveLength(1);
  });

  it("says what would be in it, and writes nothing, with --dry-run", async () => {
    const before = await readdir(first.cwd);
    const ran = await first.run("backup", "never", "--dry-run", "--json");
    expect(ran).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("private keys  2, not encrypted by themselves; 2 were opened"),
    });
    const said = JSON.parse(ran.stdout) as { files: string[]; contents: null };
    expect(said.files).toEqual(
      expect.arrayContaining(["signet.json", "keyring.json", "audit.jsonl", "public/jwks.json", "active/1.json"]),
    );
    expect(said.contents).toBeNull();
    expect(await readdir(first.cwd)).toStrictEqual(before);
    const copy = await copyOf(first);
    const dry = await copy.run("restore", "b", ...SEALED, "--dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining("would restore a copy") });
    expect((await readdir(copy.cwd)).sort()).toStrictEqual(["b", "pass"]);
  });

  it("is for its owner's eyes alone, and never written over", async () => {
    const text = await readFile(join(first.cwd, "b"), "utf8");
    expect((await stat(join(first.cwd, "b"))).mode & 0o777).toBe(0o600);
    for (const name of await readdir(first.path("keys"))) {
      const { d } = JSON.parse(await readFile(first.path(`keys/${name}`), "utf8")) as { d: string };
      expect(text).not.toContain(d);
    }
    expect(await first.run("backup", "b", ...SEALED)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("is there already"),
    });
    expect(await readFile(join(first.cwd, "b"), "utf8")).toBe(text);
  });

  it.each([
    [["backup", "x"], "give --passphrase-file FILE or --recipient FILE"],
    [["backup", "x", "--passphrase-file", "pass", "--recipient", "pass"], "not both"],
    [["backup", "x", "--passphrase-file", "empty"], "an empty passphrase protects nothing"],
    [["restore"], "give the backup"],
    [["restore", "b"], "--passphrase-file FILE"],
    [["restore", "gone", "--passphrase-file", "pass"], "there is no such file"],
    [["restore", "b", "--confirm"], "takes no backup"],
    [["restore", "--confirm"], "no restored copy"],
  ])("refuses %j", async (args, words) => {
    await writeFile(join(first.cwd, "empty"), "\n", { mode: 0o600 });
    expect(await first.run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words) });
    expect(await readdir(first.cwd)).not.toContain("x");
  });

  it.each([
    ["a wrong passphrase", (text: string) => text, "other", "the passphrase does not open the backup"],
    [
      "a changed letter",
      (text: string) => text.replace(/\.(.)([\w-]+)\n/, (_, a, b) => `.${a === "A" ? "B" : "A"}${b}\n`),
      "pass",
      "changed since it was made",
    ],
    ["a file cut short", (text: string) => text.slice(0, text.length / 2), "pass", "cut short"],
    ["a file without its last line", (text: string) => text.split("\n").slice(0, 2).join("\n"), "pass", "cut short"],
    ["another file", () => "{}", "pass", "it does not begin as backups do"],
    [
      "another version",
      (text: string) => text.replace("version 1", "version 2"),
      "pass",
      "restore it with the signet that made it",
    ],
  ])("writes nothing from %s", async (_, change, passphrase, words) => {
    const copy = await copyOf(first);
    await writeFile(join(copy.cwd, "other"), "another\n", { mode: 0o600 });
    await writeFile(join(copy.cwd, "b"), change(await readFile(join(first.cwd, "b"), "utf8")));
    const ran = await copy.run("restore", "b", "--passphrase-file", passphrase);
    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(words) });
    expect((await readdir(copy.cwd)).sort()).toStrictEqual(["b", "other", "pass"]);
  });

  it("writes through no symbolic link", async () => {
    const copy = await copyOf(first);
    const elsewhere = await scratch();
    await mkdir(copy.path("."), { mode: 0o700 });
    await symlink(elsewhere, copy.path("keys"));
    expect(await copy.run("restore", "b", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is a symbolic link"),
    });
    expect(await readdir(elsewhere)).toStrictEqual([]);
    expect(await readdir(copy.path("."))).toStrictEqual(["keys"]);
  });

  it("leaves a config of the same issuer as it is, and refuses another issuer's", async () => {
    const copy = await copyOf(first);
    const own = `${JSON.stringify({ issuer: ISSUER, limits: { maxTtlSeconds: 300 } })}\n`;
    await writeFile(join(copy.cwd, "signet.json"), own);
    expect(await copy.run("restore", "b", ...SEALED)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("another; it stays"),
    });
    expect(await readFile(join(copy.cwd, "signet.json"), "utf8")).toBe(own);
    const other = await copyOf(first);
    await writeFile(join(other.cwd, "signet.json"), '{"issuer": "https://other.example"}\n');
    expect(await other.run("restore", "b", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("another issuer's"),
    });
  });
});

describe("a restore where something is already", () => {
  it("goes back behind nothing, and puts lost key files back beside a newer keyring", async () => {
    const place = await original();
    const revoked = await revokeActive(place);
    const refused = await place.run("restore", "b", ...SEALED);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/is newer than the backup[\s\S]*mv /) });
    const { keys } = JSON.parse(await readFile(place.path("keyring.json"), "utf8")) as { keys: { id: string; state: string }[] };
    const signer = keys.find(({ state }) => state === "active")?.id;
    await rm(place.path(`keys/${signer}.key`));
    expect(await place.run("issue", "sub=a")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("restore it from a backup"),
    });
    const mended = await place.run("restore", "b", ...SEALED, "--yes");
    expect(mended, mended.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`put back what was lost: keys/${signer}.key`),
    });
    await expect(jwtVerify(await done(place.run("issue", "sub=a")), await jwksOf(place))).resolves.toBeDefined();
    expect(await readFile(place.path("public/jwks.json"), "utf8")).not.toContain(revoked);
  });

  it("puts a lost keyring back beside the document that signs, and the next tick brings it up to date", async () => {
    const place = await original();
    const revoked = await revokeActive(place);
    const token = await done(place.run("issue", "sub=a"));
    await rename(place.path("keyring.json"), join(place.cwd, "lost"));
    expect(await place.run("keys", "tick")).toMatchObject({ code: 1, stderr: expect.stringContaining("restore") });
    await done(place.run("restore", "b", ...SEALED));
    await done(place.run("issue", "sub=a"));
    await done(place.run("keys", "repair", "--yes"));
    await done(place.run("audit", "verify"));
    const jwks = await readFile(place.path("public/jwks.json"), "utf8");
    expect(jwks).not.toContain(revoked);
    await expect(jwtVerify(token, createLocalJWKSet(JSON.parse(jwks)))).resolves.toBeDefined();
  });

  it("says of a damaged keyring how the backup's comes into its place", async () => {
    const place = await original();
    await writeFile(place.path("keyring.json"), "{");
    const refused = await place.run("restore", "b", ...SEALED);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/keyring\.json is damaged[\s\S]*nothing was written[\s\S]*mv \//),
    });
    await rename(place.path("keyring.json"), place.path("keyring.json.damaged"));
    await done(place.run("restore", "b", ...SEALED));
    expect(await place.run("keys", "repair")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("everything is as the keyring says"),
    });
  });

  it("refuses an older copy, and one that was changed apart", async () => {
    const place = await original();
    const older = await folder();
    await cp(place.cwd, older.cwd, { recursive: true });
    await revokeActive(place);
    await done(place.run("backup", "later", ...SEALED));
    await cp(join(place.cwd, "later"), join(older.cwd, "later"));
    expect(await older.run("restore", "later", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is older than the backup"),
    });
    await revokeActive(older);
    await revokeActive(older);
    expect(await older.run("restore", "later", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("changed since they were one"),
    });
  });

  it("has nothing to do where nothing is lost", async () => {
    const place = await original();
    expect(await place.run("restore", "b", ...SEALED)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("nothing is lost here"),
    });
  });

  it("does not mix two backups", async () => {
    const [place, other] = [await original(), await original()];
    const copy = await copyOf(place);
    await done(copy.run("restore", "b", ...SEALED));
    await cp(join(other.cwd, "b"), join(copy.cwd, "other"));
    expect(await copy.run("restore", "other", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("another backup was restored"),
    });
    const again = await copy.run("restore", "b", ...SEALED);
    expect(again, again.stderr).toMatchObject({ code: 0 });
  });
});

describe("a backup for the owner of a key", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const pem = (key: { export(o: object): string | Buffer }, type: string) => key.export({ format: "pem", type }).toString();
  const jwk = { ...ec.publicKey.export({ format: "jwk" }), use: "enc", alg: "ECDH-ES" };

  it.each([
    ["an EC key", pem(ec.publicKey, "spki"), pem(ec.privateKey, "pkcs8")],
    ["an RSA key", pem(rsa.publicKey, "spki"), pem(rsa.privateKey, "pkcs8")],
    ["a JWK", JSON.stringify(jwk), JSON.stringify({ ...jwk, ...ec.privateKey.export({ format: "jwk" }) })],
  ])("is opened by %s alone", async (_, recipient, secret) => {
    const place = await folder();
    await done(place.run("init"));
    await writeFile(join(place.cwd, "r.pub"), recipient);
    const contents = await backedUp(place, "b", ["--recipient", "r.pub"]);
    const copy = await copyOf(place);
    expect(await copy.run("restore", "b", ...SEALED)).toMatchObject({ code: 2, stderr: expect.stringContaining("--key FILE") });
    await writeFile(join(copy.cwd, "r.key"), secret, { mode: 0o600 });
    // Any holder of the public key can make one: the operator says that it is the right one.
    const unnamed = await copy.run("restore", "b", "--key", "r.key");
    expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining("--contents DIGEST") });
    const other = await copy.run("restore", "b", "--key", "r.key", "--contents", "A".repeat(43));
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("not the backup that --contents names") });
    expect(await readdir(copy.cwd)).not.toContain("signet.json");
    await done(copy.run("restore", "b", "--key", "r.key", "--contents", contents));
    await done(copy.run("restore", "--confirm", "--yes"));
    await done(copy.run("issue", "sub=a"));
  });

  it("is not made for a key that only signs, nor with a private key", async () => {
    const place = await folder();
    await done(place.run("init"));
    await writeFile(join(place.cwd, "ed"), pem(generateKeyPairSync("ed25519").publicKey, "spki"));
    await writeFile(join(place.cwd, "private"), pem(ec.privateKey, "pkcs8"));
    expect(await place.run("backup", "b", "--recipient", "ed")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("only signs"),
    });
    expect(await place.run("backup", "b", "--recipient", "private")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("holds a private key"),
    });
    expect(await readdir(place.cwd)).not.toContain("b");
  });
});

describe("key files under a passphrase", () => {
  it("stay as they are, and are opened by their own before they are believed", async () => {
    const place = await folder();
    const env = { SIGNET_PASSPHRASE: "of the keys" };
    const withIt = (cwd: string, ...args: string[]) => signet(args, { cwd, env });
    await done(withIt(place.cwd, "init"));
    // A backup needs no passphrase but its own.
    const made = await place.run("backup", "b", ...SEALED);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining("the passphrase of the key files, without which") });
    const copy = await copyOf(place);
    expect(await copy.run("restore", "b", ...SEALED)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("key files are encrypted"),
    });
    const wrong = await signet(["restore", "b", ...SEALED], { cwd: copy.cwd, env: { SIGNET_PASSPHRASE: "no" } });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining("the passphrase does not open the backup's keys/") });
    expect((await readdir(copy.cwd)).sort()).toStrictEqual(["b", "pass"]);
    await done(withIt(copy.cwd, "restore", "b", ...SEALED));
    const [name] = await readdir(copy.path("keys"));
    expect(await readFile(copy.path(`keys/${name}`), "utf8")).toBe(await readFile(place.path(`keys/${name}`), "utf8"));
    await done(withIt(copy.cwd, "restore", "--confirm", "--yes"));
    await done(withIt(copy.cwd, "issue", "sub=a"));
  });
});

describe("an issuer in AWS", () => {
  it("is not backed up by half: the refusal says what AWS keeps, and where the rest is told", async () => {
    const { cwd, run } = await folder();
    const config = { custody: "kms", aws: { installation: "prod", region: "eu-central-1", keyring: "s3://my-bucket/signet" } };
    await writeFile(join(cwd, "signet.json"), JSON.stringify(config));
    const ran = await run("backup", "b", ...SEALED);
    expect(ran).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no backup was made: .*keyring, audit log.*docs\/operations\/backup-and-restore\.md/),
    });
    expect(await readdir(cwd)).not.toContain("b");
  });
});
