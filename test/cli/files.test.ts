import { execFile, execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { QUICK_PASSPHRASES } from "../contracts/quick-passphrases.mjs";
import { scratchDirectories } from "../contracts/scratch.js";
import { SIGNET, signet } from "./command.js";

const scratch = scratchDirectories();
const isPosix = process.platform !== "win32";
const isRoot = process.getuid?.() === 0;
let made: string;
let cwd: string;

beforeAll(async () => {
  made = await scratch();
  await signet(["init", "--issuer", "https://issuer.example"], { cwd: made });
});

beforeEach(async () => {
  cwd = await scratch();
  await cp(made, cwd, { recursive: true });
});

const callers = async (path: string) =>
  Object.keys((JSON.parse(await readFile(path, "utf8")) as { callers?: object }).callers ?? {});

describe.runIf(isPosix)("a config that is a symbolic link", () => {
  it("is changed where it leads to: a caller that is removed has gone there, too", async () => {
    const elsewhere = join(await scratch(), "shared.json");
    await rename(join(cwd, "signet.json"), elsewhere);
    await chmod(elsewhere, 0o640);
    await symlink(elsewhere, join(cwd, "signet.json"));
    expect((await signet(["callers", "add", "web"], { cwd })).code).toBe(0);
    expect(await callers(elsewhere)).toStrictEqual(["web"]);
    expect((await signet(["callers", "remove", "web", "--yes"], { cwd })).code).toBe(0);
    expect(await callers(elsewhere)).toStrictEqual([]);
    expect(await readlink(join(cwd, "signet.json"))).toBe(elsewhere);
    expect((await stat(elsewhere)).mode & 0o777).toBe(0o640);
  });

  it("to nothing yet is made by init where it leads to", async () => {
    const [empty, elsewhere] = [await scratch(), await scratch()];
    await symlink(join(elsewhere, "a.json"), join(empty, "signet.json"));
    const ran = await signet(["init"], { cwd: empty });
    expect(ran).toMatchObject({ code: 0 });
    expect(await readFile(join(elsewhere, "a.json"), "utf8")).toContain('"algorithm": "ES256"');
    expect((await signet(["issue"], { cwd: empty })).code).toBe(0);
  });
});

describe.runIf(isPosix)("a named pipe is refused at once", () => {
  it.each([
    [["issue"], "signet.json", 1],
    [["issue", "--claims", "@pipe"], "pipe", 2],
    [["verify", "x.y.z", "--jwks", "pipe"], "pipe", 2],
    [["keys", "list"], ".signet/keyring.json", 1],
  ])("%j, where %s is one", async (args, name, code) => {
    await rm(join(cwd, name), { force: true });
    execFileSync("mkfifo", [join(cwd, name)]);
    const ran = await signet(args, { cwd });
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain("named pipe");
  });

  it("as a passphrase file, in the config or given", async () => {
    execFileSync("mkfifo", ["-m", "600", join(cwd, "pass")]);
    const issued = await signet(["keys", "rotate"], { cwd, env: { SIGNET_PASSPHRASE_FILE: "pass" } });
    const inited = await signet(["init", "--passphrase-file", "pass", "--config", "other.json"], { cwd });
    for (const { code, stderr } of [issued, inited])
      expect([code, stderr]).toStrictEqual([1, expect.stringContaining("named pipe")]);
  });
});

describe.runIf(isPosix)("what the shell opens for the command", () => {
  const bash = (script: string) =>
    promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], {
      cwd,
      env: { PATH: process.env.PATH ?? "", HOME: cwd, SIGNET, NODE_OPTIONS: QUICK_PASSPHRASES },
    });
  const key = `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null`;

  it("is read: claims, keys, limits, the passphrase of a key", async () => {
    const { stdout } = await bash(`
      node "$SIGNET" issue --claims @<(echo '{"sub":"pipe"}') > token
      node "$SIGNET" verify "$(cat token)" --jwks <(node "$SIGNET" jwks)
      node "$SIGNET" verify "$(cat token)" --pem <(node "$SIGNET" keys pem --current)
      echo '{"sub":"stdin"}' | node "$SIGNET" issue --claims @/dev/stdin > /dev/null
      node "$SIGNET" callers add web --limits <(echo '{"maxTtlSeconds":60}') > /dev/null`);
    expect(stdout.match(/"sub": "pipe"/g)).toHaveLength(2);
  });

  it("is read as often as it is needed where it is a passphrase, for which any command may ask again", async () => {
    await rm(join(cwd, ".signet"), { recursive: true });
    await rm(join(cwd, "signet.json"));
    await signet(["init"], { cwd, env: { SIGNET_PASSPHRASE: "correct horse" } });
    await bash(`SIGNET_PASSPHRASE_FILE=<(echo correct horse) node "$SIGNET" keys rotate`);
    const { stdout } = await bash(`SIGNET_PASSPHRASE_FILE=<(echo correct horse) node "$SIGNET" issue`);
    expect(stdout).toMatch(/^ey/);
  });

  it("opens an encrypted key", async () => {
    await bash(`${key} | openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -out key.pem`);
    await bash(`node "$SIGNET" keys import key.pem --key-passphrase-file <(echo secret)`);
  });
});

describe.runIf(isPosix)("what another user can write", () => {
  it.each([
    ["signet.json", ["issue"]],
    [".signet/keyring.json", ["keys", "list"]],
  ])("is refused: %s", async (name, args) => {
    await chmod(join(cwd, name), 0o666);
    const ran = await signet(args, { cwd });
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain(`chmod o-w`);
  });

  it("is refused in a folder that every user can write, unless it is sticky", async () => {
    await chmod(cwd, 0o777);
    expect((await signet(["issue"], { cwd })).stderr).toContain(`chmod o-w ${cwd}`);
    await chmod(cwd, 0o1777);
    expect((await signet(["issue"], { cwd })).code).toBe(0);
  });

  it("is not made so by an issuer itself, whatever the umask", async () => {
    const open = join(cwd, "open");
    await mkdir(open, { mode: 0o755 });
    // `sh` sets the umask of the command alone.
    const run = (line: string) => promisify(execFile)("sh", ["-c", `umask 000; ${line}`], { cwd: open });
    await run(`'${SIGNET}' init && '${SIGNET}' issue sub=a`);
    expect((await stat(join(open, ".signet/public"))).mode & 0o777).toBe(0o755);
  });

  it("is warned of where only a group can: umask 002", async () => {
    await chmod(join(cwd, "signet.json"), 0o664);
    const ran = await signet(["issue"], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stderr.match(/warning: .*signet\.json can be written by its group/g)).toHaveLength(1);
  });

  it("is read as a mounted configmap", async () => {
    const mounted = join(cwd, "mounted");
    await mkdir(join(mounted, "..1"), { recursive: true });
    const config = {
      ...(JSON.parse(await readFile(join(cwd, "signet.json"), "utf8")) as object),
      directory: join(cwd, ".signet"),
    };
    await writeFile(join(mounted, "..1", "signet.json"), JSON.stringify(config));
    await symlink("..1", join(mounted, "..data"));
    await symlink("..data/signet.json", join(mounted, "signet.json"));
    await chmod(mounted, 0o1777);
    const ran = await signet(["issue", "--config", "mounted/signet.json"], { cwd });
    expect([ran.code, ran.stderr]).toStrictEqual([0, ""]);
  });

  it.runIf(isRoot)("is told to root of another user's config", async () => {
    execFileSync("chown", ["4711:4711", join(cwd, "signet.json")]);
    const ran = await signet(["callers", "add", "web"], { cwd });
    expect([ran.code, ran.stderr]).toStrictEqual([0, expect.stringContaining("belongs to user 4711")]);
    expect(await stat(join(cwd, "signet.json"))).toMatchObject({ uid: 4711, gid: 4711 });
  });
});
