import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { presentSeconds } from "../../src/issue/issuer.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { jwksOf, keyOf, proofBy } from "../trust/fixture.js";
import type { TestKey } from "../verify/tokens.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const US = "https://issuer.example";
const TENANT = "https://login.microsoftonline.com/01234567-89ab-cdef-0123-456789abcdef/v2.0";
let cwd: string;
let key: TestKey;

beforeAll(async () => {
  key = await keyOf("ES256");
});

const folder = issuerFolders(scratch, ["--issuer", US], async (made) => {
  await signet(["callers", "add", "web"], { cwd: made });
  await signet(["callers", "add", "batch", "--public-key", await publicKeyIn(made, "batch.pub.pem")], { cwd: made });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" });
  const pem = privateKey.export({ format: "pem", type: "pkcs8" });
  await Promise.all(
    Object.entries({
      "jwks.json": JSON.stringify(jwksOf(key)),
      "private.pem": pem,
      "private.der": privateKey.export({ format: "der", type: "sec1" }),
      "private.jwk": JSON.stringify(jwk),
      "private.jwks": JSON.stringify({ keys: [jwk] }),
      "both.pem": `${createPublicKey(createPrivateKey(pem)).export({ format: "pem", type: "spki" })}${pem}`,
    }).map(([name, content]) => writeFile(join(made, name), content)),
  );
});

beforeEach(async () => {
  cwd = await folder();
});

async function publicKeyIn(folder: string, name: string): Promise<string> {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(join(folder, name), publicKey.export({ format: "pem", type: "spki" }));
  return name;
}

const run = (...args: string[]) => signet(["callers", ...args], { cwd });
const written = () => readFile(join(cwd, "signet.json"), "utf8");
const caller = async (name: string) => (JSON.parse(await written()) as { callers: Record<string, object> }).callers[name];

describe("what is mistyped about callers is refused with what to type, and nothing is written", () => {
  it.each<[string, string]>([
    ["add ci --trust github --claim repository_id=1234", "(did you mean github-actions?)"],
    ["add ci --trust GitHub --claim repository_id=1234", "(did you mean github-actions?)"],
    ["add ci --trust k8s --claim sub=x", "(did you mean kubernetes?)"],
    ["add ci --trust entra --claim oid=x", "(did you mean azure?)"],
    ["add ci --trust circleci --claim sub=x", "or an issuer's URL such as https://idp.example\n"],
    ["add ci --trust idp.example/tenant --claim sub=x", "(did you mean https://idp.example/tenant?)"],
    ["add ci --trust http://idp.example --claim sub=x", "--trust begins with http://"],
    ["add ci --trust gitlab --issuer https://gitlab.example/ --claim project_id=1", "without / at its end"],
    ["add ci repository_id=1234", "a claim is given with --claim"],
    ["add ci github-actions --trust github-actions", "once"],
    ["add ci --trust github-actions --claim repository_id", "write --claim repository_id=VALUE"],
    ["add ci --trust github-actions --claim repository_id:1234", "write --claim repository_id=1234"],
    ["add ci --trust github-actions --claim-prefix ref", "write --claim-prefix ref=VALUE"],
    ["add ci --trust github-actions --claim repository_id:=1234", "a text is written --claim repository_id=1234"],
    ["add ci --trust github-actions --claim repository_id=1,ref=refs/heads/main", "each claim has a --claim of its own"],
    ["add ci --trust github-actions --claim repository_id=1 --claim ref=refs/heads/*", ": --claim-prefix ref=refs/heads/\n"],
    ["add ci --trust github-actions --claim repository_id=1 --claim-prefix ref=refs/heads", ": --claim-prefix ref=refs/heads/\n"],
    ["add ci --trust kubernetes --jwks batch.pub.pem --claim sub=system:serviceaccount:a:b", "kubectl get --raw /openid/v1/jwks"],
    [
      "add ci --trust spiffe --issuer spiffe://a.example --jwks jwks.json --claim sub=spiffe://a.example/b",
      'only keys with use "jwt-svid" count',
    ],
    ["add ci --trust https://idp.example", "--claim sub=NAME fixes it, or --claim-prefix sub=BEGINNING/"],
    ["add ci --trust https://idp.example --jwks-url https://10.0.0.1/keys --claim sub=x", "(--private-network) allows that"],
    [
      "add ci --trust gitlab --claim project_id=1 --from-proof sub=sub",
      "--from-proof sub becomes sub, and so needs subjectPrefix (--subject-prefix)",
    ],
    ["add ci --trust gitlab --claim project_id=1 --from-proof ref=iss", "--from-proof ref cannot become iss"],
    ["untrust web", "the caller web has no rule"],
    ["untrust web keys", "the caller web has no keys of its own"],
    ["untrust batch keys --kid old", "the caller batch has no key old"],
    ["untrust nobody", "there is no caller nobody"],
    ["disable batch keys", "callers untrust batch keys"],
  ])("%s", async (line, words) => {
    const before = await written();
    const ran = await run(...line.split(" "));
    expect([ran.code === 0, ran.stdout, ran.stderr]).toStrictEqual([false, "", expect.stringContaining(words)]);
    expect(await written()).toBe(before);
  });

  it.each(["private.pem", "private.der", "private.jwk", "private.jwks", "both.pem"])(
    "a private key as the caller's public key (%s)",
    async (file) => {
      const before = await written();
      for (const option of ["--public-key", "--jwks"]) {
        expect(await run("add", "job", option, file)).toMatchObject({
          code: 1,
          stdout: "",
          stderr: expect.stringMatching(new RegExp(`${option} ${file}: .*private key.*openssl pkey -in FILE -pubout`)),
        });
      }
      expect(await written()).toBe(before);
    },
  );
});

describe("what a newcomer types about callers", () => {
  it("hears of a preset that is misspelt in signet.json which one is meant", async () => {
    const config = JSON.parse(await written()) as object;
    const ci = { trusts: [{ preset: "github", claims: { repository_id: "1234" } }] };
    await writeFile(join(cwd, "signet.json"), JSON.stringify({ ...config, callers: { ci } }));
    expect((await run("list")).stderr).toContain("(did you mean github-actions?)");
  });

  it("trusts a preset that stands behind the name, as `callers trust` takes it", async () => {
    expect(await run("add", "ci", "github-actions", "--claim", "repository_id=1234")).toMatchObject({ code: 0, stdout: "" });
    expect(await caller("ci")).toStrictEqual({ trusts: [{ preset: "github-actions", claims: { repository_id: "1234" } }] });
  });

  it("is not told of an old secret where the caller had none", async () => {
    for (const words of [
      ["rotate", "batch"],
      ["add", "batch", "--or-rotate"],
    ]) {
      cwd = await folder();
      const ran = await run(...words, "--json");
      expect(ran.stderr).toContain("the caller batch has a secret now");
      expect(JSON.parse(ran.stdout)).toMatchObject({ caller: "batch", oldSecretsEndAt: null });
    }
    expect((await run("rotate", "batch")).stderr).toContain("has a new secret; the old one works until");
  });

  it("is told that tokens of Entra are for an application, unless --audience says for which", async () => {
    const oid = "oid=01234567-89ab-cdef-0123-456789abcdef";
    const azure = ["--trust", "azure", "--issuer", TENANT, "--claim", oid];
    expect((await run("add", "one", ...azure)).stderr).toContain("give its id or URI as --audience");
    expect((await run("add", "two", ...azure, "--audience", "api://mine")).stderr).not.toContain("--audience");
  });

  it("is told that several keys are told apart by kid, and which ones there are when one is not", async () => {
    const ran = await run("trust", "batch", "--public-key", await publicKeyIn(cwd, "new.pub.pem"));
    expect(ran.stderr).toContain("warning: from now on a proof has to name its key as kid");
    const { keys } = (await caller("batch")) as { keys: { jwks: { keys: { kid: string }[] } } };
    const wrong = await run("untrust", "batch", "keys", "--kid", "old", "--yes");
    for (const { kid } of keys.jwks.keys) expect(wrong.stderr).toContain(kid);
  });

  it("sees in the list what may be asked for in an exchange, and at a test that exchanges prove no caller", async () => {
    const config = JSON.parse(await written()) as { callers: object };
    const exchange = { issuer: "https://login.example", audiences: ["https://api.example"], scopes: ["read", "write"] };
    const callers = { ...config.callers, gateway: { exchanges: [exchange] } };
    await writeFile(join(cwd, "signet.json"), JSON.stringify({ ...config, callers }));
    expect((await run("list")).stdout).toContain(
      "exchanges.0 https://login.example: for https://api.example, scopes read write\n",
    );
    const tested = await signet(["callers", "test", "gateway", "-"], { cwd, input: token({}) });
    expect([tested.code, tested.stderr]).toStrictEqual([3, expect.stringContaining("which prove no caller")]);
  });

  it("learns which types a rule takes, and how a token in a file is read", async () => {
    await run("add", "app", "--trust", "https://idp.example", "--jwks", "jwks.json", "--claim", "sub=x");
    const typed = await signet(["callers", "test", "app", "-"], { cwd, input: token({ sub: "x" }, "at+jwt") });
    expect([typed.code, typed.stdout]).toStrictEqual([
      3,
      expect.stringContaining('typ: expected "JWT" or none (types); it is "at+jwt"\n'),
    ]);
    expect((await run("test", "app", "token")).stderr).toContain("callers test NAME - < FILE");
  });
});

function token(claims: object, typ = "JWT"): string {
  const now = presentSeconds();
  return proofBy(key, { aud: US, iat: now, exp: now + 300, ...claims }, { typ });
}
