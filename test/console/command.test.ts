import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { SIGNET, signet, signetProcess } from "../cli/command.js";
import { issuerFolders } from "../cli/issuer-folders.js";
import { preloaded } from "../cli/preloaded.js";
import { QUICK_PASSPHRASES } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { until } from "../contracts/until.js";

const scratch = scratchDirectories();
const issuerAt = issuerFolders(scratch, ["--issuer", "https://issuer.example"]);
const LINK = /^(http:\/\/127\.0\.0\.1:\d+)\/#code=([\w-]{43})$/m;

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

/** Runs `signet console` until it has printed its link. */
async function started(cwd: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, typed = "") {
  const child = spawn(process.execPath, [SIGNET, "console", ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? "", HOME: cwd, TMPDIR: cwd, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(typed);
  running.add(child);
  const said = { out: "", err: "" };
  child.stdout.on("data", (text: Buffer) => {
    said.out += text.toString();
  });
  child.stderr.on("data", (text: Buffer) => {
    said.err += text.toString();
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await until("the link", () => LINK.test(said.out) || isOver);
  const [, origin = "", code = ""] = LINK.exec(said.out) ?? [];
  expect(code, said.err).not.toBe("");
  const call = (path: string, body: object, session?: string) =>
    fetch(`${origin}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(session !== undefined && { "signet-session": session }) },
      body: JSON.stringify(body),
    });
  return { child, said, origin, code, call, ended };
}

/** A folder with a program in the place of the platform's opener, which keeps what it was started with. */
async function opener(): Promise<{ readonly path: string; readonly record: string }> {
  const folder = await scratch();
  const record = join(folder, "started");
  await mkdir(join(folder, "bin"));
  const program = join(folder, "bin/xdg-open");
  await writeFile(
    program,
    `#!/bin/sh\ntr '\\0' '\\n' < /proc/$$/cmdline > '${record}.part'\nenv >> '${record}.part'\nmv '${record}.part' '${record}'\n`,
  );
  await chmod(program, 0o755);
  return { path: `${join(folder, "bin")}:${process.env.PATH ?? ""}`, record };
}

describe("signet console", () => {
  it("prints its link, serves the page that was built with it, and ends at Ctrl-C", async () => {
    const { child, said, origin, code, call, ended } = await started(await issuerAt(), ["--no-open"]);
    expect(said.out.trim()).toBe(`${origin}/#code=${code}`);
    for (const path of ["/", "/page.js", "/page.css"]) {
      const served = await fetch(`${origin}${path}`);
      const name = path === "/" ? "index.html" : path.slice(1);
      expect(await served.text()).toBe(readFileSync(new URL(`../../dist/console/${name}`, import.meta.url), "utf8"));
    }
    const { session } = (await (await call("/api/session", { code })).json()) as { session: string };
    expect((await call("/api/keys", {}, session)).status).toBe(200);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });

  it("prints its link as JSON where that is asked for", async () => {
    const child = spawn(process.execPath, [SIGNET, "console", "--no-open", "--json"], {
      cwd: await issuerAt(),
      stdio: ["ignore", "pipe", "ignore"],
    });
    running.add(child);
    let out = "";
    child.stdout.on("data", (text: Buffer) => {
      out += text.toString();
    });
    await until("the link", () => out.includes("}"));
    expect(JSON.parse(out)).toStrictEqual({ link: expect.stringMatching(LINK) });
  });

  it.skipIf(process.platform !== "linux")(
    "opens a browser by a private file: no argument, of this process or of that one, has the code",
    async () => {
      const { path, record } = await opener();
      const cwd = await issuerAt();
      const { child, code, call, ended } = await started(cwd, [], {
        PATH: path,
        DISPLAY: ":0",
        SIGNET_PASSPHRASE: "a passphrase",
        AWS_SECRET_ACCESS_KEY: "a secret",
      });
      await until("the browser", () => existsSync(record));
      const seen = await readFile(record, "utf8");
      const file = seen.split("\n").find((word) => word.endsWith("/console.html")) ?? "";
      expect(seen).not.toContain(code);
      expect(seen).not.toMatch(/a passphrase|a secret/);
      expect(readFileSync(`/proc/${child.pid}/cmdline`, "utf8")).not.toContain(code);
      expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toStrictEqual([0o600, 0o700]);
      expect(readFileSync(file, "utf8")).toContain(`#code=${code}`);
      expect((await call("/api/session", { code: "wrong" })).status).toBe(401);
      expect(existsSync(file)).toBe(true);
      expect((await call("/api/session", { code })).status).toBe(200);
      expect(existsSync(dirname(file))).toBe(false);
      child.kill("SIGTERM");
      expect(await ended).toBe(0);
    },
  );

  it.skipIf(process.platform !== "linux")("removes the file at its end where the link was not used", async () => {
    const { path, record } = await opener();
    const { child, ended } = await started(await issuerAt(), [], { PATH: path, DISPLAY: ":0" });
    await until("the browser", () => existsSync(record));
    const file = (await readFile(record, "utf8")).split("\n").find((word) => word.endsWith("/console.html")) ?? "";
    expect(existsSync(file)).toBe(true);
    child.kill("SIGINT");
    await ended;
    expect(existsSync(dirname(file))).toBe(false);
  });

  it("asks for the passphrase before its page is opened, and takes none that does not open the keys", async () => {
    const cwd = await scratch();
    expect((await signet(["init"], { cwd, env: { SIGNET_PASSPHRASE: "correct horse battery" } })).code).toBe(0);
    const env = { NODE_OPTIONS: `${QUICK_PASSPHRASES} ${preloaded("at-a-terminal.mjs")}` };
    const wrong = await signetProcess(["console", "--no-open"], { cwd, env, input: "another staple battery\n" });
    expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("the passphrase does not open") });
    const { child, said, ended } = await started(cwd, ["--no-open"], env, "correct horse battery\n");
    expect(said.err).toMatch(/^Passphrase: /m);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });

  it("says so where no browser can be opened, and goes on", async () => {
    const { said } = await started(await issuerAt());
    expect(said.err).toContain("no browser could be opened from here: open the link below");
  });

  it("is refused where there is no issuer", async () => {
    const ran = await signet(["console", "--no-open"], { cwd: await scratch() });
    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("signet init") });
  });
});
