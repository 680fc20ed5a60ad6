import { createPublicKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isSecret } from "../../src/issue/caller-secret.js";
import { presentSeconds } from "../../src/issue/issuer.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { jwksOf, keyOf, proofBy } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const US = "https://issuer.example";
let cwd: string;
let key: TestKey;

beforeAll(async () => {
  key = await keyOf("ES256");
});

const folder = issuerFolders(scratch, ["--issuer", US], (made) =>
  writeFile(join(made, "jwks.json"), JSON.stringify(jwksOf(key))),
);
beforeEach(async () => {
  cwd = await folder();
});

const run = (...args: string[]) => signet(["callers", ...args], { cwd });
const config = async () => JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as { callers?: Record<string, object> };
const caller = async (name: string) => (await config()).callers?.[name];
const GITHUB = ["--trust", "github-actions", "--claim", "repository_id=1234"];
const IDP = ["--trust", "https://idp.example", "--jwks", "jwks.json"];

function pemOf(of: TestKey): string {
  return createPublicKey({ key: { ...of.signer.publicJwk }, format: "jwk" })
    .export({ format: "pem", type: "spki" })
    .toString();
}

function token(claims: object = {}): string {
  const now = presentSeconds();
  return proofBy(key, { aud: US, iat: now, exp: now + 300, ...claims });
}

describe("signet callers add without a secret", () => {
  it("writes the rule as it was given, and makes no secret", async () => {
    const ran = await run("add", "ci", ...GITHUB, "--claim", "ref=refs/heads/main", "--claim", "ref=refs/heads/next");
    expect([ran.code, ran.stdout]).toStrictEqual([0, ""]);
    expect(ran.stderr).toContain("it has no secret");
    expect(ran.stderr).toContain(`it has to be for ${US} alone (aud)`);
    expect(await caller("ci")).toStrictEqual({
      trusts: [{ preset: "github-actions", claims: { repository_id: "1234", ref: ["refs/heads/main", "refs/heads/next"] } }],
    });
    expect(JSON.parse((await run("list", "--json")).stdout)).toMatchObject({
      callers: [{ name: "ci", secrets: [], trusts: [{ preset: "github-actions" }] }],
    });
    expect((await run("list")).stdout).toMatch(
      /ci +none .*trusts\.0 github-actions: repository_id 1234, ref refs\/heads\/main or/,
    );
  });

  it("takes every member by a flag, and values by their type", async () => {
    await writeFile(join(cwd, "ca.pem"), "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n");
    const flags =
      "--audience https://aud.example --max-age 10m --single-use --types JWT,at+jwt --algorithms ES256 --jwks-url https://idp.example/k";
    const more =
      "--private-network --proxy http://proxy.example:3128 --ca-file ca.pem --from-proof repository=repo --from-proof actor";
    const claims = [
      "--claim-prefix",
      "sub=repo:acme/",
      "--claim",
      "run_attempt:=1",
      "--claim",
      'k:={"a":["x"]}',
      "--claim",
      "__proto__=p",
    ];
    const trust = ["--trust", "https://idp.example", ...claims, "--subject-prefix", "idp:"];
    expect(await run("add", "ci", ...trust, ...flags.split(" "), ...more.split(" "))).toMatchObject({ code: 0 });
    const { trusts: [rule] = [] } = (await caller("ci")) as { trusts?: object[] };
    expect(JSON.stringify(rule)).toBe(
      JSON.stringify({
        issuer: "https://idp.example",
        jwksUrl: "https://idp.example/k",
        algorithms: ["ES256"],
        privateNetwork: true,
        caFile: "ca.pem",
        proxy: "http://proxy.example:3128",
        audience: "https://aud.example",
        claims: JSON.parse('{"run_attempt":1,"k":{"a":["x"]},"__proto__":"p","sub":{"prefix":"repo:acme/"}}'),
        types: ["JWT", "at+jwt"],
        maxAgeSeconds: 600,
        singleUse: true,
        claimsFromProof: { repository: "repo", actor: "actor" },
        subjectPrefix: "idp:",
      }),
    );
  });

  it("dates keys that were pasted, warns, and tells their age", async () => {
    const ran = await run("add", "ci", ...IDP, "--claim", "sub=x");
    expect(ran.stderr).toContain("renewed by hand alone");
    expect(await caller("ci")).toMatchObject({ trusts: [{ jwks: jwksOf(key), jwksPastedAt: expect.any(Number) }] });
    expect((await run("list")).stdout).toMatch(/keys pasted (now|\d+ seconds? ago)/);
  });

  it("makes a secret as well where that is asked for", async () => {
    const { stdout } = await run("add", "ci", ...GITHUB, "--secret", "--expires", "90d");
    expect(isSecret(stdout.trim())).toBe(true);
    expect(await caller("ci")).toMatchObject({
      trusts: [{ preset: "github-actions" }],
      secrets: [{ expiresAt: expect.any(Number) }],
    });
  });

  it("takes a caller's own key as PEM, JWK or JWKS, and gives several of them names", async () => {
    const jwk = jwksOf(key).keys[0] ?? {};
    const other = await keyOf("ES256", "other");
    await writeFile(join(cwd, "one.pem"), pemOf(key));
    await writeFile(join(cwd, "other.pem"), pemOf(other));
    expect(await run("add", "pem", "--public-key", "one.pem")).toMatchObject({ code: 0, stdout: "" });
    const { kid, ...unnamed } = jwk;
    expect(await caller("pem")).toStrictEqual({ keys: { jwks: { keys: [unnamed] } } });
    await run("add", "jwks", "--jwks", "jwks.json", "--accept-token-endpoint-audience");
    expect(await caller("jwks")).toStrictEqual({ keys: { jwks: { keys: [jwk] }, acceptTokenEndpointAudience: true } });
    await run("add", "url", "--jwks-url", "https://client.example/jwks.json");
    expect(await caller("url")).toStrictEqual({ keys: { jwksUrl: "https://client.example/jwks.json" } });
    const second = await run("trust", "pem", "--public-key", "other.pem");
    const { keys } = (await caller("pem")) as { keys: { jwks: { keys: { kid: string }[] } } };
    const kids = keys.jwks.keys.map((each) => each.kid);
    expect([kids.length, kids.every((each) => second.stderr.includes(each))]).toStrictEqual([2, true]);
    expect(await run("untrust", "pem", "keys", "--kid", kids[0] ?? "", "--yes")).toMatchObject({ code: 0 });
    expect((await run("list")).stdout).toContain(kids[1]);
    await run("untrust", "pem", "keys", "--yes");
    expect(await caller("pem")).toStrictEqual({});
  });

  it.each<[string, string[], string]>([
    ["a claim without a rule", ["--claim", "sub=x"], "--claim belongs to a rule: give --trust"],
    ["a proxy for nothing", ["--proxy", "http://p.example"], "--proxy is about keys"],
    ["a misspelt preset", ["--trust", "github-action", "--claim", "repository_id=1"], "did you mean github-actions?"],
    ["no identity", ["--trust", "github-actions"], "the claims (--claim) fix no identity for the preset github-actions"],
    ["no sub", ["--trust", "https://idp.example", "--claim", "repo=x"], "the claims (--claim) fix no identity"],
    ["a prefix that ends anywhere", ["--trust", "https://idp.example", "--claim-prefix", "sub=repo:acme"], "must end in / or :"],
    ["a preset that needs an issuer", ["--trust", "aws", "--claim", "principal_id=x"], "--issuer"],
    ["two issuers", ["--trust", "https://a.example", "--issuer", "https://b.example"], "--trust names the issuer already"],
    ["a shared audience", [...GITHUB, "--audience", "sts.amazonaws.com"], "--shared-audience"],
    ["a URL for a file", [...GITHUB, "--jwks", "https://idp.example/k"], "give --jwks-url https://idp.example/k"],
    [
      "keys from two places",
      [...GITHUB, "--jwks", "jwks.json", "--jwks-url", "https://idp.example/k"],
      "one of --jwks and --jwks-url",
    ],
    ["a private address", [...GITHUB, "--jwks-url", "https://10.0.0.1/k"], "--jwks-url"],
    ["a CA that is none", [...GITHUB, "--ca-file", "jwks.json"], "BEGIN CERTIFICATE"],
    ["keys that are not there", ["--public-key", "nowhere.pem"], "cannot be read"],
    ["a key that is none", ["--public-key", "signet.json"], "--public-key signet.json"],
    ["an end of no secret", [...GITHUB, "--expires", "1d"], "give --secret"],
    ["a rotation", [...GITHUB, "--or-rotate"], "callers trust NAME"],
    ["a claim that is no pair", ["--trust", "github-actions", "--claim", "repository_id"], "a claim is given as name=value"],
    ["the endpoint's audience without keys", [...GITHUB, "--accept-token-endpoint-audience"], "--public-key FILE"],
    ["this very issuer", ["--trust", US, "--claim", "sub=x"], "is this issuer itself"],
    ["a wrong age", [...GITHUB, "--max-age", "2d"], "--max-age"],
  ])("refuses %s before anything is written", async (_what, args, words) => {
    const before = await readFile(join(cwd, "signet.json"), "utf8");
    const ran = await run("add", "ci", ...args);
    expect([ran.stdout, ran.stderr]).toStrictEqual(["", expect.stringContaining(words)]);
    expect(ran.code).not.toBe(0);
    expect(await readFile(join(cwd, "signet.json"), "utf8")).toBe(before);
  });
});

describe("the rules of a caller", () => {
  beforeEach(async () => {
    await run("add", "ci", ...GITHUB);
    await run("trust", "ci", "gitlab", "--claim", "project_id=20");
  });

  it("are added, switched off and on, and removed, by number, preset or issuer", async () => {
    expect(await caller("ci")).toMatchObject({ trusts: [{ preset: "github-actions" }, { preset: "gitlab" }] });
    await run("disable", "ci", "gitlab");
    expect(await caller("ci")).toMatchObject({ trusts: [{}, { preset: "gitlab", disabled: true }] });
    expect((await run("list")).stdout).toContain("trusts.1 disabled: gitlab");
    await run("enable", "ci", "trusts.1");
    expect(await caller("ci")).toMatchObject({ trusts: [{}, { preset: "gitlab", claims: { project_id: "20" } }] });
    expect(((await caller("ci")) as { trusts: object[] }).trusts[1]).not.toHaveProperty("disabled");
    await run("untrust", "ci", "0", "--yes");
    expect(await caller("ci")).toStrictEqual({ trusts: [{ preset: "gitlab", claims: { project_id: "20" } }] });
    await run("untrust", "ci", "--yes");
    expect(await caller("ci")).toStrictEqual({});
  });

  it("are switched off among its exchanges, too", async () => {
    const path = join(cwd, "signet.json");
    const before = await config();
    const exchange = { issuer: "https://idp.example", claims: { sub: "x" }, audiences: ["https://api.example"] };
    const ci = { ...before.callers?.ci, exchanges: [exchange] };
    await writeFile(path, JSON.stringify({ ...before, callers: { ci } }));
    expect((await run("list")).stdout).toContain("exchanges.0 https://idp.example: sub x");
    expect(await run("disable", "ci", "exchanges.0")).toMatchObject({ code: 0 });
    expect(await caller("ci")).toStrictEqual({ ...ci, exchanges: [{ ...exchange, disabled: true }] });
    await run("untrust", "ci", "https://idp.example", "--yes");
    expect(await caller("ci")).toStrictEqual(before.callers?.ci);
  });

  it("are told, with their list and where one is added, if its exchanges mix up the subjects of two issuers", async () => {
    const path = join(cwd, "signet.json");
    const before = await config();
    const exchange = (issuer: string) => ({ issuer, audiences: ["https://api.example"] });
    const exchanges = [exchange("https://corp.example"), exchange("https://partner.example")];
    await writeFile(path, JSON.stringify({ ...before, callers: { ...before.callers, gateway: { exchanges } } }));
    expect((await run("list")).stderr).toContain(
      "warning: exchanges.0 of the caller gateway has no subjectPrefix, and exchanges.1",
    );
    const added = await run("trust", "gateway", "--trust", "gitlab", "--claim", "project_id=7");
    expect([added.code, added.stderr]).toStrictEqual([
      0,
      expect.stringContaining("warning: its exchanges.1 has no subjectPrefix"),
    ]);
    await writeFile(path, JSON.stringify(before));
    expect((await run("list")).stderr).not.toContain("subjectPrefix");
  });

  it("stay as they were written when the caller gets a secret", async () => {
    const before = (await caller("ci")) as object;
    await run("rotate", "ci");
    expect(await caller("ci")).toStrictEqual({ ...before, secrets: [expect.any(Object)] });
  });

  it.each<[string[], string]>([
    [["untrust", "ci", "--yes"], "several rules; expected the place of one, such as trusts.0"],
    [["untrust", "ci", "trusts.7", "--yes"], "no rule trusts.7"],
    [["untrust", "ci", "0"], "--yes"],
    [["untrust", "ci", "keys", "--yes"], "no keys of its own"],
    [["untrust", "ci", "0", "--kid", "x", "--yes"], "--kid names a key"],
    [["disable", "ci", "constructor"], "no rule constructor"],
    [["disable", "nobody", "0"], "there is no caller nobody"],
    [["trust", "ci"], "say what to trust"],
    [["trust", "ci", "gitlab", "--trust", "gitlab"], "once"],
    [["trust", "nobody", "gitlab", "--claim", "project_id=1"], "there is no caller nobody"],
    [["add", "ci", ...GITHUB], "callers trust ci"],
  ])("stay as they are after %j", async (args, words) => {
    const before = await config();
    const ran = await run(...args);
    expect([ran.code === 0, ran.stderr]).toStrictEqual([false, expect.stringContaining(words)]);
    expect(await config()).toStrictEqual(before);
  });

  it("are told where those of another caller match the same tokens", async () => {
    const ran = await run("add", "other", ...GITHUB, "--claim", "ref=refs/heads/main");
    expect(ran.stderr).toContain("a token can match its trusts.0 and trusts.0 of the caller ci");
    expect((await run("add", "third", "--trust", "github-actions", "--claim", "repository_id=12345")).stderr).not.toContain(
      "can match",
    );
  });
});

describe("signet callers test", () => {
  const test = (input: string, ...args: string[]) => signet(["callers", "test", ...args], { cwd, input });

  beforeEach(async () => {
    await run("add", "ci", ...IDP, "--claim", "sub=x", "--claim", "ref=main");
    await run("add", "pod", ...IDP, "--claim", "sub=y");
  });

  it("says which rule a token matches, without its text", async () => {
    const given = token({ sub: "x", ref: "main" });
    for (const args of [["ci", "-"], ["ci"], ["-"], []]) {
      const ran = await test(`${given}\n`, ...args);
      expect([ran.code, ran.stderr]).toStrictEqual([0, ""]);
      expect(ran.stdout).toContain("ci trusts.0 (https://idp.example): matches\n");
      expect(ran.stdout).not.toContain(given.split(".")[1]);
    }
    const asJson = JSON.parse((await test(given, "ci", "-", "--json")).stdout) as object;
    expect(asJson).toMatchObject({ proves: ["ci"], rules: [{ rule: "trusts.0", matches: true, misses: [] }] });
    expect(await run("test", given)).toMatchObject({ code: 0 });
  });

  it("says claim by claim what does not match, in text that a terminal only shows", async () => {
    const ran = await test(token({ sub: "x", ref: "dev\u001b[2J\u202e" }), "ci", "-");
    expect([ran.code, ran.stderr]).toStrictEqual([3, expect.stringContaining("the token does not prove the caller ci")]);
    expect(ran.stdout).toContain('  ref: expected "main"; it is "dev\\u001b[2J\\u202e"\n');
    expect(await test(token({ sub: "x", ref: "main", exp: 1 }), "ci", "-")).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/exp/),
    });
    expect((await test(token({ sub: "x", iss: "https://else.example" }), "-")).stdout).toContain(
      'iss: expected "https://idp.example"',
    );
  });

  it("says so where a rule is switched off, and where several callers match", async () => {
    await run("disable", "ci", "0");
    const off = await test(token({ sub: "x", ref: "main" }), "ci", "-");
    expect([off.code, off.stdout]).toStrictEqual([3, expect.stringContaining("matches, but is disabled")]);
    await run("trust", "pod", ...IDP, "--claim", "sub=x");
    await run("enable", "ci", "0");
    const both = await test(token({ sub: "x", ref: "main" }), "-");
    expect([both.code, both.stderr]).toStrictEqual([3, expect.stringContaining("it proves ci and pod")]);
    expect(await test(token({ sub: "x", ref: "main" }), "ci", "-")).toMatchObject({ code: 0 });
  });

  it.each<[string, string[], number, string]>([
    ["", ["ci", "-"], 2, "no token was given"],
    ["not a token", ["ci", "-"], 3, "this is no proof"],
    ["x.y.z", ["nobody", "-"], 1, "there is no caller nobody"],
  ])("answers %j of %j with exit code %i", async (input, args, code, words) => {
    expect(await test(input, ...args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
  });
});
