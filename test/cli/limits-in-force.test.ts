import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { processIdentity } from "../../src/files/process-identity.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { type Ran, signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";

const scratch = scratchDirectories();
const DAY = 86_400;
const newIssuer = issuerFolders(scratch);
let cwd: string;

beforeEach(async () => {
  cwd = await newIssuer();
});

async function edit(limits: object): Promise<void> {
  const path = join(cwd, "signet.json");
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), limits }));
}

function lifeOf({ stdout }: Ran): number {
  const { exp } = JSON.parse(Buffer.from(stdout.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
  return exp - Date.now() / 1_000;
}

async function activeRecord(): Promise<Record<string, unknown>> {
  const { stdout } = await signet(["keys", "list", "--json"], { cwd });
  const { keys } = JSON.parse(stdout) as { keys: Record<string, unknown>[] };
  return keys.find(({ state }) => state === "active") ?? {};
}

describe("limits that are edited", () => {
  it("allow longer tokens at once, and the keyring knows of them", async () => {
    expect((await signet(["issue", "--ttl", "2d"], { cwd })).code).toBe(1);
    await edit({ maxTtlSeconds: 2 * DAY, defaultTtlSeconds: 2 * DAY });
    const ran = await signet(["issue"], { cwd });
    expect(ran.code).toBe(0);
    expect(lifeOf(ran)).toBeGreaterThan(2 * DAY - 60);
    expect(ran.stderr).toContain("in force now");
    expect(await activeRecord()).toMatchObject({ maxTtlSeconds: 2 * DAY });
    expect(await signet(["issue", "--ttl", "2d"], { cwd })).toMatchObject({ code: 0, stderr: "" });
  });

  it("allow only shorter tokens at once, and change nothing else", async () => {
    const before = await activeRecord();
    await edit({ maxTtlSeconds: 60 });
    expect((await signet(["issue", "--ttl", "61"], { cwd })).stderr).toContain("a token may live 60 seconds");
    expect(lifeOf(await signet(["issue"], { cwd }))).toBeLessThan(61);
    expect(await activeRecord()).toStrictEqual(before);
  });

  it("allow tokens without end only once `keys apply` has told the keyring, which then never removes the key by itself", async () => {
    await edit({ requireExpiration: false, defaultTtlSeconds: null });
    const before = await signet(["issue", "sub=a"], { cwd });
    expect(before).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("signet keys apply") });
    expect((await activeRecord()).signedWithoutExpiry).toBeUndefined();
    expect(await signet(["issue", "sub=a", "--ttl", "60"], { cwd })).toMatchObject({ code: 0 });
    expect(await signet(["keys", "apply"], { cwd })).toMatchObject({ code: 0 });
    expect(await activeRecord()).toMatchObject({ signedWithoutExpiry: true });
    expect(JSON.parse(await readFile(join(cwd, ".signet", "active", "2.json"), "utf8"))).toMatchObject({ endless: true });
    const ran = await signet(["issue", "sub=a"], { cwd });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: "" });
    expect(lifeOf(ran)).toBeNaN();
    // Taken back, it is in force no more, whatever another config says.
    const limited = join(cwd, "limited.json");
    const config = JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"));
    await writeFile(limited, JSON.stringify({ ...config, limits: {} }));
    expect(await signet(["keys", "apply", "--config", limited], { cwd })).toMatchObject({ code: 0 });
    expect(await signet(["issue", "sub=a"], { cwd })).toMatchObject({ code: 1, stdout: "" });
  });

  describe("while another process changes keys", () => {
    beforeEach(async () => {
      const path = join(cwd, ".signet", "keyring.json");
      const keyring = JSON.parse(await readFile(path, "utf8")) as { leases: number };
      const lease = { holder: processIdentity(), manager: "another", generation: keyring.leases, expiresAt: 4_000_000_000 };
      await writeFile(path, JSON.stringify({ ...keyring, lease }));
    });

    it("wait, and say so, where they allow longer tokens", async () => {
      await edit({ maxTtlSeconds: 2 * DAY });
      const ran = await signet(["issue"], { cwd });
      expect(ran.code).toBe(0);
      expect(ran.stderr).toContain(`a token lives ${DAY} seconds at most`);
      expect((await signet(["issue", "--ttl", "2d"], { cwd })).code).toBe(1);
    });

    it("let nothing be signed where they allow tokens without end", async () => {
      await edit({ requireExpiration: false, defaultTtlSeconds: null });
      expect(await signet(["issue"], { cwd })).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("signet keys apply"),
      });
    });
  });
});
