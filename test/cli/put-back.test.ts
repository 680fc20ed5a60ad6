import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { PLANTED } from "../contracts/planted-key.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

async function made() {
  const cwd = await scratch();
  await signet(["init", "--issuer", "https://issuer.example"], { cwd });
  const path = (name: string) => join(cwd, ".signet", name);
  const run = (...args: string[]) => signet(args, { cwd });
  return {
    cwd,
    path,
    run,
    /** A revocation rotates at once. */
    async rotate() {
      const keys = JSON.parse((await run("keys", "list", "--json")).stdout).keys as { kid: string; state: string }[];
      const kid = keys.find(({ state }) => state === "active")?.kid as string;
      expect(await run("keys", "revoke", kid, "--yes", "--reason", "a test")).toMatchObject({ code: 0 });
      return kid;
    },
    async verifies(token: string) {
      const jwks = JSON.parse(await readFile(path("public/jwks.json"), "utf8")) as JSONWebKeySet;
      return jwtVerify(token, createLocalJWKSet(jwks)).then(
        () => true,
        () => false,
      );
    },
  };
}

describe("an old keyring put back in a folder", () => {
  it("is said and brought up to date by the next tick: the signer stays, the revoked key stays out, the log goes on", async () => {
    const { run, path, rotate, verifies } = await made();
    await copyFile(path("keyring.json"), path("old.json"));
    const first = await rotate();
    const second = await rotate();
    const token = (await run("issue", "sub=alice")).stdout.trim();
    const before = (await readdir(path("keys"))).sort();
    await copyFile(path("old.json"), path("keyring.json"));
    const shown = await run("keys", "repair");
    expect(shown, shown.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("an old keyring was put back") });
    expect(shown.stderr).toContain("nothing was changed: --yes repairs it");
    const ticked = await run("keys", "tick");
    expect(ticked, ticked.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining("that was put back") });
    expect(await verifies(token)).toBe(true);
    expect(await verifies((await run("issue", "sub=bob")).stdout.trim())).toBe(true);
    const jwks = await readFile(path("public/jwks.json"), "utf8");
    for (const kid of [first, second]) expect(jwks).not.toContain(kid);
    const left = await readdir(path("keys"));
    for (const name of before) expect(left).toContain(name);
    expect(await run("audit", "verify")).toMatchObject({ code: 0 });
    await rotate();
    expect(await verifies((await run("issue", "sub=carol")).stdout.trim())).toBe(true);
    expect(await run("audit", "verify")).toMatchObject({ code: 0 });
  });

  it("together with an old log waits for a person, and repair --yes adopts the key that signs", async () => {
    const { run, path, rotate, verifies } = await made();
    for (const name of ["keyring.json", "audit.jsonl"]) await copyFile(path(name), path(`old-${name}`));
    await rotate();
    const token = (await run("issue", "sub=alice")).stdout.trim();
    const before = await readdir(path("keys"));
    for (const name of ["keyring.json", "audit.jsonl"]) await copyFile(path(`old-${name}`), path(name));
    expect(await run("keys", "tick")).toMatchObject({ code: 1, stderr: expect.stringContaining("signet keys repair") });
    const repaired = await run("keys", "repair", "--yes");
    expect(repaired, repaired.stderr).toMatchObject({ code: 0 });
    expect(await verifies(token)).toBe(true);
    expect(await verifies((await run("issue", "sub=bob")).stdout.trim())).toBe(true);
    const left = await readdir(path("keys"));
    for (const name of before) expect(left).toContain(name);
  });

  it("takes out a key that was planted in the JWKS, and says so", async () => {
    const { run, path, rotate } = await made();
    await copyFile(path("keyring.json"), path("old.json"));
    await rotate();
    const jwks = JSON.parse(await readFile(path("public/jwks.json"), "utf8")) as { keys: object[] };
    await writeFile(path("public/jwks.json"), JSON.stringify({ keys: [...jwks.keys, PLANTED] }));
    await copyFile(path("old.json"), path("keyring.json"));
    const ticked = await run("keys", "tick");
    expect(ticked, ticked.stderr).toMatchObject({ code: 1, stderr: expect.stringContaining("did not make (planted)") });
    expect(await readFile(path("public/jwks.json"), "utf8")).not.toContain("planted");
    expect(await run("keys", "tick")).toMatchObject({ code: 0 });
  });
});

describe("signet keys repair", () => {
  it("decides by ids: a kid that looks like its own sentences condemns no other key", async () => {
    const { cwd, run, path } = await made();
    const pem = async (name: string) => {
      const { generateKeyPairSync } = await import("node:crypto");
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      await writeFile(join(cwd, name), privateKey.export({ type: "pkcs8", format: "pem" }));
    };
    const held = async () => new Set(await readdir(path("keys")));
    await pem("x.pem");
    await pem("y.pem");
    expect(await run("keys", "import", "x.pem", "--kid", "x")).toMatchObject({ code: 0 });
    const before = await held();
    expect(await run("keys", "import", "y.pem", "--kid", "y x (z")).toMatchObject({ code: 0 });
    const [own] = [...(await held())].filter((name) => !before.has(name));
    const { rm } = await import("node:fs/promises");
    await rm(path(`keys/${own}`));
    expect(await run("keys", "repair", "--mend")).toMatchObject({ code: 0 });
    const { stdout } = await run("keys", "list", "--json");
    const kids = (JSON.parse(stdout).keys as { kid: string; state: string }[]).filter(({ state }) => state !== "revoked");
    expect(kids.map(({ kid }) => kid)).toContain("x");
    expect(kids.map(({ kid }) => kid)).not.toContain("y x (z");
  });
});
