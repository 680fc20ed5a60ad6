import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
let cwd: string;
let kids: readonly string[];

beforeAll(async () => {
  cwd = await scratch();
  expect((await signet(["init", "--issuer", "http://localhost:7117"], { cwd })).code).toBe(0);
  await mkdir(join(cwd, "deep", "er"), { recursive: true });
  const { keys } = JSON.parse((await signet(["jwks"], { cwd })).stdout) as { keys: { kid: string }[] };
  kids = keys.map(({ kid }) => kid);
});

describe("what was typed wrongly", () => {
  it.each([
    [["issue", "--ttl", "soon"], "--ttl must be a duration"],
    [["issue", "--ttl", "0"], "--ttl must be at least a second"],
    [["issue", "--claims", "{bad"], "--claims is not valid JSON"],
    [["issue", "level:=x"], "what follows level:="],
    [["issue", "--nope"], "unknown option '--nope'"],
    [["init", "--algorithm", "HS256"], "--algorithm has an invalid value"],
    [["cost", "--algorithm", "HS256"], "--algorithm: the algorithm is none of"],
    [["keys", "apply", "--verifiers-accept", "ES256,HS1"], "--verifiers-accept: the algorithm is none of"],
    [["keys", "migrate", "--algorithm", "HS256"], "--algorithm: the algorithm is none of"],
    [["keys", "import", "x.pem", "--algorithm", "HS256"], "--algorithm: the algorithm is none of"],
    [["callers", "add", "web", "--expires", "0"], "--expires must be at least a second"],
    [["verify"], "missing required argument 'token'"],
    [
      ["verify", "signet.json"],
      "signet.json is a file: a token in it is read from stdin, by - in its place and < signet.json at the end",
    ],
    [["version", "now"], "too many arguments"],
    [["callers", "add", "w2", "--limits", "a.json", "--limits", "b.json"], "--limits is given twice: give it once"],
    [["callers", "add", "prom", "--may", "metrics", "--may", "issue"], "--may is given twice: give it once"],
    [["verify", "token", "--audience", "a", "--audience", "b"], "--audience is given twice: give it once"],
    [["--config", "a", "--config", "b", "keys", "list"], "--config is given twice: give it once"],
    [["keys", "expire", "kid", "--tokens-expire-by", "2027-02-31"], "--tokens-expire-by takes a date such as 2027-01-31"],
  ])("is exit code 2: signet %j", async (args, told) => {
    expect(await signet(args, { cwd })).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(told) });
  });

  it("is told of a file that cannot be written, by its name", async () => {
    for (const out of ["none/template.yaml", "deep"])
      expect(await signet(["template", "--out", out], { cwd })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`${join(cwd, out)} cannot be written`),
      });
  });

  it("is not what a file says", async () => {
    await writeFile(join(cwd, "claims.json"), "{bad");
    expect((await signet(["issue", "--claims", "@claims.json"], { cwd })).code).toBe(1);
  });
});

describe("signet version", () => {
  it("is what --version prints, and JSON on demand", async () => {
    const { stdout } = await signet(["--version"], { cwd });
    expect(await signet(["version"], { cwd })).toStrictEqual({ code: 0, signal: null, stdout, stderr: "" });
    expect(JSON.parse((await signet(["version", "--json"], { cwd })).stdout)).toStrictEqual({
      version: stdout.trim(),
      node: process.versions.node,
    });
  });
});

describe("the config", () => {
  it("is found in a folder above, which is said", async () => {
    const ran = await signet(["jwks"], { cwd: join(cwd, "deep", "er") });
    expect(ran).toMatchObject({ code: 0, stderr: `using ${join(cwd, "signet.json")}\n` });
    expect(JSON.parse(ran.stdout)).toMatchObject({ keys: [{ kid: kids[0] }, { kid: kids[1] }] });
  });

  it("is changed there too", async () => {
    const { code, stderr } = await signet(["callers", "add", "deep"], { cwd: join(cwd, "deep") });
    expect([code, stderr.split("\n").filter((line) => line.startsWith("using "))]).toStrictEqual([
      0,
      [`using ${join(cwd, "signet.json")}`],
    ]);
    expect((await signet(["callers", "list"], { cwd })).stdout).toContain("deep");
  });

  it("of this folder comes first, and init makes one here", async () => {
    const inner = join(cwd, "inner");
    await mkdir(inner);
    expect((await signet(["init", "--issuer", "https://inner.example"], { cwd: inner })).stderr).toContain(
      join(inner, "signet.json"),
    );
    const { stdout, stderr } = await signet(["keys", "list", "--json"], { cwd: inner });
    expect([JSON.parse(stdout).issuer, stderr]).toStrictEqual(["https://inner.example", ""]);
  });

  it("may be named by its folder", async () => {
    const elsewhere = await scratch();
    for (const folder of [cwd, `${cwd}/`]) {
      expect(await signet(["jwks", "--config", folder], { cwd: elsewhere })).toMatchObject({ code: 0, stderr: "" });
      expect((await signet(["jwks"], { cwd: elsewhere, env: { SIGNET_CONFIG: folder } })).code).toBe(0);
    }
    expect((await signet(["init", "--config", "new/"], { cwd: elsewhere })).stderr).toContain(
      join(elsewhere, "new", "signet.json"),
    );
  });

  it("with several faults has all of them told, each with its line", async () => {
    const folder = await scratch();
    await writeFile(
      join(folder, "signet.json"),
      '{\n  "issuer": 5,\n  "limits": { "maxTtlSeconds": 10,\n    "maxTtl": 20 },\n  "foo": 1\n}',
    );
    const { code, stderr } = await signet(["issue"], { cwd: folder });
    const lines = stderr.trimEnd().split("\n");
    expect([code, lines[0]]).toStrictEqual([1, `signet: ${join(folder, "signet.json")} has 3 faults:`]);
    expect(lines.slice(1)).toStrictEqual([
      expect.stringMatching(/^ {2}issuer is a number; expected .* \(line 2, column 3\)$/),
      expect.stringMatching(/^ {2}limits\.maxTtl is not a member .* \(line 4, column 5\)$/),
      expect.stringMatching(/^ {2}foo is not a member .* \(line 5, column 3\)$/),
    ]);
  });

  it("that contradicts itself is told, and init writes none that does", async () => {
    const folder = await scratch();
    const env = { SIGNET_MAX_TTL_SECONDS: "600" };
    expect((await signet(["init"], { cwd: folder, env })).code).toBe(0);
    const path = join(folder, "signet.json");
    const members = JSON.parse(await readFile(path, "utf8")) as { limits: object };
    expect(members.limits).toStrictEqual({ maxTtlSeconds: 600, defaultTtlSeconds: 600 });
    await writeFile(path, JSON.stringify({ ...members, limits: { maxTtlSeconds: 600, defaultTtlSeconds: 601 } }));
    const { code, stderr } = await signet(["issue"], { cwd: folder });
    expect([code, stderr]).toStrictEqual([
      0,
      `warning: ${path}: limits.defaultTtlSeconds (601) is above limits.maxTtlSeconds (600), so tokens live 600 seconds\n`,
    ]);
  });
});

describe("a kid", () => {
  const shared = () => {
    let length = 0;
    while (kids[0]?.[length] === kids[1]?.[length]) length++;
    return length;
  };

  it("may be shortened to what no other key has", async () => {
    const [kid = ""] = kids;
    const short = kid.slice(0, Math.max(6, shared() + 1));
    const given = short.startsWith("-") ? ["--dry-run", "--", short] : [short, "--dry-run"];
    const { code, stderr } = await signet(["keys", "revoke", ...given], { cwd });
    expect([code, stderr]).toStrictEqual([0, expect.stringContaining(`would remove key ${kid}`)]);
  });

  it("is not guessed from a few characters, nor from none of them", async () => {
    for (const given of [kids[1]?.slice(0, 3) ?? "", "nonsense"]) {
      expect((await signet(["keys", "revoke", "--dry-run", "--", given], { cwd })).code).toBe(1);
    }
  });
});

describe("tables", () => {
  it("fit the columns that there are, with kids that a command knows", async () => {
    const narrow = await signet(["keys", "history"], { cwd, env: { COLUMNS: "80" } });
    const lines = narrow.stdout.trimEnd().split("\n");
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(narrow.stdout).toContain(kids[0]?.slice(0, 8));
    expect(narrow.stdout).not.toContain(kids[0]);
    expect((await signet(["keys", "history"], { cwd })).stdout).toContain(kids[0]);
  });
});

describe("signet verify", () => {
  let token: string;
  let expired: string;
  beforeAll(async () => {
    const issued = async (...claims: string[]) => (await signet(["issue", "aud=my-api", ...claims], { cwd })).stdout.trim();
    token = await issued();
    // The issuer makes no dead tokens: one is over in a second.
    expired = await issued("--ttl", "1");
    await until("it is over", () => Date.now() / 1_000 >= (decodeJwt(expired).exp ?? 0));
  });
  const told = async (...args: string[]) => {
    const { code, stderr } = await signet(["verify", ...args], { cwd });
    return `${code} ${stderr}`;
  };

  it("says what would have been accepted", async () => {
    expect(await told(token, "--audience", "other")).toMatch(/^3 signet: the token's aud .* \(accepted: other\)\n/);
    expect(await told(token, "--issuer", "https://other.example")).toMatch(/^3 .* \(accepted: https:\/\/other\.example\)\n/);
    expect(await told(token, "--typ", "at+jwt")).toMatch(/^3 .* \(accepted: at\+jwt; --types names others\)\n/);
  });

  it("takes another clock's skew, up to what is one", async () => {
    expect(await told(token, "--clock-skew", "0")).toMatch(/^0 valid/);
    expect(await told(token, "--clock-skew", "11m")).toMatch(/^2 .*--clock-skew may be 10m at most/);
    expect(await told(expired, "--clock-skew", "0")).toMatch(/^3 /);
    expect(await told(expired, "--clock-skew", "10m")).toMatch(/^0 valid: .* (expires now|expired \d+ s ago, within the 600 s)/);
  });
});

describe("--json", () => {
  it("is an option of every command", async () => {
    const { stdout } = await signet(["completion", "fish"], { cwd });
    const options = new Map<string, string[]>();
    for (const [, path = "", words = ""] of stdout.matchAll(/'__signet_at "([^"]*)"' (.*)/g)) {
      options.set(path, [...(options.get(path) ?? []), words]);
    }
    const isGroup = (path: string) => [...options.keys()].some((other) => other.startsWith(`${path} `));
    const without = [...options].filter(([path, words]) => !isGroup(path) && !words.some((word) => /^-l json\b/.test(word)));
    expect(without.map(([path]) => path)).toStrictEqual(["help"]);
  });

  it.each([
    [["issue", "-n", "2"], undefined],
    [["keys", "pem"], { keys: [{ slot: "current" }, { slot: "next" }] }],
    [["keys", "unlock"], { locks: [], lease: null }],
    [
      ["callers", "add", "json", "--expires", "1h"],
      { caller: "json", secret: expect.stringMatching(/^signet_/), oldSecretsEndAt: null },
    ],
    [["callers", "rotate", "json"], { caller: "json", oldSecretsEndAt: expect.any(Number) }],
    [["callers", "remove", "json", "--yes"], { removed: "json" }],
    [["completion", "bash"], { shell: "bash" }],
    [["template"], { template: expect.stringContaining("Resources:") }],
    [[], { issuer: "http://localhost:7117", alg: "ES256" }],
  ])("makes JSON of what is answered: %j", async (args, shape) => {
    const { code, stdout } = await signet([...args, "--json"], { cwd });
    expect(code).toBe(0);
    if (shape !== undefined) expect(JSON.parse(stdout)).toMatchObject(shape);
    else for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toStrictEqual({ token: expect.any(String) });
  });

  it("says what init made", async () => {
    const folder = await scratch();
    const made = JSON.parse((await signet(["init", "--json"], { cwd: folder })).stdout);
    expect(made).toMatchObject({
      config: join(folder, "signet.json"),
      issuer: null,
      custody: "file",
      alg: "ES256",
      isEncrypted: false,
    });
  });
});
