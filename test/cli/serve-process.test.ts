import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readlinkSync, symlinkSync, writeSync } from "node:fs";
import { lstat, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { get, request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { some } from "../contracts/matrix.js";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";
import { signet } from "./command.js";
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
  it.each([
    ["its reader has gone", "EPIPE"],
    ["the disk is full", "ENOSPC"],
  ])("goes on issuing, says so once, counts what is lost, and ends when it is told: %s", async (_why, code) => {
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

describe.skipIf(!canCount).each(BOTH)("a server that is told to end, %s", { timeout: SLOW_MS }, (_name, workers) => {
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
  it("leaves none behind where it is killed", async () => {
    const mark = markProcesses();
    const server = await served(cwd, ["--workers", "2"], PORT, { env: mark.env });
    await mark.untilRunning(3);
    await server.stop("SIGKILL");
    await mark.untilRunning(0);
  });

  it("leaves none behind where they cannot listen, and says why once", async () => {
    const mark = markProcesses();
    const ran = await signet(["serve", "--port", "0", "--host", "192.0.2.1", "--workers", "2"], { cwd, env: mark.env });
    expect(ran.code).toBe(1);
    expect(ran.stderr.match(/no address of this machine/g)).toHaveLength(1);
    await mark.untilRunning(0);
  });

  it("leaves none behind where something unforeseen fails, and shows neither its words nor a stack", async () => {
    const mark = markProcesses();
    const failing = 'process.once("SIGUSR2",()=>{throw new Error("private")})';
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(failing)}`;
    const server = await served(cwd, ["--workers", "2"], PORT, { env: { ...mark.env, NODE_OPTIONS } });
    await mark.untilRunning(3);
    expect(await server.stop("SIGUSR2")).toBe(1);
    expect(server.stderr()).toMatch(/^signet: something unexpected failed \(Error\)/m);
    expect(server.stderr()).not.toMatch(/private|^ +at /m);
    await mark.untilRunning(0);
  });

  it("is where it was when all of its workers were killed at once, though the system chose the port", async () => {
    const mark = markProcesses();
    const server = await served(cwd, ["--workers", "2"], PORT, { env: mark.env });
    for (const pid of mark.running()) if (pid !== server.child.pid) process.kill(pid, "SIGKILL");
    await until("two other workers", () => server.stdout().match(/a worker took the place/g)?.length === 2);
    expect(await issue(server)).toBe(200);
    expect(await server.stop()).toBe(0);
    await mark.untilRunning(0);
  });

  it("keeps what a killed worker counted", async () => {
    const mark = markProcesses();
    const server = await served(cwd, ["--workers", "2"], PORT, { env: mark.env });
    for (const round of [1, 2]) {
      expect(new Set(await Promise.all(Array.from({ length: 20 }, () => issue(server))))).toStrictEqual(new Set([200]));
      expect(await counted(server, "signet_tokens_total")).toBe(20 * round);
      const victim = mark.running().find((pid) => pid !== server.child.pid) as number;
      process.kill(victim, "SIGKILL");
      await until("another worker", () => server.stdout().match(/a worker took the place/g)?.length === round);
      expect(await counted(server, "signet_tokens_total")).toBe(20 * round);
      expect(await counted(server, "signet_request_seconds_count")).toBeGreaterThanOrEqual(20 * round);
    }
    expect(await server.stop()).toBe(0);
    await mark.untilRunning(0);
  });
});

describe("signet serve --socket", { timeout: SLOW_MS }, () => {
  const refusal = async (path: string) => {
    const ran = await signet(["serve", "--socket", path], { cwd });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^signet: [^\n]+\n$/);
    return ran.stderr;
  };

  async function deadSocket(folder: string): Promise<string> {
    const path = join(folder, "s");
    await (await served(cwd, ["--socket", path], [])).stop("SIGKILL");
    expect((await lstat(path)).isSocket()).toBe(true);
    return path;
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
    const dead = await deadSocket(folder);
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

  it("is one server's where two start at once over a dead socket, and goes when that ends", async () => {
    const path = await deadSocket(await scratch());
    const starts = await Promise.allSettled([1, 2].map(() => served(cwd, ["--socket", path], [])));
    const [won] = starts.filter((start) => start.status === "fulfilled").map(({ value }) => value);
    const [lost] = starts.filter((start) => start.status === "rejected").map(({ reason }) => String(reason));
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
