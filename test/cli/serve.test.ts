import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { copyFile, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { get as getTls } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { refusedServe, signet } from "./command.js";
import { issuerFolders } from "./issuer-folders.js";
import { canCount, markProcesses } from "./process-marks.js";
import { killServers, type ServerProcess, served } from "./server-process.js";

const scratch = scratchDirectories();
/** Self-signed, for a hundred years. */
const CERTIFICATES = fileURLToPath(new URL("certificates/", import.meta.url));
afterAll(killServers);

const issuerFolder = issuerFolders(scratch, ["--issuer", "http://localhost:7117"]);

async function addCaller(cwd: string, name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await signet(["callers", "add", name, ...args], { cwd });
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

function issue(
  { url }: Pick<ServerProcess, "url">,
  secret: string,
  body: object = { claims: { sub: "alice" } },
): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  return fetch(`${url}/issue`, { method: "POST", headers, body: JSON.stringify(body) });
}

interface Used {
  readonly name: string;
  readonly lastUsedAt: number | null;
}

/** A wrong secret; and one too many of them from this address. */
const REFUSED = [401, 429];

describe("signet serve", () => {
  let cwd: string;
  let server: ServerProcess;
  let secret: string;

  beforeAll(async () => {
    cwd = await issuerFolder();
    secret = await addCaller(cwd, "web");
    server = await served(cwd);
    // Not its issuer's, which it would have taken by itself.
    expect(new URL(server.url).port).not.toBe("7117");
  });

  it("knows a new caller at once, and the new secret of one", async () => {
    const added = await addCaller(cwd, "latest");
    expect((await issue(server, added)).status).toBe(200);
    const rotated = await addCaller(cwd, "latest", "--or-rotate");
    expect([(await issue(server, rotated)).status, (await issue(server, added)).status]).toStrictEqual([200, 200]);
  });

  it("issues tokens that verify against the keys at its URL", async () => {
    const { token } = (await (await issue(server, secret)).json()) as { token: string };
    const keys = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`));
    expect((await jwtVerify(token, keys, { issuer: "http://localhost:7117" })).payload.sub).toBe("alice");
    expect(await (await fetch(`${server.url}/.well-known/jwks.json`)).text()).toBe(
      await readFile(join(cwd, ".signet/public/jwks.json"), "utf8"),
    );
  });

  it("notes when a caller was recognised last, for the list of them", async () => {
    expect((await issue(server, secret)).status).toBe(200);
    const shown = async () => JSON.parse((await signet(["callers", "list", "--json"], { cwd })).stdout) as { callers: Used[] };
    await until(
      "the time of its use",
      async () => typeof (await shown()).callers.find(({ name }) => name === "web")?.lastUsedAt === "number",
    );
  });

  it("follows callers that are added, rotated and removed, without a restart", async () => {
    const second = await addCaller(cwd, "second");
    await until("the second caller", async () => (await issue(server, second)).status === 200);
    const rotated = (await signet(["callers", "rotate", "second", "--overlap", "0"], { cwd })).stdout.trim();
    await until("the rotated secret", async () => (await issue(server, rotated)).status === 200);
    expect(REFUSED).toContain((await issue(server, second)).status);
    expect((await signet(["callers", "remove", "second", "--yes"], { cwd })).code).toBe(0);
    await until("the removal", async () => REFUSED.includes((await issue(server, rotated)).status));
    expect((await issue(server, secret)).status).toBe(200);
  });

  it("signs with the next key after a revocation, without a restart", async () => {
    const kidOf = async () => {
      const { token } = (await (await issue(server, secret)).json()) as { token: string };
      return (JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { kid: string }).kid;
    };
    const before = await kidOf();
    expect((await signet(["keys", "revoke", before, "--yes"], { cwd })).code).toBe(0);
    await until("the next key", async () => (await kidOf()) !== before);
    await until(
      "the JWKS without the revoked key",
      async () => !(await (await fetch(`${server.url}/.well-known/jwks.json`)).text()).includes(before),
    );
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  it("keeps what it knew where the config becomes unreadable, and says so in its log", async () => {
    const path = join(cwd, "signet.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, "{");
    await until("the line on the config", async () => server.stdout().includes('"dependency":"config"'));
    expect((await issue(server, secret)).status).toBe(200);
    await writeFile(path, text);
  });

  it("logs who asked and what came of it, and never a token, a claim or a secret", async () => {
    const { token } = (await (await issue(server, secret, { claims: { sub: "very-private-subject" } })).json()) as {
      token: string;
    };
    const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    await fetch(`${server.url}/secret-path?token=${token}`, { headers });
    await until("the request's line", async () => server.stdout().includes("0af7651916cd43dd8448eb211c80319c"));
    const log = server.stdout() + server.stderr();
    const lines = server
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(expect.objectContaining({ route: "/issue", caller: "web", status: 200, tokens: 1 }));
    for (const private_ of [
      token,
      token.split(".")[1] as string,
      "very-private-subject",
      secret,
      secret.slice(8, 40),
      "secret-path",
    ]) {
      expect(log).not.toContain(private_);
    }
  });

  it("shows metrics of what it did", async () => {
    const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${secret}` } })).text();
    expect(text).toMatch(/signet_tokens_total\{alg="ES256",kid="[^"]+",caller="web",outcome="issued"\} \d+/);
    expect(text).toMatch(/signet_active_key_age_seconds \d+/);
    expect(text).toMatch(/signet_dependency_failures_total\{dependency="config"\} \d+/);
    expect(text).not.toContain(secret);
  });

  it.each([
    ["two lengths", "POST /issue HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde"],
    [
      "a length and chunks",
      "POST /issue HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a chunked encoding that is spelt oddly", "POST /issue HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n"],
    ["a bare line feed in a header", "GET /healthz HTTP/1.1\r\nhost: x\r\na: b\nc: d\r\n\r\n"],
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
    ["a header that is too large", `GET /healthz HTTP/1.1\r\nhost: x\r\na: ${"x".repeat(20_000)}\r\n\r\n`],
  ])("refuses a request with %s, and ends the connection", async (_name, text) => {
    const { hostname, port } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let got = "";
      socket.on("data", (chunk) => (got += chunk.toString()));
      socket.on("error", () => resolve(got));
      socket.on("close", () => resolve(got));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it("says who is to blame when it cannot listen", async () => {
    const { port } = new URL(server.url);
    const again = await signet(["serve", "--port", port], { cwd });
    expect([again.code, again.stderr]).toStrictEqual([1, expect.stringMatching(/port \d+ of 127\.0\.0\.1 is taken.*--port/)]);
    expect((await refusedServe(["--port", "http"], { cwd })).code).toBe(2);
  });

  // The last one of this server.
  it("finishes what is in flight when it is told to stop, takes nothing new, and ends with 0", async () => {
    const { hostname, port } = new URL(server.url);
    const body = '{"claims":{"sub":"slow"}}';
    const headers = {
      authorization: `Bearer ${secret}`,
      "content-type": "application/json",
      "content-length": String(body.length),
      // What the server answers once it has the request's head.
      expect: "100-continue",
    };
    const slow = request({ hostname, port, path: "/issue", method: "POST", headers });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      slow.on("response", (answer) => resolve(answer.resume().statusCode));
      slow.on("error", reject);
    });
    slow.flushHeaders();
    await once(slow, "continue");
    slow.write(body.slice(0, 5));
    const exited = server.stop();
    // A terminal and npm send it as well; that must not cut the ending short.
    server.child.kill("SIGINT");
    await until("the end of listening", async () =>
      fetch(`${server.url}/healthz`).then(
        () => false,
        () => true,
      ),
    );
    slow.end(body.slice(5));
    expect(await answered).toBe(200);
    expect(await exited).toBe(0);
  });
});

describe("signet serve --workers", () => {
  // Each test goes on where the one before has left it.
  const mark = markProcesses();
  let cwd: string;
  let server: ServerProcess;
  let secret: string;

  beforeAll(async () => {
    cwd = await issuerFolder();
    await writeFile(join(cwd, "limits.json"), '{"maxTokensPerMinute": 10}');
    secret = await addCaller(cwd, "web", "--limits", "limits.json");
    const failing = 'process.once("SIGUSR2",()=>{throw new Error("private")})';
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(failing)}`;
    server = await served(cwd, ["--workers", "2"], undefined, { env: { ...mark.env, NODE_OPTIONS } });
  });

  it("never lets its workers together exceed a rate", async () => {
    const began = performance.now();
    const statuses = await Promise.all(Array.from({ length: 60 }, () => issue(server, secret).then(({ status }) => status)));
    const issued = statuses.filter((status) => status === 200).length;
    expect(issued).toBeGreaterThan(0);
    // What the rate lets through again meanwhile.
    expect(issued).toBeLessThanOrEqual(10 + Math.ceil(((performance.now() - began) * 10) / 60_000));
    expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
  });

  it("refuses to start more of them than a rate has tokens", async () => {
    const tooMany = await refusedServe(["--port", "0", "--workers", "11"], { cwd });
    expect([tooMany.code, tooMany.stderr]).toStrictEqual([2, expect.stringContaining("callers.web.limits.maxTokensPerMinute")]);
  });

  it.skipIf(!canCount)(
    "leaves none behind where something unforeseen fails, and shows neither its words nor a stack",
    async () => {
      expect(mark.running()).toHaveLength(3);
      expect(await server.stop("SIGUSR2")).toBe(1);
      expect(server.stderr()).toMatch(/^signet: something unexpected failed \(Error\)/m);
      expect(server.stderr()).not.toMatch(/private|^ +at /m);
      await mark.untilRunning(0);
    },
  );
});

describe("signet serve, where it listens", () => {
  it("speaks TLS, takes a certificate that was renewed, and stops at SIGINT too", async () => {
    const cwd = await issuerFolder();
    const certify = async (name: string) => {
      await copyFile(join(CERTIFICATES, `${name}.key.pem`), join(cwd, "key.pem"));
      await copyFile(join(CERTIFICATES, `${name}.cert.pem`), join(cwd, "cert.pem"));
    };
    await certify("first");
    const server = await served(cwd, ["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    const subject = () =>
      new Promise<string>((resolve, reject) => {
        const asked = getTls(`${server.url}/healthz`, { rejectUnauthorized: false, agent: false }, (answer) => {
          const { subject: name } = (answer.socket as import("node:tls").TLSSocket).getPeerCertificate();
          answer.resume();
          resolve(String(name.CN));
        });
        asked.on("error", reject);
      });
    expect(server.url).toMatch(/^https:/);
    expect(await subject()).toBe("first");
    await certify("second");
    const { mtime } = await stat(join(cwd, "cert.pem"));
    await utimes(join(cwd, "cert.pem"), mtime, new Date(mtime.getTime() + 1_000));
    await until("the renewed certificate", async () => (await subject()) === "second");
    expect(await server.stop("SIGINT")).toBe(0);
  });

  it("says which file of TLS cannot be used, and why", async () => {
    const cwd = await issuerFolder();
    const copy = (from: string, to: string) => copyFile(join(CERTIFICATES, from), join(cwd, to));
    await Promise.all([
      copy("first.cert.pem", "cert.pem"),
      copy("first.key.pem", "key.pem"),
      copy("second.key.pem", "other.pem"),
    ]);
    const key = createPrivateKey(await readFile(join(cwd, "key.pem")));
    const sealed = key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" });
    await writeFile(join(cwd, "sealed.pem"), sealed);
    for (const [cert, tlsKey, words] of [
      ["signet.json", "key.pem", "--tls-cert: the file is no certificate chain in PEM"],
      ["cert.pem", "cert.pem", "--tls-key: the file is no private key in PEM, or a passphrase encrypts it"],
      ["cert.pem", "sealed.pem", "--tls-key: the file is no private key in PEM, or a passphrase encrypts it"],
      ["cert.pem", "other.pem", "--tls-key: the key is not that of the certificate"],
    ] as const) {
      const ran = await refusedServe(["--port", "0", "--tls-cert", cert, "--tls-key", tlsKey], { cwd });
      expect([ran.code, ran.stderr]).toStrictEqual([1, expect.stringContaining(words)]);
    }
  });

  it("refuses dev mode for an issuer that is worth something elsewhere, or an address that others reach", async () => {
    const real = await issuerFolders(scratch, ["--issuer", "https://issuer.example"])();
    const ran = await refusedServe(["--dev", "--port", "0"], { cwd: real });
    expect([ran.code, ran.stderr]).toStrictEqual([2, expect.stringContaining("--issuer http://localhost")]);
    const local = await issuerFolder();
    expect((await refusedServe(["--dev", "--port", "0", "--host", "0.0.0.0"], { cwd: local })).code).toBe(2);
  });

  it("says that issuing is closed while there is no caller, and answers Lambda's API in dev mode", async () => {
    const cwd = await issuerFolder();
    const server = await served(cwd, ["--dev"]);
    await until("the line on /issue", async () => server.stderr().includes("/issue is closed"));
    expect((await issue(server, "x")).status).toBe(403);
    const invoked = await fetch(`${server.url}/2015-03-31/functions/signet/invocations`, {
      method: "POST",
      body: '{"claims":{}}',
    });
    expect(await invoked.json()).toHaveProperty("token");
    expect(await server.stop()).toBe(0);
  });
});
