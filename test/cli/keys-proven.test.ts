import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();

async function issuerAt(): Promise<string> {
  const cwd = await scratch();
  await signet(["init", "--issuer", "https://issuer.example", "--algorithm", "Ed25519"], { cwd });
  return cwd;
}

async function keyringOf(cwd: string) {
  return JSON.parse(await readFile(join(cwd, ".signet", "keyring.json"), "utf8")) as {
    sweptAt: number | null;
    keys: { id: string; state: string; publicJwk: { kid: string } }[];
  };
}

async function keyIn(cwd: string, state: string): Promise<{ kid: string; path: string }> {
  const key = (await keyringOf(cwd)).keys.find((each) => each.state === state);
  return { kid: key?.publicJwk.kid as string, path: join(cwd, ".signet", "keys", `${key?.id}.key`) };
}

/** As half a day later. */
async function letSweepBeDue(cwd: string): Promise<void> {
  const path = join(cwd, ".signet", "keyring.json");
  await writeFile(path, `${JSON.stringify({ ...(await keyringOf(cwd)), sweptAt: null }, null, 2)}\n`);
}

async function assertIssues(cwd: string): Promise<void> {
  const token = (await signet(["issue", "sub=a"], { cwd })).stdout.trim();
  const jwks = JSON.parse((await signet(["jwks"], { cwd })).stdout);
  await expect(jwtVerify(token, createLocalJWKSet(jwks))).resolves.toBeDefined();
}

describe("keys revoke of the key that signs", () => {
  it.each([
    ["emptied", async (path: string) => writeFile(path, "")],
    ["another's", async (path: string, other: string) => copyFile(other, path)],
    ["deleted", async (path: string) => rm(path)],
  ])("leaves an issuer that signs where the standby's file was %s", async (_how, damage) => {
    const cwd = await issuerAt();
    const [active, standby] = [await keyIn(cwd, "active"), await keyIn(cwd, "pending")];
    await damage(standby.path, active.path);
    const ran = await signet(["keys", "revoke", active.kid, "--yes"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining(`key ${standby.kid} was passed over`) });
    await assertIssues(cwd);
    expect((await keyIn(cwd, "active")).kid).not.toBe(standby.kid);
    expect(await readdir(join(cwd, ".signet", "keys"))).not.toContain(active.path.split("/").at(-1));
  });
});

describe("keys tick", () => {
  it("exits 1 while the private part of the key that signs is missing, and says what to do; repair lets another one sign", async () => {
    const cwd = await issuerAt();
    const { kid, path } = await keyIn(cwd, "active");
    await rm(path);
    const ran = await signet(["keys", "tick"], { cwd });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`the key that signs, ${kid}, has lost its private part`),
    });
    // Once: whoever tells of a key's loss says it, and the custodian does not.
    expect(ran.stderr.split("signet keys repair")).toHaveLength(2);
    const issuing = await signet(["issue"], { cwd });
    expect(issuing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("restore it from a backup, or run `signet keys repair`"),
    });
    expect(issuing.stderr.split("signet keys repair")).toHaveLength(2);
    expect((await signet(["keys", "repair"], { cwd })).stderr).toContain(`key ${kid} (active) has lost its private part`);
    expect((await signet(["keys", "repair", "--mend", "--yes"], { cwd })).code).toBe(0);
    expect((await signet(["keys", "tick"], { cwd })).code).toBe(0);
    await assertIssues(cwd);
  });

  it("exits 1 while a standby cannot be proven, and 0 when it can again", async () => {
    const cwd = await issuerAt();
    const { kid, path } = await keyIn(cwd, "pending");
    const whole = await readFile(path);
    await writeFile(path, "");
    await letSweepBeDue(cwd);
    for (let tick = 0; tick < 2; tick++) {
      const ran = await signet(["keys", "tick"], { cwd });
      expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`standby ${kid} could not be proven`) });
    }
    await writeFile(path, whole);
    expect((await signet(["keys", "tick"], { cwd })).code).toBe(0);
  });
});

describe("keys rotate", () => {
  it("says that only the document was written anew where the limits have changed, and when the rotation takes place", async () => {
    const cwd = await issuerAt();
    const path = join(cwd, "signet.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...config, limits: { maxTtlSeconds: 172_800 } }));
    await signet(["keys", "apply"], { cwd });
    // As a tick would find it that comes after an apply which was killed.
    await rm(join(cwd, ".signet", "active", "2.json"));
    const ran = await signet(["keys", "rotate"], { cwd });
    expect(ran.stderr).toContain("this was no rotation");
    expect(ran.stderr).not.toContain("rotated: key");
    expect(ran.stdout).toMatch(/^\d{4}-\d\d-\d\d /);
  });
});

describe("an audit log that was deleted", () => {
  it("is told by the next tick, by repair and by verify, until a new chain is begun that names the old head", async () => {
    const cwd = await issuerAt();
    const [count, head] = (await signet(["audit", "verify"], { cwd })).stdout.trim().split(" ");
    expect(await signet(["audit", "begin", "--yes"], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is whole"),
    });
    await rm(join(cwd, ".signet", "audit.jsonl"));
    const told = { code: 1, stderr: expect.stringContaining("signet audit begin") };
    expect(await signet(["keys", "tick"], { cwd })).toMatchObject(told);
    expect((await signet(["keys", "repair"], { cwd })).stderr).toContain("the audit log was deleted");
    expect((await signet(["audit", "verify"], { cwd })).code).toBe(1);
    expect((await signet(["audit", "begin"], { cwd })).code).toBe(2);
    expect((await signet(["audit", "begin", "--yes"], { cwd })).code).toBe(0);
    expect((await signet(["audit", "verify"], { cwd })).code).toBe(0);
    const { entries } = JSON.parse((await signet(["keys", "history", "--json"], { cwd })).stdout);
    const begun = entries.find(({ event }: { event: string }) => event === "audit.begun");
    expect(begun.number).toBe(Number(count) + 1);
    expect(begun.why).toContain(head);
    expect(begun.previous).toBe(head);
    await letSweepBeDue(cwd);
    expect((await signet(["keys", "tick"], { cwd })).code).toBe(0);
    // What is altered in the new chain still shows.
    const path = join(cwd, ".signet", "audit.jsonl");
    await writeFile(path, (await readFile(path, "utf8")).replace("audit.begun", "audit.begum"));
    expect((await signet(["audit", "verify"], { cwd })).code).toBe(1);
  });
});

describe("keys repair of a key file that does not open", () => {
  it("says how it is given up without ending its tokens, which then verify on", async () => {
    const cwd = await issuerAt();
    const { kid, path } = await keyIn(cwd, "active");
    const token = (await signet(["issue", "sub=a"], { cwd })).stdout.trim();
    await writeFile(path, "");
    const told = (await signet(["keys", "repair"], { cwd })).stderr;
    expect(told).toMatch(
      new RegExp(`${kid} \\(active\\).*move its key file away, then \`signet keys repair --yes\`: tokens verify`),
    );
    expect(told).not.toContain("keys revoke");
    await rm(path);
    expect((await signet(["keys", "repair", "--yes"], { cwd })).code).toBe(0);
    await assertIssues(cwd);
    expect((await signet(["verify", token], { cwd })).code).toBe(0);
  });
});
