import { createPublicKey } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { BROKEN_MODULI, INFINITY, WEAK_KEYS } from "../vectors/weak-keys.js";
import { signet } from "./command.js";

const scratch = scratchDirectories();
const [identity] = WEAK_KEYS;
const even = WEAK_KEYS.find(({ what }) => what.includes("even RSA modulus"));
const [prime] = BROKEN_MODULI;
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
let cwd: string;

beforeAll(async () => {
  cwd = await scratch();
  await signet(["init", "--issuer", "https://issuer.example"], { cwd });
});

describe("a weak key", () => {
  it.each([identity, even, prime])("is never published under this issuer's name: $what", async (weak) => {
    await writeFile(join(cwd, "weak.json"), JSON.stringify({ keys: [{ ...weak?.jwk, kid: "weak" }] }));
    const ran = await signet(["keys", "import-jwks", "weak.json", "--tokens-expire-by", "30d"], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be used|can be taken apart/) });
    expect(await readFile(join(cwd, ".signet/public/jwks.json"), "utf8")).not.toContain("weak");
  });

  it("is told as what it is where it is the point at infinity, and ends no process", async () => {
    const pem = `-----BEGIN PUBLIC KEY-----\n${INFINITY.toString("base64")}\n-----END PUBLIC KEY-----\n`;
    await writeFile(join(cwd, "infinity.pem"), pem);
    const token = `${part({ alg: "ES256" })}.${part({ exp: 4_000_000_000 })}.${"A".repeat(86)}`;
    const ran = await signet(["verify", token, "--pem", "infinity.pem"], { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("signet: ");
  });

  it("verifies no token by --jwks or --pem", async () => {
    const jwk = { ...identity?.jwk, kid: "weak" };
    await writeFile(join(cwd, "weak.json"), JSON.stringify({ keys: [jwk] }));
    const key = createPublicKey({ format: "jwk", key: jwk });
    await writeFile(join(cwd, "weak.pem"), key.export({ format: "pem", type: "spki" }));
    const forged = `${part({ alg: "EdDSA", kid: "weak" })}.${part({ sub: "root", exp: 4_000_000_000 })}.AQ${"A".repeat(84)}`;
    for (const option of [
      ["--jwks", "weak.json"],
      ["--pem", "weak.pem"],
    ]) {
      const ran = await signet(["verify", forged, ...option], { cwd });
      expect(ran).toMatchObject({ stdout: "", stderr: expect.stringContaining("small order") });
      expect(ran.code).not.toBe(0);
    }
  });
});
