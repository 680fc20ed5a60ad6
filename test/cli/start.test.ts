import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { freePort } from "../../tools/processes.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { signet } from "./command.js";
import { canCount, markProcesses } from "./process-marks.js";

const START = fileURLToPath(new URL("../../tools/start.mjs", import.meta.url));
/** Starting a process takes seconds where the machine is busy. */
const SLOW_MS = 180_000;

const scratch = scratchDirectories();
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** Holds a port of this machine until it is let go. */
async function heldPort() {
  const port = await freePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return { port: String(port), release: () => new Promise((resolve) => server.close(resolve)) };
}

interface Started {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Resolves when it serves and has said all, rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<number | null>;
}

function start(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  script = "",
): Started {
  const own = { PATH: process.env.PATH ?? "", HOME: cwd, ...env };
  const child =
    script === ""
      ? spawn(process.execPath, [START, ...args], { cwd, env: own, stdio: ["ignore", "pipe", "pipe"] })
      : spawn("sh", ["-c", script, "sh", process.execPath, START, ...args], { cwd, env: own, stdio: ["ignore", "pipe", "pipe"] });
  started.add(child);
  let said = "";
  const ended = once(child, "exit").then(([code]) => code as number | null);
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        said += text.toString();
        if (/callers add( --config \S+)? web {5}makes/.test(said)) resolve();
      });
    }
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${said}`)));
  });
  ready.catch(() => undefined);
  return { child, said: () => said, ready, ended };
}

async function stop({ child, ended }: Started, signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
  child.kill(signal);
  return ended;
}

async function issuerFolder(issuer: string): Promise<string> {
  const cwd = await scratch();
  expect((await signet(["init", "--issuer", issuer], { cwd })).code).toBe(0);
  return cwd;
}

describe("an option that npm took for its own, since it was not behind --", () => {
  it.each([
    [["8081"], { npm_config_port: "true" }, "npm took --port for an option of its own: type npm start -- --port 8081\n"],
    [[], { npm_config_port: "8081", npm_config_tls_cert: "a.pem" }, "type npm start -- --port 8081 --tls-cert a.pem\n"],
  ])("is told, and nothing is made: %j %j", { timeout: SLOW_MS }, async (args, env, told) => {
    const cwd = await scratch();
    const { ended, ready, said } = start(cwd, args, env);
    await expect(ready).rejects.toThrow("it ended with 1");
    expect([await ended, existsSync(join(cwd, "signet.json"))]).toStrictEqual([1, false]);
    expect(said()).toContain(told);
  });
});

describe.skipIf(!canCount)("npm start", { timeout: SLOW_MS }, () => {
  it("makes an issuer for its port, and serves it there again", async () => {
    const cwd = await scratch();
    const port = String(await freePort());
    const first = start(cwd, ["--port", port]);
    await first.ready;
    expect(await stop(first)).toBe(0);
    expect(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8"))).toMatchObject({ issuer: `http://localhost:${port}` });
    const second = start(cwd, []);
    await second.ready;
    expect(second.said()).toContain(`Signet serves http://127.0.0.1:${port};`);
    expect(second.said()).toContain(`"iss": "http://localhost:${port}"`);
    expect(second.said()).not.toContain("URLs differ");
    expect(await stop(second, "SIGINT")).toBe(0);
  });

  it("says which two URLs differ, for an issuer that is elsewhere", async () => {
    const elsewhere = start(await issuerFolder("https://issuer.example"), ["--port", "0"]);
    await elsewhere.ready;
    expect(elsewhere.said()).toMatch(/Two URLs differ: tokens say iss https:\/\/issuer\.example, /);
    expect(elsewhere.said()).toContain('"iss": "https://issuer.example"');
    expect(await stop(elsewhere, "SIGHUP")).toBe(0);
  });

  it("says that its port is taken before it makes anything", async () => {
    const cwd = await scratch();
    const { port, release } = await heldPort();
    const taken = start(cwd, ["--port", port]);
    expect(await taken.ended).toBe(1);
    expect(taken.said()).toContain(`port ${port} of 127.0.0.1 is taken`);
    expect(taken.said()).toContain("npm start -- --port");
    expect(existsSync(join(cwd, "signet.json"))).toBe(false);
    await release();
  });

  it("goes on serving where the issuer's limits refuse the first token, and leaves no worker behind where it is killed", async () => {
    const cwd = await issuerFolder("http://localhost:7117");
    const config = join(cwd, "signet.json");
    const limits = { allowedAudiences: ["other"] };
    await writeFile(config, JSON.stringify({ ...(JSON.parse(await readFile(config, "utf8")) as object), limits }));
    const mark = markProcesses();
    const strict = start(cwd, ["--port", "0", "--workers", "2"], mark.env);
    await strict.ready;
    expect(strict.said()).toContain("served all the same");
    const [, url] = /^Signet serves (\S+)/m.exec(strict.said()) ?? [];
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await mark.untilRunning(3);
    await stop(strict, "SIGKILL");
    await mark.untilRunning(0);
  });

  it("says which two URLs differ, for an issuer on another port, and leaves no process behind where its parent is killed", async () => {
    const cwd = await issuerFolder("http://localhost:7117");
    const mark = markProcesses();
    const orphaned = start(cwd, ["--port", "0"], mark.env, '"$@" & wait');
    await orphaned.ready;
    expect(orphaned.said()).toMatch(/Two URLs differ: tokens say iss http:\/\/localhost:7117, .* at http:\/\/127\.0\.0\.1:\d+/);
    await mark.untilRunning(2);
    await stop(orphaned, "SIGKILL");
    await mark.untilRunning(0);
  });
});
