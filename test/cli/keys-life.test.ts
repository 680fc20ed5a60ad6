import { generateKeyPairSync } from "node:crypto";
import { appendFile, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, importSPKI, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();

const issuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);
const otherIssuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);

async function keysOf(cwd: string): Promise<{ kid: string; state: string; alg: string }[]> {
  return (JSON.parse((await signet(["keys", "list", "--json"], { cwd })).stdout) as { keys: [] }).keys;
}

const jwksOf = async (cwd: string) => createLocalJWKSet(JSON.parse((await signet(["jwks"], { cwd })).stdout));
const tokenOf = async (cwd: string) => (await signet(["issue", "sub=a"], { cwd })).stdout.trim();

describe("signet keys", () => {
  it("rotate schedules the earliest safe instant on day one, prints it, and shows it before with --dry-run", async () => {
    const cwd = await issuerAt();
    const before = await keysOf(cwd);
    const dry = await signet(["keys", "rotate", "--dry-run"], { cwd });
    expect(dry.stderr).toContain("would make a standby key");
    expect(await keysOf(cwd)).toStrictEqual(before);
    const ran = await signet(["keys", "rotate"], { cwd });
    expect(ran.code).toBe(0);
    const at = Date.parse(ran.stdout.trim().replace(" UTC", "Z").replace(" ", "T")) / 1_000;
    expect(at - Date.now() / 1_000).toBeGreaterThan(86_000);
    expect((await keysOf(cwd)).map((key) => key.state)).toStrictEqual(["active", "pending", "pending"]);
  });

  it("revoke asks first, then lets the standby sign, breaks the old tokens and says which", async () => {
    const cwd = await issuerAt();
    const [active, standby] = await keysOf(cwd);
    const old = await tokenOf(cwd);
    const kid = active?.kid ?? "";
    expect(await signet(["keys", "revoke", kid], { cwd })).toMatchObject({ code: 2 });
    const ran = await signet(["keys", "revoke", kid, "--reason", "a test", "--yes"], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain("tokens at risk");
    expect(ran.stderr).toContain("may refuse its tokens until they read again");
    const keys = await keysOf(cwd);
    expect(keys.map((key) => key.state)).toStrictEqual(["active", "pending"]);
    expect(keys[0]?.kid).toBe(standby?.kid);
    const jwks = await jwksOf(cwd);
    await expect(jwtVerify(old, jwks)).rejects.toThrow();
    await expect(jwtVerify(await tokenOf(cwd), jwks)).resolves.toMatchObject({ protectedHeader: { kid: standby?.kid } });
    expect((await signet(["keys", "history"], { cwd })).stdout).toMatch(/key\.revoked.*a test/);
  });

  it("migrate explains why it refuses, and with the operator's word publishes the new algorithm beside the old", async () => {
    const cwd = await issuerAt();
    const refused = await signet(["keys", "migrate", "--algorithm", "RS256"], { cwd });
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("--verifiers-accept RS256");
    const ran = await signet(["keys", "migrate", "--algorithm", "RS256", "--verifiers-accept", "RS256"], { cwd });
    expect(ran.code).toBe(0);
    expect((await keysOf(cwd)).map((key) => key.alg)).toStrictEqual(["ES256", "ES256", "RS256", "RS256"]);
    const discovery = JSON.parse(await readFile(join(cwd, ".signet", "public", "openid-configuration.json"), "utf8"));
    expect(discovery.id_token_signing_alg_values_supported).toStrictEqual(["ES256", "RS256"]);
  });

  it("pem prints the two slots that a verifier with pasted keys has", async () => {
    const cwd = await issuerAt();
    const current = await signet(["keys", "pem", "--current"], { cwd });
    await expect(jwtVerify(await tokenOf(cwd), await importSPKI(current.stdout, "ES256"))).resolves.toBeDefined();
    const both = await signet(["keys", "pem"], { cwd });
    expect(both.stdout.match(/BEGIN PUBLIC KEY/g)).toHaveLength(2);
    expect(both.stderr).toContain("paste it before");
  });

  it("repair shows what was changed outside Signet, and repairs it only when told", async () => {
    const cwd = await issuerAt();
    expect((await signet(["keys", "repair"], { cwd })).stderr).toContain("everything is as the keyring says");
    await unlink(join(cwd, ".signet", "active", "1.json"));
    await writeFile(join(cwd, ".signet", "public", "jwks.json"), '{"keys":[]}');
    const shown = await signet(["keys", "repair"], { cwd });
    expect(shown.stderr).toContain("the active document is missing");
    expect(shown.stderr).toContain("JWKS is not the keyring's");
    expect(JSON.parse(await readFile(join(cwd, ".signet", "public", "jwks.json"), "utf8"))).toStrictEqual({ keys: [] });
    expect(await signet(["keys", "repair", "--yes"], { cwd })).toMatchObject({ code: 0 });
    await expect(jwtVerify(await tokenOf(cwd), await jwksOf(cwd))).resolves.toBeDefined();
  });

  it("import-jwks publishes the keys of another issuer until their tokens have ended", async () => {
    const [cwd, other] = [await issuerAt(), await otherIssuerAt()];
    const token = await tokenOf(other);
    await writeFile(join(cwd, "other.json"), (await signet(["jwks"], { cwd: other })).stdout);
    const ran = await signet(["keys", "import-jwks", "other.json", "--tokens-expire-by", "30d"], { cwd });
    expect(ran.code).toBe(0);
    await expect(jwtVerify(token, await jwksOf(cwd))).resolves.toBeDefined();
    expect((await signet(["keys", "explain"], { cwd })).stdout).toContain("its issuer's tokens may be accepted until");
  });

  it("import-jwks skips what no verifier uses, and names it; --kid picks", async () => {
    const cwd = await issuerAt();
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = publicKey.export({ format: "jwk" });
    const keys = [null, { ...key, kid: "enc\u001b[31m", use: "enc" }, { ...key, kid: "good" }, { ...key, kid: "good" }];
    const more = { ...generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }), kid: "more" };
    // As a Windows editor stores it.
    await writeFile(join(cwd, "set.json"), `\ufeff${JSON.stringify({ keys: [...keys, more] })}`);
    const command = (...args: string[]) =>
      signet(["keys", "import-jwks", "set.json", "--tokens-expire-by", "30d", ...args], { cwd });
    const dry = await command("--kid", "good", "--kid", "more", "--dry-run");
    expect(dry.stderr).toMatch(/would import the public key good as retired\n.*would import the public key more as retired/);
    expect(await command("--kid", "nobody")).toMatchObject({ code: 1, stderr: expect.stringContaining("lists no key nobody") });
    const ran = await command();
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    expect(ran.stderr).toContain("skipped key 1: it is no object\n");
    expect(ran.stderr).toContain('skipped enc\\u001b[31m: it is for encryption ("use": "enc")\n');
    const listed = JSON.parse((await signet(["jwks"], { cwd })).stdout).keys as { kid: string; alg: string }[];
    expect(listed.slice(-2)).toMatchObject([
      { kid: "good", alg: "ES256" },
      { kid: "more", alg: "EdDSA" },
    ]);
    const again = JSON.parse((await command("--json")).stdout);
    expect(again).toMatchObject({ skipped: [{ index: 0, words: "it is no object" }, { index: 1 }] });
  });
});

describe("signet audit verify", () => {
  it("names the first line that was altered or removed", async () => {
    const cwd = await issuerAt();
    const log = join(cwd, ".signet", "audit.jsonl");
    const whole = await readFile(log, "utf8");
    const intact = await signet(["audit", "verify"], { cwd });
    expect(intact).toMatchObject({ code: 0 });
    expect(intact.stdout).toMatch(/^\d+ [\w-]{43}\n$/);
    const lines = whole.trimEnd().split("\n");
    const without = (index: number) => [...lines.slice(0, index), ...lines.slice(index + 1)];
    const altered = lines.map((line, index) => (index === 3 ? line.replace("key.published", "key.activation-started") : line));
    for (const [text, words] of [
      [without(2), "line 3: the line was removed"],
      [altered, "line 4: the line was altered"],
      [lines.slice(0, 5), "line 6: the log ends here"],
    ] as const) {
      await writeFile(log, `${text.join("\n")}\n`);
      const ran = await signet(["audit", "verify"], { cwd });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain(words);
    }
    await writeFile(log, whole);
    await appendFile(log, `${lines[0]}\n`);
    expect((await signet(["audit", "verify"], { cwd })).code).toBe(1);
  });
});
