import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../contracts/rsa-keys.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const newIssuer = issuerFolders(scratch);
const ISSUER = "https://issuer.example";
let home: string;

async function issued(...args: string[]): Promise<string> {
  const ran = await signet(["issue", ...args], { cwd: home });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  return ran.stdout.trim();
}

beforeAll(async () => {
  home = await scratch();
  expect((await signet(["init", "--issuer", ISSUER], { cwd: home })).code).toBe(0);
});

describe("signet init", () => {
  it("makes a config, private keys of the owner's, and says that they are not encrypted", async () => {
    const cwd = await scratch();
    const ran = await signet(["init", "--issuer", ISSUER, "--algorithm", "RS256", "--custody", "file"], { cwd });
    expect(ran).toMatchObject({ code: 0, stdout: "" });
    expect(ran.stderr).toContain("NOT encrypted");
    const config = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({ issuer: ISSUER, algorithm: "RS256" });
    expect((await stat(join(cwd, ".signet"))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(cwd, ".signet", "keys"))) {
      expect((await stat(join(cwd, ".signet", "keys", name))).mode & 0o777).toBe(0o600);
    }
  });

  it("changes nothing where there is an issuer already", async () => {
    const before = await readFile(join(home, ".signet", "keyring.json"), "utf8");
    const ran = await signet(["init"], { cwd: home });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("nothing was changed");
    expect(await readFile(join(home, ".signet", "keyring.json"), "utf8")).toBe(before);
  });

  it.each([
    [["--issuer", "http://issuer.example"], 'an https URL such as "https://issuer.example"'],
    [["--issuer", "issuer.example"], "https URL"],
    [["--algorithm", "HS256"], "algorithm"],
    [["--custody", "vault"], "custody"],
    [["--isuer", "x"], "--issuer"],
  ])("refuses %o, leaves no file, and says what would be right", async (args, words) => {
    const cwd = await scratch();
    const ran = await signet(["init", ...args], { cwd });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(words);
    expect(await readdir(cwd)).toStrictEqual([]);
  });

  it("encrypts the keys under a passphrase, which is then needed and never shown", async () => {
    const cwd = await scratch();
    const env = { SIGNET_PASSPHRASE: "correct horse battery" };
    const made = await signet(["init"], { cwd, env });
    expect(made.code).toBe(0);
    expect(made.stderr).toContain("encrypted under your passphrase");
    const [key = ""] = await readdir(join(cwd, ".signet", "keys"));
    expect(decodeProtectedHeader((await readFile(join(cwd, ".signet", "keys", key), "utf8")).trim()).p2c).toBeGreaterThanOrEqual(
      600_000,
    );
    expect((await signet(["issue", "sub=a"], { cwd, env })).code).toBe(0);
    const without = await signet(["issue", "sub=a"], { cwd });
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(without.stderr).toContain("SIGNET_PASSPHRASE");
    const wrong = await signet(["issue", "sub=a"], { cwd, env: { SIGNET_PASSPHRASE: "incorrect horse" } });
    expect(wrong).toMatchObject({ code: 1, stdout: "" });
    for (const ran of [made, without, wrong]) expect(ran.stderr).not.toMatch(/correct horse/);
  });
});

describe("signet issue", () => {
  it("issues a token that jose verifies by the published keys", async () => {
    const token = await issued("sub=alice", "aud=api", "level:=3", "--ttl", "10m", "--iat", "--nbf", "--jti");
    const { stdout } = await signet(["jwks"], { cwd: home });
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(JSON.parse(stdout)), {
      issuer: ISSUER,
      audience: "api",
    });
    expect(payload).toMatchObject({ sub: "alice", level: 3, iss: ISSUER, jti: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect((payload.exp as number) - (payload.iat as number)).toBe(600);
    expect(Object.keys(protectedHeader)).toStrictEqual(["alg", "kid", "typ"]);
  });

  it("takes claims as JSON, from a file and from stdin, and -n tokens", async () => {
    await writeFile(join(home, "claims.json"), '{\n  "sub": "bob"\n}\n');
    expect(decodeJwt(await issued("--claims", '{"sub":"bob"}'))).toMatchObject({ sub: "bob" });
    expect(decodeJwt(await issued("--claims", "@claims.json"))).toMatchObject({ sub: "bob" });
    const ran = await signet(["issue", "--claims", "-"], { cwd: home, input: '{\n "sub": "bob"\n}' });
    expect(decodeJwt(ran.stdout.trim())).toMatchObject({ sub: "bob" });
    expect((await issued("-n", "3")).split("\n")).toHaveLength(3);
  });

  it("issues a token for each line of stdin, in order, and names the first bad line", async () => {
    const lines = Array.from({ length: 50 }, (_, index) => JSON.stringify({ sub: `u${index}` })).join("\n");
    const ran = await signet(["issue", "--claims", "-", "--ttl", "1m"], {
      cwd: home,
      input: `${lines}\n{"claims":{"sub":"last"},"ttl":5}\n`,
    });
    expect(ran.code).toBe(0);
    const subs = ran.stdout
      .trim()
      .split("\n")
      .map((token) => decodeJwt(token).sub);
    expect(subs).toStrictEqual([...Array.from({ length: 50 }, (_, index) => `u${index}`), "last"]);
    const bad = await signet(["issue", "--claims", "-"], {
      cwd: home,
      input: '{"sub":"a"}\n{"sub":"b","sub":"c"}\n{"sub":"d"}\n',
    });
    expect(bad.code).toBe(1);
    expect(bad.stdout.trim().split("\n")).toHaveLength(1);
    expect(bad.stderr).toContain("line 2");
  });

  it.each([
    [["alice"], 2, "name=value"],
    [["sub=a", "sub=b"], 2, "twice"],
    [["sub=a", "--claims", '{"sub":"b"}'], 2, "twice"],
    [["--claims", "[]"], 2, "JSON object"],
    [["--claims", '{"a":1,"a":2}'], 2, '"a" twice'],
    [["--claims", '{"n":12345678901234567890}'], 1, "claims.n"],
    [["--claims", "{"], 2, "not valid JSON"],
    [["--claims", "@missing.json"], 2, "cannot be read"],
    [["--ttl", "soon"], 2, "90s, 10m"],
    [["--ttl", "0"], 2, "--ttl"],
    [["--ttl", "2d"], 1, "maxTtlSeconds"],
    [["iss=https://other.example"], 1, "claims.iss"],
    [["--typ", "at+jwt"], 1, "allowedTypes"],
    [["-n", "0"], 2, "-n"],
    [["--tll", "10m"], 2, "--ttl"],
  ])("refuses %o with exit code %d and says what would be right", async (args, code, words) => {
    const ran = await signet(["issue", ...args], { cwd: home });
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(words);
  });

  it("obeys limits at once when they are edited", async () => {
    const cwd = await newIssuer();
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8")) as { limits: object };
    await writeFile(
      path,
      JSON.stringify({ ...config, limits: { ...config.limits, maxTtlSeconds: 60, allowedAudiences: ["api"] } }),
    );
    expect((await signet(["issue", "aud=api", "--ttl", "61"], { cwd })).stderr).toContain("maxTtlSeconds");
    expect((await signet(["issue", "aud=other"], { cwd })).stderr).toContain("allowedAudiences");
    expect((await signet(["issue", "aud=api"], { cwd })).code).toBe(0);
    expect((await signet(["issue", "aud=api", "--ttl", "31"], { cwd, env: { SIGNET_MAX_TTL_SECONDS: "30" } })).stderr).toContain(
      "30 seconds",
    );
  });
});

describe("signet verify", () => {
  it("prints the claims of a good token, by the local keys, a JWKS file or a PEM", async () => {
    const token = await issued("sub=alice", "aud=api");
    const { stdout: jwks } = await signet(["jwks"], { cwd: home });
    await writeFile(join(home, "jwks.json"), jwks);
    for (const more of [[], ["--jwks", "jwks.json", "--issuer", ISSUER]]) {
      const ran = await signet(["verify", token, "--audience", "api", ...more], { cwd: home });
      expect(ran.code).toBe(0);
      expect(JSON.parse(ran.stdout)).toMatchObject({ sub: "alice", iss: ISSUER });
    }
    const fromHeader = await signet(["verify", "-"], { cwd: home, input: `Authorization: Bearer ${token}\n` });
    expect(fromHeader.code).toBe(0);
    expect(fromHeader.stderr).toContain("audience was not checked");
  });

  it("verifies by one PEM", async () => {
    const cwd = await newIssuer();
    const { privateKey, publicKey } = rsaPair(2_048);
    await writeFile(join(cwd, "key.pem"), privateKey.export({ type: "pkcs1", format: "pem" }));
    await writeFile(join(cwd, "public.pem"), publicKey.export({ type: "spki", format: "pem" }));
    expect((await signet(["keys", "import", "key.pem", "--kid", "mine"], { cwd })).code).toBe(0);
    const { stdout: token } = await signet(["issue", "sub=a"], { cwd });
    expect((await signet(["verify", token.trim(), "--pem", "public.pem"], { cwd })).code).toBe(3);
    const { stdout: list } = await signet(["keys", "list", "--json"], { cwd });
    expect((JSON.parse(list) as { keys: { kid: string; state: string }[] }).keys).toContainEqual(
      expect.objectContaining({ kid: "mine", state: "pending" }),
    );
  });

  it("refuses with exit code 3 and the reason", async () => {
    const token = await issued("sub=alice", "aud=api");
    const [header, payload, signature = ""] = token.split(".");
    const forged = `${header}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    const cases: [string[], string][] = [
      [[forged], "signature"],
      [[token, "--audience", "other"], "aud"],
      [[token, "--issuer", "https://other.example"], "iss"],
      [["not.a.token"], "base64url"],
      [[`${token}.x`], "three parts"],
    ];
    for (const [args, words] of cases) {
      const ran = await signet(["verify", ...args], { cwd: home });
      expect(ran, args.join(" ")).toMatchObject({ code: 3, stdout: "" });
      expect(ran.stderr).toContain(words);
    }
  });

  it("finds the keys by the issuer's URL, or fetches them by their own, where there is no issuer in the folder", async () => {
    const { stdout: jwks } = await signet(["jwks"], { cwd: home });
    const token = await issued("sub=alice", "aud=api");
    const server = createServer(({ url }, answer) => {
      answer.end(url === "/jwks" ? jwks : JSON.stringify({ issuer: base, jwks_uri: `${base}/jwks` }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const cwd = await scratch();
    const byUrl = await signet(["verify", token, "--jwks", `${base}/jwks`, "--issuer", ISSUER, "--audience", "api"], { cwd });
    expect(byUrl, byUrl.stderr).toMatchObject({ code: 0 });
    // The keys are found; the token is another issuer's.
    const byIssuer = await signet(["verify", token, "--issuer", base, "--audience", "api"], { cwd });
    expect(byIssuer).toMatchObject({ code: 3, stderr: expect.stringContaining(`${base}/jwks`) });
    expect(byIssuer.stderr).toContain("iss");
    // Its doctor sees what is missing, and fails where somebody cannot verify who has to.
    const seen = await signet(["doctor", base, "--token", token, "--for", "jose"], { cwd });
    expect(seen).toMatchObject({ code: 1, stderr: expect.stringContaining("a rule is broken: token") });
    expect(seen.stdout).toMatch(/^warn +etag/m);
    expect(seen.stdout).toMatch(/^no +API Gateway, HTTP API/m);
    const able = await signet(["doctor", base, "--for", "jose,pyjwt", "--json"], { cwd });
    expect(able, able.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(able.stdout)).toMatchObject({
      issuer: base,
      verdicts: expect.arrayContaining([expect.objectContaining({ id: "jose", answer: "yes" })]),
    });
    expect(await signet(["doctor", base, "--for", "jose, pyjwt"], { cwd })).toMatchObject({ code: 0 });
    // What is not known of who was asked for is listed; of one whose users sign, nothing but a token is judged.
    const asked = await signet(["doctor", base, "--for", "jose,github-app,github-app"], { cwd });
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringMatching(/be verified by github-app$/m) });
    expect(asked.stdout).toMatch(/^unknown +GitHub App +its keys are not found by URL/m);
    expect(asked.stdout).toMatch(/^for +rules that are not known\njose +\S/m);
    expect((await signet(["doctor", base], { cwd })).stdout).not.toMatch(/GitHub App|not known\n/);
    const signed = await signet(["doctor", base, "--for", "apns", "--token", token, "--json"], { cwd });
    expect(JSON.parse(signed.stdout).verdicts.at(-1)).toMatchObject({
      id: "apns",
      kind: "self-signed",
      answer: "no",
      notKnown: expect.arrayContaining(["leeway"]),
    });
    // Who is asked for nobody would be told that all is well.
    expect(await signet(["doctor", base, "--for", ""], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--for must be names with commas between them"),
    });
    expect(await signet(["doctor", base, "--for", "josee"], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("jose"),
    });
    expect(await signet(["doctor"], { cwd })).toMatchObject({ code: 2, stderr: expect.stringContaining("doctor https://") });
    expect((await signet(["doctor", "issuer.example:8443/a"], { cwd })).stderr).toContain("mean https://issuer.example:8443/a?");
    for (const other of ["ftp://issuer.example", "mailto:me@issuer.example", "//issuer.example", "me@issuer.example"])
      expect(await signet(["doctor", other], { cwd })).toMatchObject({
        code: 2,
        stderr: `signet: "${other}" is no issuer's URL, such as https://issuer.example\n`,
      });
    const folder = await scratch();
    await signet(["init", "--issuer", "http://localhost:1"], { cwd: folder });
    const own = await signet(["doctor"], { cwd: folder });
    expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining("looking at http://localhost:1") });
    server.close();
    const gone = await signet(["verify", token, "--issuer", base], { cwd });
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("ECONNREFUSED") });
  });

  it("asks for keys where there is no issuer", async () => {
    const cwd = await scratch();
    const ran = await signet(["verify", await issued("sub=a")], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("--jwks FILE|URL");
  });
});

describe("signet inspect", () => {
  it("shows header, claims and times in words, and says loudly that it verified nothing", async () => {
    const ran = await signet(["inspect", await issued("sub=alice", "--ttl", "15m", "--iat")], { cwd: home });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("NOT VERIFIED");
    expect(ran.stdout).toMatch(/expires in 1[45] minutes/);
    expect(ran.stdout).toContain('"sub": "alice"');
  });

  it("fails on what is no token", async () => {
    expect(await signet(["inspect", "hello"], { cwd: home })).toMatchObject({ code: 1, stdout: "" });
  });
});

describe("signet keys import", () => {
  const pems = {
    "PKCS#8": (key: ReturnType<typeof ecKey>) => key.export({ type: "pkcs8", format: "pem" }).toString(),
    SEC1: (key: ReturnType<typeof ecKey>) => key.export({ type: "sec1", format: "pem" }).toString(),
    "PKCS#8 under the label of SEC1": (key: ReturnType<typeof ecKey>) =>
      key.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("PRIVATE KEY", "EC PRIVATE KEY"),
    JWK: (key: ReturnType<typeof ecKey>) => JSON.stringify({ ...key.export({ format: "jwk" }), kid: "k" }),
  };

  function ecKey() {
    return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  }

  it.each(Object.entries(pems))("takes %s", async (_name, write) => {
    await writeFile(join(home, "import.pem"), write(ecKey()));
    const ran = await signet(["keys", "import", "import.pem", "--kid", `kid-${_name}`], { cwd: home });
    expect(ran.stderr).toContain(`imported ES256 key kid-${_name}`);
    expect(ran.code).toBe(0);
    const { stdout } = await signet(["jwks"], { cwd: home });
    expect((JSON.parse(stdout) as { keys: { kid: string }[] }).keys.map((key) => key.kid)).toContain(`kid-${_name}`);
  });

  it("opens an encrypted PEM with its passphrase from a file", async () => {
    const cwd = await newIssuer();
    await writeFile(
      join(cwd, "e.pem"),
      ecKey().export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "s3cret" }),
    );
    const without = await signet(["keys", "import", "e.pem"], { cwd });
    expect(without.code).toBe(2);
    expect(without.stderr).toContain("--key-passphrase-file");
    await writeFile(join(cwd, "pass"), "s3cret\n", { mode: 0o600 });
    expect((await signet(["keys", "import", "e.pem", "--key-passphrase-file", "pass"], { cwd })).code).toBe(0);
  });

  it("opens an encrypted PEM with its passphrase where a new issuer begins with it", async () => {
    const cwd = await scratch();
    const pem = ecKey().export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "s3cret" });
    await writeFile(join(cwd, "e.pem"), pem);
    await writeFile(join(cwd, "pass"), "s3cret\n", { mode: 0o600 });
    const without = await signet(["init", "--import", "e.pem"], { cwd });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("--key-passphrase-file") });
    const alone = await signet(["init", "--key-passphrase-file", "pass"], { cwd });
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining("--import") });
    expect((await readdir(cwd)).sort()).toStrictEqual(["e.pem", "pass"]);
    const ran = await signet(["init", "--import", "e.pem", "--kid", "mine", "--key-passphrase-file", "pass"], { cwd });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("key mine signs") });
  });

  it("refuses weak, public and foreign material, and says why", async () => {
    const cwd = await newIssuer();
    const weak = generateKeyPairSync("rsa", { modulusLength: 1_024 });
    const cases: [string, string][] = [
      [weak.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "2048"],
      [weak.publicKey.export({ type: "spki", format: "pem" }).toString(), "public key"],
      ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PKCS#8"],
      ['{"kty":"oct","k":"c2VjcmV0"}', "symmetric"],
      ["hello", "neither a PEM nor a JWK"],
    ];
    for (const [text, words] of cases) {
      await writeFile(join(cwd, "bad"), text);
      const ran = await signet(["keys", "import", "bad"], { cwd });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(words);
    }
    expect((await signet(["keys", "import", "missing.pem"], { cwd })).code).toBe(2);
  });
});

describe("the command line", () => {
  it("alone shows the next step for the state it finds", async () => {
    const cwd = await scratch();
    expect((await signet([], { cwd })).stderr).toContain("signet init");
    expect((await signet([], { cwd: home })).stderr).toContain("signet issue sub=alice");
  });

  it.each([
    [["isue"], "issue"],
    [["keys", "lst"], "list"],
    [["issue", "--jit"], "--jti"],
    [["jwks", "extra"], "too many arguments"],
  ])("%o is a usage error that names the nearest right word", async (args, words) => {
    const ran = await signet(args, { cwd: home });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(words);
  });

  it("explains a config that is wrong: file, path and fix, never the value", async () => {
    const cwd = await scratch();
    const cases: [string, string][] = [
      ['{"limits":{"maxTtlSecond":1}}', "limits.maxTtlSecond is not a member that signet knows (did you mean maxTtlSeconds?)"],
      ['{"limits":{"maxTtlSeconds":"sixty-secret"}}', "limits.maxTtlSeconds is a text"],
      ['{"isuer":"https://a.example"}', "did you mean issuer?"],
      ['{"issuer":"https://a.example","issuer":"https://b.example"}', '"issuer" twice'],
      ['{"issuer":}', "not valid JSON"],
      ["[]", "must hold an object"],
    ];
    for (const [text, words] of cases) {
      await writeFile(join(cwd, "signet.json"), text);
      const ran = await signet(["issue"], { cwd });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain("signet.json");
      expect(ran.stderr).toContain(words);
      expect(ran.stderr).not.toContain("sixty-secret");
    }
  });

  it("warns of a variable that means nothing", async () => {
    const ran = await signet(["issue"], { cwd: home, env: { SIGNET_ISUER: "x" } });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("did you mean SIGNET_ISSUER?");
  });

  it("warns of it also where an init fails for want of it", async () => {
    const env = { SIGNET_ALLOW_INSECURE_ISUER: "true" };
    const ran = await signet(["init", "--issuer", "http://issuer.example"], { cwd: await scratch(), env });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("did you mean SIGNET_ALLOW_INSECURE_ISSUER?");
  });

  it("names the chmod that repairs a key file which others can read", async () => {
    const cwd = await newIssuer();
    const folder = join(cwd, ".signet", "keys");
    for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
    const ran = await signet(["issue"], { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/chmod 600 \/.*\.key/);
  });

  it("answers --help with an example and --version with the version", async () => {
    for (const words of [
      ["init"],
      ["issue"],
      ["verify"],
      ["inspect"],
      ["jwks"],
      ["keys", "list"],
      ["keys", "import"],
      ["completion"],
    ]) {
      const ran = await signet([...words, "--help"], { cwd: home });
      expect(ran.code).toBe(0);
      expect(ran.stdout).toContain("Example");
    }
    expect((await signet(["--version"], { cwd: home })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("works on the config that --config or SIGNET_CONFIG names", async () => {
    const cwd = await scratch();
    await mkdir(join(cwd, "deep"));
    expect((await signet(["init", "--config", "deep/mine.json"], { cwd })).code).toBe(0);
    expect((await signet(["issue", "--config", "deep/mine.json"], { cwd })).code).toBe(0);
    expect((await signet(["issue"], { cwd, env: { SIGNET_CONFIG: "deep/mine.json" } })).code).toBe(0);
    expect(await readdir(join(cwd, "deep"))).toContain(".signet");
  });
});
