import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readlinkSync, symlinkSync, writeSync } from "node:fs";
import { lstat, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { get, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { amount, some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { refusedServe, signet } from "./command.js";
import { canCount, markProcesses } from "./process-marks.js";
import { killServers, type ServerProcess, served } from "./server-process.js";

/** Starting a process takes seconds where the machine is busy. */
const SLOW_MS = 180_000;

const scratch = scratchDirectories();
const PORT = ["--port", "0"];
const ONE = [["alone", 1] as const];
const BOTH = [...ONE, ["with workers", 2] as const];
let cwd: string;
let secret: string;

beforeAll(async () => {
  cwd = await scratch();
  expect((await signet(["init", "--issuer", "http://localhost:7117"], { cwd })).code).toBe(0);
  secret = (await signet(["callers", "add", "web"], { cwd })).stdout.trim();
});
afterAll(killServers);

const authorization = () => ({ authorization: `Bearer ${secret}`, "content-type": "application/json" });

/** Asks over a connection of its own, so that none leads to a worker that was killed. */
function ask({ url }: ServerProcess, path: string, body?: string): Promise<{ status: number | undefined; text: string }> {
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method, headers: authorization(), agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const issue = async (server: ServerProcess) => (await ask(server, "/issue", '{"claims":{}}')).status;

/** The sum of a counter over its labels. */
async function counted(server: ServerProcess, name: string): Promise<number> {
  const { text } = await ask(server, "/metrics");
  return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, "gm"))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}

const workersOf = (count: number) => (count === 1 ? [] : ["--workers", String(count)]);

describe.skipIf(!canCount).each(some(1, BOTH))("a server whose output is lost, %s", { timeout: SLOW_MS }, (_name, workers) => {
  it.each(
    some(1, [
      ["its reader has gone", "EPIPE"],
      ["the disk is full", "ENOSPC"],
    ] as const),
  )("goes on issuing, says so once, counts what is lost, and ends when it is told: %s", async (_why, code) => {
    const mark = markProcesses();
    const output = code === "ENOSPC" ? openSync("/dev/full", "w") : "pipe";
    const server = await served(cwd, workersOf(workers), PORT, { env: mark.env, stdout: output });
    if (output !== "pipe") closeSync(output);
    else server.child.stdout?.destroy();
    await until("a line that was lost", async () => {
      expect(await issue(server)).toBe(200);
      return (await counted(server, "signet_log_lines_lost_total")) > 0;
    });
    expect(await server.stop()).toBe(0);
    expect(server.stderr().match(/the log cannot be written/g)).toHaveLength(1);
    expect(server.stderr()).toContain(`the log cannot be written (${code})`);
    expect(server.stderr()).not.toMatch(/^ +at /m);
    await mark.untilRunning(0);
  });

  it("ends when it is told though the full pipe is not read", async () => {
    const mark = markProcesses();
    const path = join(await scratch(), "pipe");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const pipe = openSync(path, constants.O_RDWR);
    writeSync(pipe, Buffer.alloc(65_536));
    const server = await served(cwd, workersOf(workers), PORT, { env: mark.env, stdout: pipe });
    expect(await issue(server)).toBe(200);
    expect(await server.stop("SIGINT")).toBe(0);
    await mark.untilRunning(0);
    closeSync(pipe);
  });
});

describe.skipIf(!canCount).each(some(1, BOTH))("a server that is told to end, %s", { timeout: SLOW_MS }, (_name, workers) => {
  it("ends at once when it is told again, though a request is in flight", async () => {
    const mark = markProcesses();
    const server = await served(cwd, workersOf(workers), PORT, { env: mark.env });
    const headers = { ...authorization(), "content-length": "13", expect: "100-continue" };
    const slow = request(`${server.url}/issue`, { method: "POST", headers });
    slow.on("error", () => undefined);
    slow.flushHeaders();
    // Now the server has it, and waits for its body.
    await new Promise<void>((resolve) => slow.once("continue", () => resolve()));
    const ended = server.stop("SIGTERM");
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await until("the word of its stopping", () => server.stdout().includes("stopping"));
    // What comes at once may be the same key twice; a person presses again.
    await until("its end", () => isOver || !(server.child.kill("SIGINT") && isOver));
    expect(await ended).toBe(1);
    expect(server.stdout()).toContain("not everything was finished");
    await mark.untilRunning(0);
  });
});

describe.skipIf(!canCount)("a server above workers", { timeout: SLOW_MS }, () => {
  // Each test goes on where the one before has left it.
  const mark = markProcesses();
  let server: ServerProcess;

  beforeAll(async () => {
    server = await served(cwd, ["--workers", "2"], PORT, { env: mark.env });
  });

  const workers = () => mark.running().filter((pid) => pid !== server.child.pid);
  const replaced = () => server.stdout().match(/a worker took the place/g)?.length ?? 0;
  /** Answers how many tokens have been counted by then. */
  async function issueTwenty(): Promise<number> {
    const before = await counted(server, "signet_tokens_total");
    expect(await Promise.all(Array.from({ length: 20 }, () => issue(server)))).toStrictEqual(Array(20).fill(200));
    const after = await counted(server, "signet_tokens_total");
    expect(after).toBe(before + 20);
    return after;
  }

  it("serves the same keys from every worker", async () => {
    expect(workers()).toHaveLength(2);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(server, "/.well-known/jwks.json")));
    expect(new Set(answers.map(({ text }) => text))).toStrictEqual(
      new Set([await readFile(join(cwd, ".signet/public/jwks.json"), "utf8")]),
    );
  });

  it("sums what its workers count, keeps what a killed one counted, and replaces it", async () => {
    for (let round = 1; round <= amount(1, 2); round++) {
      const tokens = await issueTwenty();
      process.kill(workers()[0] as number, "SIGKILL");
      await until("another worker", () => replaced() === round);
      expect(server.stdout().match(/a worker ended; another takes its place/g)).toHaveLength(round);
      expect(await counted(server, "signet_tokens_total")).toBe(tokens);
      expect(await counted(server, "signet_request_seconds_count")).toBeGreaterThanOrEqual(tokens);
    }
  });

  it("is where it was when all of its workers were killed at once, though the system chose the port", async () => {
    const tokens = await issueTwenty();
    const before = replaced();
    for (const pid of workers()) process.kill(pid, "SIGKILL");
    await until("two other workers", () => replaced() === before + 2);
    expect(await counted(server, "signet_tokens_total")).toBe(tokens);
    await issueTwenty();
  });

  it("ends with all of them when it is told", async () => {
    expect(await server.stop()).toBe(0);
    await mark.untilRunning(0);
  });

  it("leaves none behind where they cannot listen, and says why once", async () => {
    const refused = markProcesses();
    const args = ["serve", "--port", "0", "--host", "192.0.2.1", "--workers", "2"];
    const ran = await signet(args, { cwd, env: refused.env });
    expect(ran.code).toBe(1);
    expect(ran.stderr.match(/no address of this machine/g)).toHaveLength(1);
    await refused.untilRunning(0);
  });
});

describe("signet serve --socket", { timeout: SLOW_MS }, () => {
  const refusal = async (path: string) => {
    const ran = await refusedServe(["--socket", path], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^signet: [^\n]+\n$/);
    return ran.stderr;
  };

  /** What a process leaves that is killed while it listens. At its end libuv removes only what stands where it bound. */
  async function deadSocket(path: string): Promise<void> {
    const server = createServer().listen(`${path}.bound`);
    await once(server, "listening");
    await rename(`${path}.bound`, path);
    await new Promise((resolve) => server.close(resolve));
    expect((await lstat(path)).isSocket()).toBe(true);
  }

  const health = (socketPath: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = get({ socketPath, path: "/healthz", headers: { host: "localhost" } }, (answer) =>
        resolve(answer.resume().statusCode),
      );
      asked.on("error", reject);
    });

  it("takes the place of nothing but a socket that no process listens on", async () => {
    const folder = await scratch();
    const dead = join(folder, "s");
    await deadSocket(dead);
    const [file, sub, link, dangling, fifo] = ["file", "sub", "link", "dangling", "fifo"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    await writeFile(file, "precious");
    await mkdir(sub);
    symlinkSync(dead, link);
    symlinkSync("nowhere", dangling);
    spawnSync("mkfifo", [fifo]);
    expect(await refusal(file)).toMatch(/file is a file, not a socket/);
    expect(await refusal(sub)).toMatch(/sub is a folder, not a socket/);
    expect(await refusal(link)).toMatch(/link is a symbolic link, not a socket/);
    expect(await refusal(dangling)).toMatch(/dangling is a symbolic link, not a socket/);
    expect(await refusal(fifo)).toMatch(/fifo is a FIFO, not a socket/);
    expect(await refusal(join(folder, "missing", "s"))).toMatch(/there is no folder .*missing; make it with/);
    expect(await refusal(join(file, "s"))).toMatch(/file is no folder/);
    expect(await refusal(join(folder, "x".repeat(120)))).toMatch(/too long for a socket/);
    expect(await readFile(file, "utf8")).toBe("precious");
    expect(readlinkSync(link)).toBe(dead);
    expect((await lstat(fifo)).isFIFO()).toBe(true);
    expect((await lstat(dead)).isSocket()).toBe(true);
  });

  it("is one server's where two start at once over what a killed one left, and goes when that ends", async () => {
    const path = join(await scratch(), "s");
    const killed = await served(cwd, ["--socket", path], []);
    expect(await health(path)).toBe(200);
    await killed.stop("SIGKILL");
    expect((await lstat(path)).isSocket()).toBe(true);
    const starts = await Promise.allSettled([1, 2].map(() => served(cwd, ["--socket", path], [])));
    const [won] = starts.filter((start) => start.status === "fulfilled").map(({ value }) => value);
    const [lost] = starts.filter((start) => start.status === "rejected").map(({ reason }) => String(reason));
    expect(lost).toContain("ended with 1");
    expect(lost).toContain("is taken");
    expect(await health(path)).toBe(200);
    expect(await refusal(path)).toContain("is taken");
    expect(await won?.stop()).toBe(0);
    await expect(lstat(path)).rejects.toThrow("ENOENT");
  });

  it.each(some(1, BOTH))("leaves what stands in its socket's place in the meantime, %s", async (_name, workers) => {
    const path = join(await scratch(), "s");
    const server = await served(cwd, [...workersOf(workers), "--socket", path], []);
    expect(await health(path)).toBe(200);
    await rename(path, `${path}.moved`);
    await writeFile(path, "somebody else's");
    expect(await server.stop()).toBe(0);
    expect(await readFile(path, "utf8")).toBe("somebody else's");
  });
});
