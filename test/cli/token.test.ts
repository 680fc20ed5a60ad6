import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../tools/processes.mjs";
import { tokenWith } from "../client/machine.js";
import { hasEnded } from "../contracts/ended.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { SIGNET, signet } from "./command.js";
import { killServers, type ServerProcess, served } from "./server-process.js";

const scratch = scratchDirectories();
let [home, issuer]: [string, string] = ["", ""];
let server: ServerProcess;

beforeAll(async () => {
  home = await scratch();
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  expect((await signet(["init", "--issuer", issuer], { cwd: home })).code).toBe(0);
  const { stdout } = await signet(["callers", "add", "web"], { cwd: home });
  await writeFile(join(home, "web.secret"), stdout.trim(), { mode: 0o600 });
  server = await served(home, [], ["--port", String(port)]);
});
afterAll(killServers);

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** A `signet token --watch` that runs. */
function watching(...args: string[]) {
  const child = spawn(process.execPath, [SIGNET, "token", ...args, "--watch"], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home },
  });
  running.add(child);
  let [out, err] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, ended, stdout: () => out, stderr: () => err };
}

const fromServer = (): string[] => ["--url", issuer, "--secret-file", "web.secret"];

describe("signet token", () => {
  it("prints one of this folder's issuer, of a server's, and as JSON", async () => {
    const own = await signet(["token", "sub=alice", "aud=api", "--ttl", "5m"], { cwd: home });
    expect(own).toMatchObject({ code: 0, stderr: "" });
    expect(decodeJwt(own.stdout.trim())).toMatchObject({ iss: issuer, sub: "alice", aud: "api" });
    const other = await signet(["token", ...fromServer(), "aud=api", "--json"], { cwd: home });
    expect(other).toMatchObject({ code: 0, stderr: "" });
    expect(decodeJwt(JSON.parse(other.stdout).token)).toMatchObject({ iss: issuer, aud: "api" });
  });

  it("signs its own proofs with a caller's key", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writeFile(join(home, "batch.pem"), privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    await writeFile(join(home, "batch.pub.pem"), publicKey.export({ format: "pem", type: "spki" }));
    const added = await signet(["callers", "add", "batch", "--public-key", "batch.pub.pem"], { cwd: home });
    expect(added.code, added.stderr).toBe(0);
    const ask = () => signet(["token", "--url", issuer, "--caller", "batch", "--key", "batch.pem", "aud=api"], { cwd: home });
    await until("the server knows the caller", async () => (await ask()).code === 0);
    expect(decodeJwt((await ask()).stdout.trim())).toMatchObject({ iss: issuer, aud: "api" });
    expect((await ask()).stderr).toBe("");
    await chmod(join(home, "batch.pem"), 0o644);
    expect((await ask()).stderr).toMatch(
      /^warning: .*batch\.pem holds a private key, and other users of this machine can read it/,
    );
    const endpoint = ["--token-url", `${issuer}/token`, "--caller", "batch", "--key", "batch.pem", "aud=api"];
    expect(decodeJwt((await signet(["token", ...endpoint], { cwd: home })).stdout.trim())).toMatchObject({ aud: "api" });
  });

  it("writes a file, and says whether it is good", async () => {
    const folder = await scratch();
    const file = join(folder, "token");
    const check = (...more: string[]) => signet(["token", "--check", "--file", file, ...more], { cwd: home });
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining("there is no") });
    const ran = await signet(["token", ...fromServer(), "aud=api", "--ttl", "10m", "--file", file, "--json"], { cwd: home });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ran.stdout)).toMatchObject({ file });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toStrictEqual(["token"]);
    expect(await check()).toMatchObject({ code: 0, stderr: expect.stringContaining("is good for") });
    expect(await check("--min-ttl", "1h")).toMatchObject({ code: 1, stderr: expect.stringContaining("only") });
    await writeFile(file, tokenWith({ exp: 1 }));
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining("is over") });
  });

  it("has a server that speaks no TLS guessed, and a folder without an issuer told where else tokens are", async () => {
    const tls = issuer.replace("http:", "https:");
    const ran = await signet(["token", "--url", tls, "--secret-file", "web.secret"], { cwd: home });
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining("does it speak http there") });
    const none = await signet(["token", "aud=x"], { cwd: await scratch() });
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("--url, --token-url or --function") });
  });

  it("fails where the server does not take a proof: no token was refused", async () => {
    await writeFile(join(home, "proof"), tokenWith({ iss: "https://idp.example", exp: 4_000_000_000 }));
    const ran = await signet(["token", "--url", issuer, "--proof-file", "proof", "aud=x"], { cwd: home });
    expect(ran, ran.stderr).toMatchObject({ code: 1, stdout: "" });
  });

  it("keeps what has no exp as long as the limits say, and checks it by the same time", async () => {
    const folder = await scratch();
    const config = {
      tokens: { iss: "A1B2C3D4E5", iat: 0, exp: false },
      limits: { maxTtlSeconds: 3_000, defaultTtlSeconds: 3_000 },
    };
    await writeFile(join(folder, "signet.json"), JSON.stringify(config), { mode: 0o600 });
    expect((await signet(["init"], { cwd: folder })).code).toBe(0);
    const ran = await signet(["token", "--file", "t"], { cwd: folder });
    expect(ran, ran.stderr).toMatchObject({ code: 0, stderr: expect.stringMatching(/good for (50 minutes|49 minutes)/) });
    const check = (...more: string[]) => signet(["token", "--check", "--file", "t", ...more], { cwd: folder });
    expect(await check()).toMatchObject({ code: 1, stderr: expect.stringContaining("say with --ttl") });
    expect(await check("--ttl", "50m")).toMatchObject({ code: 0, stderr: expect.stringContaining("is good for") });
    expect(await check("--ttl", "50m", "--min-ttl", "1h")).toMatchObject({ code: 1, stderr: expect.stringContaining("only") });
  });

  it.each([
    [["--watch"], "give --file PATH"],
    [["--file", "t", "--check", "aud=x"], "asks for nothing"],
    [["--url", "https://a.example", "--function", "b"], "one place"],
    [["--url", "https://a.example"], "as one caller"],
    [["--secret-file", "web.secret"], "give --url"],
    [["--url", "http://a.example", "--secret-file", "web.secret"], "https"],
    [["--url", "https://a.example", "--secret-file", "signet_abc"], "--secret-file: there is no such file\n"],
    [["--caller", "web"], "asks for no caller"],
    [["--function", "signet:web", "--caller", "web"], "NAME:ALIAS"],
    [["--issuer", "https://a.example"], "for --key"],
    [["--file", "t", "--mode", "666"], "--mode"],
    [["--file", "t", "--exec", "reload"], "whole path"],
    [["--file", "t", "--exec", "/bin/echo hi"], `its arguments stand in a list: --exec '["/bin/echo","hi"]'`],
    [["--file", "t", "--exec", "/nowhere"], "/nowhere is no program that can be run"],
    [["--file", "none/t"], "mkdir -p "],
    [["--url", "http://a.example", "--secret-file", "web.secret"], "--url must be a URL of https: over http an attacker"],
    [["--url", "http://a.example", "--secret-file", "web.secret"], "; --allow-insecure-url takes it"],
    [["--url", "https://a.example/issue", "--secret-file", "web.secret"], "by itself: leave that out"],
    [["--url", "https://a.example/token", "--secret-file", "web.secret"], "give --token-url instead"],
    [["--ttl", "10s", "--min-ttl", "20s"], "--ttl must be more than --min-ttl"],
    [["--function", "signet:web"], "region is not known: give the function's whole ARN, or AWS_REGION"],
    [["--config", "stack:signet"], "no AWS region is known: set AWS_REGION"],
    [["--aud", "x"], "a claim is typed without dashes: aud=VALUE"],
    [["sub", "a"], "write sub=a"],
    [["sub=a", "--ttl", "10", "m"], "m is no claim: a duration is one word, such as --ttl 10m"],
    [["--file", "signet.json"], "something else than a token"],
    [["--claims", "-"], "--claims"],
    [["--file", "t", "--watch", "--min-ttl", "2s"], "at least 5s"],
  ])("refuses %o, and says what would be right", async (args, words) => {
    const ran = await signet(["token", ...args], { cwd: home });
    expect(ran.stderr).toContain(words);
    expect(ran.code).not.toBe(0);
    expect(ran.stdout).toBe("");
  });
});

describe("signet token --watch", () => {
  it("keeps a file, runs a program after a renewal without a shell, restores it, and ends by SIGTERM", async () => {
    const folder = await scratch();
    const file = join(folder, "token");
    const program = join(folder, "after");
    await writeFile(program, `#!/bin/sh\necho "$1 $TOKEN_FILE" >> ${folder}/ran\n`);
    await chmod(program, 0o755);
    const args = ["aud=api", "--ttl", "12s", "--min-ttl", "5s", "--exec", JSON.stringify([program, "a b; c"])];
    const watch = watching(...fromServer(), ...args, "--file", file);
    await until("the file is ready", () => watch.stderr().includes("ready: "));
    const first = await readFile(file, "utf8");
    await until("it is renewed", async () => (await readFile(file, "utf8").catch(() => first)) !== first);
    await rm(file);
    await until("it is there again", async () => (await readdir(folder)).includes("token"));
    await until("the program has run twice", async () => (await readFile(join(folder, "ran"), "utf8")).split("\n").length > 2);
    expect((await readFile(join(folder, "ran"), "utf8")).split("\n")[0]).toBe(`a b; c ${file}`);
    watch.child.kill("SIGTERM");
    expect(await watch.ended).toBe(0);
    expect(watch.stdout()).toBe("");
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toStrictEqual([]);
  });

  it("ends at once by SIGTERM while a call hangs", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as { port: number };
    const asked = once(silent, "connection");
    const watch = watching(
      "--url",
      `http://127.0.0.1:${port}`,
      "--secret-file",
      "web.secret",
      "--file",
      join(await scratch(), "t"),
    );
    await asked;
    watch.child.kill("SIGTERM");
    expect(await watch.ended).toBe(0);
    // The call would have been given up, and that been told.
    expect(watch.stderr()).toBe("");
    silent.close();
  });

  it("ends by a second signal while the program of --exec hangs, which is killed with all that it has started", async () => {
    const folder = await scratch();
    const program = join(folder, "after");
    await writeFile(program, `#!/bin/sh\nsleep 600 &\necho "$$ $!" > ${folder}/pids\nwait\n`, { mode: 0o755 });
    const watch = watching(...fromServer(), "aud=api", "--file", join(folder, "token"), "--exec", program);
    const pids = async () => (await readFile(join(folder, "pids"), "utf8").catch(() => "")).split(" ").map(Number);
    await until("the program runs", async () => (await pids()).length === 2);
    let code: number | null | undefined;
    const ended = watch.ended.then((ended) => {
      code = ended;
    });
    await until("its end", () => code !== undefined || !watch.child.kill("SIGTERM"));
    await ended;
    expect(code, watch.stderr()).toBe(0);
    expect(watch.stderr()).toContain("was killed at a second signal");
    for (const pid of await pids()) await until("the end of all that it started", () => hasEnded(pid));
  });

  it("fails where no further try would help, and goes on where one may", async () => {
    await writeFile(join(home, "wrong.secret"), "signet_wrong", { mode: 0o600 });
    const file = join(await scratch(), "token");
    const refused = watching("--url", issuer, "--secret-file", "wrong.secret", "--file", file);
    expect(await refused.ended).toBe(1);
    expect(refused.stderr().split("answers 401")).toHaveLength(2);
    expect(refused.stderr()).toMatch(/^signet: /);
    const port = await freePort();
    const away = watching("--url", `http://localhost:${port}`, "--secret-file", "web.secret", "--file", file);
    await until("it says that there is none", () => away.stderr().includes("this is told once"));
    away.child.kill("SIGTERM");
    expect(await away.ended).toBe(0);
    expect(server.child.exitCode).toBeNull();
  });
});
