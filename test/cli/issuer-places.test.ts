import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryBeside } from "../../src/files/temporary.js";
import { freePort } from "../../tools/processes.mjs";
import { QUICK_PASSPHRASES } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { signet } from "./command.js";
import { preloaded } from "./preloaded.js";
import { killServers, served } from "./server-process.js";

const scratch = scratchDirectories();
afterAll(killServers);

async function made(...args: string[]): Promise<string> {
  const cwd = await scratch();
  const { code, stderr } = await signet(["init", ...args], { cwd });
  expect(code, stderr).toBe(0);
  return cwd;
}

describe("an issuer with a port and a path", () => {
  it("is served at its port, below its path, where verifiers find it", async () => {
    const issuer = `http://localhost:${await freePort()}/tenant/a`;
    const cwd = await made("--issuer", issuer);
    const server = await served(cwd, [], []);
    expect(server.url).toBe(new URL(issuer).origin.replace("localhost", "127.0.0.1"));
    const keys = `keys     ${server.url}/tenant/a/.well-known/jwks.json`;
    await until("where the keys are", () => server.stderr().includes(keys));
    const { stdout: token } = await signet(["issue", "sub=alice", "aud=api"], { cwd });
    const elsewhere = await scratch();
    const verified = await signet(["verify", token.trim(), "--issuer", issuer, "--audience", "api"], { cwd: elsewhere });
    expect(verified.code, verified.stderr).toBe(0);
    const doctor = await signet(["doctor", issuer], { cwd: elsewhere });
    expect(doctor.code, doctor.stdout).toBe(0);
    expect(await server.stop()).toBe(0);
  });
});

// Linux has all of 127.0.0.0/8 on this machine; to a URL's reader it is an address like any other.
describe.runIf(process.platform === "linux")("an issuer of http that is not localhost", () => {
  it("is made, served, verified and looked at where its price is accepted, which is told each time", async () => {
    const issuer = `http://127.0.0.2:${await freePort("127.0.0.2")}/tenant/a`;
    const price = "an attacker between it and a verifier can give other keys";
    const refused = await signet(["init", "--issuer", issuer], { cwd: await scratch() });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--allow-insecure-issuer") });
    const cwd = await scratch();
    const init = await signet(["init", "--issuer", issuer, "--allow-insecure-issuer"], { cwd });
    expect(init).toMatchObject({ code: 0, stderr: expect.stringContaining(price) });
    expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"))).toMatchObject({ issuer, allowInsecureIssuer: true });

    const server = await served(cwd, [], ["--host", "127.0.0.2"]);
    expect(server.url).toBe(new URL(issuer).origin);
    await until("the price", () => server.stderr().includes(price));
    const { stdout: token } = await signet(["issue", "sub=alice", "aud=api"], { cwd });

    const elsewhere = await scratch();
    const verify = (...args: string[]) =>
      signet(["verify", token.trim(), "--audience", "api", "--issuer", issuer, ...args], { cwd: elsewhere });
    expect(await verify()).toMatchObject({ code: 1, stderr: expect.stringContaining("--allow-insecure-issuer") });
    expect(await verify("--allow-insecure-issuer")).toMatchObject({ code: 0, stderr: expect.stringContaining(price) });
    const jwks = ["--jwks", `${issuer}/.well-known/jwks.json`];
    expect(await verify(...jwks)).toMatchObject({ code: 1, stderr: expect.stringContaining("--allow-insecure-issuer") });
    const imported = await signet(["keys", "import-jwks", jwks[1] as string], { cwd });
    expect(imported).toMatchObject({ code: 1, stderr: expect.stringContaining("give the file") });
    expect((await verify(...jwks, "--allow-insecure-issuer")).code).toBe(0);

    const broken = await signet(["doctor", issuer], { cwd: elsewhere });
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining("issuer-url") });
    for (const [args, folder] of [
      [[], cwd],
      [[issuer, "--allow-insecure-issuer"], elsewhere],
    ] as const) {
      const { code, stdout } = await signet(["doctor", ...args], { cwd: folder });
      expect([code, stdout.replaceAll(/\s+/g, " ")]).toStrictEqual([0, expect.stringContaining(price)]);
    }
  });
});

describe("an init that was killed", () => {
  it("leaves nothing behind once another has run; what a living one writes stays", async () => {
    const cwd = await scratch();
    const living = temporaryBeside(join(cwd, "signet.json"));
    const dead = living.replace(`-${process.pid}-`, "-999999999-");
    await Promise.all([living, dead].map((path) => writeFile(path, "{")));
    expect((await signet(["init"], { cwd })).code).toBe(0);
    const left = (await readdir(cwd)).filter((name) => name.endsWith(".tmp"));
    expect(left.map((name) => join(cwd, name))).toStrictEqual([living]);
  });
});

describe.runIf(process.platform === "linux")("a directory below /proc", () => {
  it("is refused in words", async () => {
    const ran = await signet(["init"], { cwd: await scratch(), env: { SIGNET_DIRECTORY: "/proc/signet/keys" } });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("/proc/signet/keys cannot be written") });
  });
});

describe("a passphrase that is typed for serve", () => {
  it("opens the keys of its workers too, and is in no worker's environment", async () => {
    const cwd = await scratch();
    const init = await signet(["init"], { cwd, env: { SIGNET_PASSPHRASE: "correct horse" } });
    expect(init.code, init.stderr).toBe(0);
    const env = { NODE_OPTIONS: `${QUICK_PASSPHRASES} ${preloaded("at-a-terminal.mjs")}` };
    const server = await served(cwd, ["--workers", "2"], ["--port", "0"], { env, input: "correct horse\n" });
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(server.stderr().match(/Passphrase: /g)).toHaveLength(1);
    expect(await server.stop()).toBe(0);
  });
});
