import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { startFakeAws } from "../fakes/aws/fake-aws.mjs";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const ecKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const refusing = (words: string, code = 1) => ({ code, stderr: expect.stringContaining(words) });
type Config = { readonly tokens?: { readonly kids?: Readonly<Record<string, string>> } };
type Run = (...args: string[]) => ReturnType<typeof signet>;

/** A folder with private keys in it, and the command there. */
async function folder(keys: Readonly<Record<string, KeyObject>>, env: Readonly<Record<string, string>> = {}) {
  const cwd = await scratch();
  for (const [name, key] of Object.entries(keys))
    await writeFile(join(cwd, name), key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  const run: Run = (...args) => signet(args, { cwd, env, shortWaits: true });
  const path = join(cwd, "signet.json");
  const change = async (members: (config: Config) => object) =>
    writeFile(path, JSON.stringify({ ...members(JSON.parse(await readFile(path, "utf8"))) }));
  const keysIn = async (): Promise<{ kid: string; state: string }[]> =>
    JSON.parse((await run("keys", "list", "--json")).stdout).keys;
  const states = async () => Object.fromEntries((await keysIn()).map(({ kid, state }) => [kid, state]));
  const token = async () => (await run("issue")).stdout.trim();
  return { cwd, run, change, states, token };
}

const APNS = ["init", "--for", "apns", "--team-id", "A1B2C3D4E5"];
const GITHUB = ["init", "--for", "github-app", "--app-id", "42"];

async function apns(more: Readonly<Record<string, KeyObject>> = {}) {
  const place = await folder({ "first.p8": ecKey(), ...more });
  const made = await place.run(...APNS, "--import", "first.p8", "--kid", "ABC123DEFG");
  expect(made.code, made.stderr).toBe(0);
  return place;
}

describe("signet keys import into an issuer for some parties", () => {
  it.each([["--dry-run"], []])(
    "wants the name that the other side finds the key by, before anything is done (%s)",
    async (...flags) => {
      const { run, states, token } = await apns({ "next.p8": ecKey() });
      for (const as of ["active", "standby"]) {
        const ran = await run("keys", "import", "next.p8", "--as", as, ...flags);
        expect(ran).toMatchObject(refusing("apns finds a key by its kid"));
        expect(ran.stderr).toContain("give --kid");
        const odd = await run("keys", "import", "next.p8", "--kid", "next", "--as", as, ...flags);
        expect(odd).toMatchObject(refusing("(the key's id at Apple, ten characters), and next is none: give --kid"));
      }
      expect(await states()).toStrictEqual({ ABC123DEFG: "active" });
      expect(decodeProtectedHeader(await token()).kid).toBe("ABC123DEFG");
    },
  );

  it.each([["--dry-run"], []])("takes no key that they do not verify (%s)", async (...flags) => {
    const rsa = rsaPair(2048).privateKey;
    const { run, states } = await folder({
      "first.pem": rsa,
      "ec.pem": ecKey(),
      "ed.pem": generateKeyPairSync("ed25519").privateKey,
    });
    expect((await run(...GITHUB, "--import", "first.pem")).code).toBe(0);
    const before = await states();
    for (const file of ["ec.pem", "ed.pem"])
      expect(await run("keys", "import", file, "--as", "active", ...flags)).toMatchObject(refusing("github-app takes RS256", 2));
    expect(await run("keys", "import", "first.pem", "--algorithm", "PS256", ...flags)).toMatchObject(
      refusing("--algorithm: PS256 is not taken by all that `for` names: github-app takes RS256", 2),
    );
    expect(await states()).toStrictEqual(before);
  });

  it("lets no key sign whose certificate tokens could not name, and says how one learns it", async () => {
    const { run, states, token } = await folder({ "next.pem": rsaPair(2048).privateKey });
    const client = "11111111-2222-3333-4444-555555555555";
    expect((await run("init", "--for", "entra", "--client-id", client)).code).toBe(0);
    const before = await states();
    const ran = await run("keys", "import", "next.pem", "--kid", "next", "--as", "active");
    expect(ran).toMatchObject(refusing("tokens.certificates does not name next"));
    expect(await states()).toStrictEqual(before);
    expect((await run("keys", "import", "next.pem", "--kid", "next")).code).toBe(0);
    expect(await run("keys", "rotate", "--uploaded", "next")).toMatchObject(refusing("tokens.certificates does not name next"));
    expect(await token()).toBe("");
  });

  it("holds a key that was imported before against them when it is let sign", async () => {
    const { run, change, states } = await folder({ "first.pem": rsaPair(2048).privateKey, "ec.pem": ecKey() });
    expect((await run(...GITHUB, "--import", "first.pem")).code).toBe(0);
    await change((config) => ({ ...config, for: undefined }));
    expect((await run("keys", "import", "ec.pem", "--kid", "ec")).code).toBe(0);
    await change((config) => ({ ...config, for: ["github-app"] }));
    expect(await run("keys", "rotate", "--uploaded", "ec")).toMatchObject(
      refusing("the key ec signs ES256: github-app takes RS256"),
    );
    expect((await states()).ec).toBe("pending");
  });
});

describe("a key that signed before", () => {
  it("signs again by its import, where the wrong one was let sign", async () => {
    const first = ecKey();
    const { run, states, token } = await apns({ "wrong.p8": ecKey(), "again.p8": first });
    const right = ["keys", "import", "first.p8", "--kid", "ABC123DEFG"];
    const wrong = await run("keys", "import", "wrong.p8", "--kid", "ZZZ123DEFG", "--as", "active");
    expect(wrong.code, wrong.stderr).toBe(0);
    expect(wrong.stderr).toMatch(
      /delete ABC123DEFG at the other side after .* UTC, when its last token is over \(of those that it signed here\); then `signet keys revoke/,
    );
    expect(await states()).toStrictEqual({ ZZZ123DEFG: "active", ABC123DEFG: "retired" });
    expect((await run("keys", "list")).stderr).toContain(
      "ABC123DEFG stays, since it may have signed elsewhere: `signet keys expire ABC123DEFG --tokens-expire-by TIME`",
    );
    const dry = await run(...right, "--as", "active", "--dry-run");
    expect(dry.stderr).toContain("would take key ABC123DEFG back, which was retired");
    expect((await states()).ABC123DEFG).toBe("retired");
    const ran = await run(...right, "--as", "active");
    expect(ran.code, ran.stderr).toBe(0);
    expect(await states()).toStrictEqual({ ABC123DEFG: "active", ZZZ123DEFG: "retired" });
    expect(decodeProtectedHeader(await token()).kid).toBe("ABC123DEFG");
    // And back.
    expect((await run("keys", "import", "wrong.p8", "--kid", "ZZZ123DEFG", "--as", "active")).code).toBe(0);
    expect(await states()).toStrictEqual({ ZZZ123DEFG: "active", ABC123DEFG: "retired" });
    expect((await run("keys", "repair")).code).toBe(0);
  });

  it("never signs again where it was revoked, gone or not, under whatever name", async () => {
    const { run, states } = await apns({ "next.p8": ecKey() });
    expect((await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active")).code).toBe(0);
    const kept = await run("keys", "import", "first.p8", "--kid", "OTHER23DEF");
    expect(kept).toMatchObject(refusing("the keyring has this very key already, as ABC123DEFG (retired)"));
    expect(kept.stderr).toContain('": "OTHER23DEF" to tokens.kids of the config');
    expect((await run("keys", "revoke", "ABC123DEFG", "--yes")).code).toBe(0);
    expect((await run("keys", "tick")).code).toBe(0);
    expect(await states()).toStrictEqual({ NEXT123DEF: "active" });
    for (const kid of ["ABC123DEFG", "OTHER23DEF"]) {
      for (const more of [[], ["--as", "active"], ["--dry-run"]])
        expect(await run("keys", "import", "first.p8", "--kid", kid, ...more)).toMatchObject(
          refusing("key ABC123DEFG was revoked on "),
        );
    }
    expect(await states()).toStrictEqual({ NEXT123DEF: "active" });
    // Another key under the name of one that was revoked would be taken for it.
    expect(await run("keys", "import", "next.p8", "--kid", "ABC123DEFG")).toMatchObject({ code: 1 });
  });

  it.each([
    ["is there", false],
    ["was revoked, and is gone", true],
  ])("may have the other side's name for it where another key %s under that name", async (_what, isGone) => {
    const right = ecKey();
    const { run, change, states, token } = await apns({ "right.p8": right, "next.p8": ecKey() });
    if (isGone) {
      expect((await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active")).code).toBe(0);
      expect((await run("keys", "revoke", "ABC123DEFG", "--yes")).code).toBe(0);
      expect((await run("keys", "tick")).code).toBe(0);
      expect(await states()).toStrictEqual({ NEXT123DEF: "active" });
    }
    const refused = await run("keys", "import", "right.p8", "--kid", "ABC123DEFG", "--as", "active");
    expect(refused).toMatchObject(
      refusing(isGone ? "key ABC123DEFG was revoked on " : "another key of this name already (active)"),
    );
    expect(refused.stderr).toContain("and import it without --kid");
    const [, line = ""] = refused.stderr.match(/as ABC123DEFG: add ("[\w-]{43}": "ABC123DEFG") to tokens\.kids/) ?? [];
    await change(({ tokens, ...others }) => ({ ...others, tokens: { ...tokens, kids: JSON.parse(`{${line}}`) } }));
    const done = await run("keys", "import", "right.p8", "--as", "active");
    expect(done.code, done.stderr).toBe(0);
    const { protectedHeader } = await jwtVerify(await token(), createPublicKey(right));
    expect(protectedHeader.kid).toBe("ABC123DEFG");
    expect(await run("verify", await token())).toMatchObject({ code: 0 });
    // What it replaces is another key there than its name says.
    const [parting, other] = ["delete ABC123DEFG at the other side", "calls another key ABC123DEFG: delete nothing there"];
    expect([done.stderr.includes(parting), done.stderr.includes(other)]).toStrictEqual([false, !isGone]);
    expect((await run("keys", "repair")).code).toBe(0);
  });

  it("is found by its name here where it is imported without one", async () => {
    const { run, states } = await apns({ "next.p8": ecKey() });
    expect((await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active")).code).toBe(0);
    const refused = await run("keys", "import", "first.p8", "--as", "active");
    expect(refused).toMatchObject(refusing("as ABC123DEFG (retired); with --kid ABC123DEFG --as active it signs again"));
    expect(refused.stderr).not.toContain("tokens.kids");
    expect((await run("keys", "import", "first.p8", "--kid", "ABC123DEFG", "--as", "active")).code).toBe(0);
    expect(await states()).toStrictEqual({ ABC123DEFG: "active", NEXT123DEF: "retired" });
  });

  it("is no new one where it is imported once more", async () => {
    const { run } = await apns({ "next.p8": ecKey() });
    const args = ["keys", "import", "next.p8", "--kid", "NEXT123DEF"];
    expect((await run(...args)).stderr).toContain("imported ES256 key NEXT123DEF as standby");
    const again = await run(...args);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stderr).toContain("key NEXT123DEF was imported before, and is as it was");
    expect(again.stderr).not.toContain("as standby");
    expect(again.stderr).toContain("NEXT123DEF waits until it was uploaded");
    expect((await run("keys", "import", "first.p8", "--kid", "ABC123DEFG")).stderr).not.toContain("waits until");
  });

  it("is shown as revoked while it still signs", async () => {
    const { run } = await apns({ "next.p8": ecKey() });
    expect((await run("keys", "revoke", "ABC123DEFG", "--yes")).code).toBe(1);
    expect((await run("keys", "list")).stdout).toMatch(/ABC123DEFG +ES256 +active, revoked /);
    const { stderr } = await run("keys", "tick");
    expect(stderr).toContain("revoked key ABC123DEFG is succeeded");
    expect(stderr).toContain("`signet keys import FILE --as active`");
    expect(stderr).not.toContain("`signet keys rotate`");
    expect((await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active")).stderr).toContain(
      "ABC123DEFG was revoked: delete it at the other side now",
    );
  });

  it("leaves the list by a word on its tokens, which is said to be recorded", async () => {
    const { run } = await apns();
    const ran = await run("keys", "expire", "ABC123DEFG", "--tokens-expire-by", "30d", "--yes");
    expect(ran.stderr).toContain("done: record that the last token of key ABC123DEFG ends ");
    expect(ran.stderr).not.toContain("nothing had to be done");
  });
});

describe("signet keys migrate of an issuer for some parties", () => {
  it("takes no algorithm that they do not", async () => {
    const { run, states } = await folder({});
    expect((await run("init", "--for", "snowflake-keypair", "--account", "MYORG-ACCT", "--user", "CI")).code).toBe(0);
    const before = await states();
    const ran = await run("keys", "migrate", "--algorithm", "ES256", "--verifiers-accept", "ES256");
    expect(ran).toMatchObject(refusing("ES256 is not taken by all that `for` names: snowflake-keypair takes RS256", 2));
    expect(await states()).toStrictEqual(before);
  });

  it("makes no key where the other side makes them", async () => {
    const { run, states } = await folder({ "first.pem": rsaPair(2048).privateKey });
    expect((await run(...GITHUB, "--import", "first.pem")).code).toBe(0);
    const before = await states();
    for (const to of [
      ["--algorithm", "RS256"],
      ["--custody", "kms", "--region", "eu-central-1"],
    ])
      expect(await run("keys", "migrate", ...to)).toMatchObject(refusing("GitHub App makes the keys itself"));
    expect(await states()).toStrictEqual(before);
  });

  it("is warned of where the config says two things", async () => {
    const { run, change } = await folder({ "first.pem": rsaPair(2048).privateKey });
    expect((await run(...GITHUB, "--import", "first.pem")).code).toBe(0);
    await change((config) => ({ ...config, algorithm: "ES256" }));
    expect((await run("keys", "list")).stderr).toContain(
      "algorithm (ES256) is not taken by all that `for` names: github-app takes RS256",
    );
  });
});

describe("signet keys rotate --for, before any key is made", () => {
  it.each([
    [["--for", "iam"], 2, "reads the keys at a URL"],
    [["--for", "entra"], 1, "takes PS256, and the next key signs RS256"],
  ])("refuses %j", async (args, code, words) => {
    const { run, states } = await folder({});
    expect((await run("init", "--for", "snowflake-keypair", "--account", "MYORG-ACCT", "--user", "CI")).code).toBe(0);
    const before = await states();
    expect(await run("keys", "rotate", ...args)).toMatchObject(refusing(words, code));
    expect(await states()).toStrictEqual(before);
  });

  it("refuses where the key would sign before it was uploaded, and says what to do", async () => {
    const { run, change, states } = await folder({});
    expect((await run("init", "--algorithm", "RS256")).code).toBe(0);
    const before = await states();
    const args = ["keys", "rotate", "--for", "snowflake-keypair,Snowflake-Keypair,snowflake-keypair"];
    expect(await run(...args)).toMatchObject(refusing("set rotation.byUpload to true"));
    await change((config) => ({ ...config, rotation: { byUpload: true } }));
    expect(await run(...args)).toMatchObject(refusing("is not in force: run `signet keys apply`, then this again"));
    expect(await states()).toStrictEqual(before);
    expect((await run("keys", "apply")).code).toBe(0);
    const ran = await run(...args);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout.trim().split("\n")).toHaveLength(1);
  });

  it("rotates for one that may have the key by a URL as well", async () => {
    const { run } = await folder({});
    expect((await run("init", "--algorithm", "RS256")).code).toBe(0);
    const ran = await run("keys", "rotate", "--for", "jose");
    expect(ran.stderr).toContain("the rotation is scheduled");
  });
});

describe("signet keys pem", () => {
  it("takes a key's name, or which one is meant", async () => {
    const { run } = await apns();
    for (const flag of ["--next", "--current"]) expect((await run("keys", "pem", "ABC123DEFG", flag)).code).toBe(2);
    expect(await run("keys", "pem", "--next")).toMatchObject(refusing("run `signet keys import FILE`"));
  });
});

describe("keys of others in KMS", () => {
  let aws: Awaited<ReturnType<typeof startFakeAws>>;

  beforeAll(async () => {
    aws = await startFakeAws();
  });
  afterAll(() => aws.close());

  it("have in tokens the names that the other side gave them", async () => {
    const [first, next] = [ecKey(), ecKey()];
    const { cwd, run, change, token } = await folder({ "first.p8": first, "next.p8": next }, aws.env);
    const config = async () => JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
    const made = await run(...APNS, "--import", "first.p8", "--kid", "ABC123DEFG", "--custody", "kms");
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toMatch(/tokens\.kids +of the key +apns:/);
    expect(Object.values((await config()).tokens.kids)).toStrictEqual(["ABC123DEFG"]);
    const { protectedHeader } = await jwtVerify(await token(), createPublicKey(first));
    expect(protectedHeader.kid).toBe("ABC123DEFG");
    // The set has the name that KMS gave the key, and this folder verifies its tokens all the same.
    expect((await run("jwks")).stdout).not.toContain("ABC123DEFG");
    expect(await run("verify", await token())).toMatchObject({ code: 0 });
    expect(await run("doctor", "--token", await token())).toMatchObject({ code: 0, stdout: expect.stringMatching(/^yes /m) });
    expect(await run("keys", "import", "next.p8", "--as", "active")).toMatchObject(
      refusing('": "KID" to tokens.kids of the config'),
    );
    const refused = await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active");
    const [, line = ""] = refused.stderr.match(/add ("[\w-]{43}": "NEXT123DEF") to tokens\.kids/) ?? [];
    expect(line).not.toBe("");
    await change(({ tokens, ...others }) => ({
      ...others,
      tokens: { ...tokens, kids: { ...tokens?.kids, ...JSON.parse(`{${line}}`) } },
    }));
    const done = await run("keys", "import", "next.p8", "--kid", "NEXT123DEF", "--as", "active");
    expect(done.code, done.stderr).toBe(0);
    expect(decodeProtectedHeader(await token()).kid).toBe("NEXT123DEF");
    await jwtVerify(await token(), createPublicKey(next));
    // And back, where that was the wrong one.
    const back = await run("keys", "import", "first.p8", "--as", "active");
    expect(back.code, back.stderr).toBe(0);
    await jwtVerify(await token(), createPublicKey(first));
  });

  it("have such a name too where KMS held them before there was an issuer", async () => {
    const { cwd, run, token } = await folder({}, aws.env);
    const { KeyMetadata } = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const args = [...APNS, "--import", `kms:${KeyMetadata.KeyId}`, "--kid", "ABC123DEFG"];
    expect(await run(...args)).toMatchObject(refusing("`signet init --for NAME --custody kms` writes it", 2));
    const made = await run(...args, "--custody", "kms");
    expect(made.code, made.stderr).toBe(0);
    const { tokens } = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
    expect(Object.values(tokens.kids)).toStrictEqual(["ABC123DEFG"]);
    expect(decodeProtectedHeader(await token()).kid).toBe("ABC123DEFG");
    expect((await run("verify", await token())).code).toBe(0);
  });

  it("move there with the next one, where the config says so", async () => {
    const next = rsaPair(2048).privateKey;
    const { run, change, token } = await folder({ "first.pem": rsaPair(2048).privateKey, "next.pem": next }, aws.env);
    expect((await run(...GITHUB, "--import", "first.pem")).code).toBe(0);
    const refused = await run("keys", "migrate", "--custody", "kms", "--region", "eu-central-1");
    expect(refused).toMatchObject(
      refusing("`custody` (and `aws`) in the config say who holds it, once `signet keys apply` has put that in force"),
    );
    await change((config) => ({ ...config, custody: "kms", aws: { region: "eu-central-1", installation: "signet" } }));
    const applied = await run("keys", "apply", "--yes");
    expect(applied.code, applied.stderr).toBe(0);
    const done = await run("keys", "import", "next.pem", "--as", "active");
    expect(done.code, done.stderr).toBe(0);
    await jwtVerify(await token(), createPublicKey(next));
  });
});
