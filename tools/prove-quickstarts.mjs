/**
 * Runs the programs of docs/quickstarts/ as their pages say, each against the same issuer, and types what the pages type: a good token is let in;
 * nobody, a forged token, one for another audience and one of a stranger who says that it is this issuer are refused; the standby's tokens are
 * taken once the key before was revoked, and good ones while the issuer is away. Before that, README's server is made by README's lines.
 *
 *   node tools/prove-quickstarts.mjs
 *
 * Installs what it needs below test/witnesses/. A toolchain that the machine lacks is named and skipped; with CI=true that fails.
 */
import { execFile, spawn } from "node:child_process";
import { once as onceOf } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildGo, prepare } from "../test/witnesses/toolchains.mjs";
import { check, tellChecked } from "./checks.mjs";
import { codeBlocks, readFromRoot, regionOf } from "./docs.mjs";
import { has, once, pythonTools, skip } from "./installed.mjs";
import { putCommands } from "./installed-command.mjs";
import { freePort, untilAnswers } from "./processes.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const examples = join(root, "examples/quickstarts");
const signet = join(root, "bin/signet");
// Below the witnesses' libraries, where Node finds express.
const cache = join(root, "test/witnesses/.cache/quickstarts");

/** For programs that do not live long: code is not made faster than it has to be. */
const BRIEF_JVM = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];

/** What installs each program, and answers its command line; nothing where its toolchain is missing. */
const QUICKSTARTS = {
  async express() {
    if ((await prepare("node")) !== undefined) return skip("Express: npm not found");
    const modules = join(cache, "express/node_modules");
    mkdirSync(modules, { recursive: true });
    cpSync(join(examples, "express/server.mjs"), join(cache, "express/server.mjs"));
    if (!existsSync(join(modules, "signet-jwt"))) symlinkSync(root, join(modules, "signet-jwt"));
    return () => [process.execPath, join(cache, "express/server.mjs")];
  },
  async fastapi() {
    if (!(await has("python3", "--version"))) return skip("FastAPI: python3 not found");
    const bin = await pythonTools(cache, "FastAPI", join(examples, "fastapi/requirements.txt"));
    return (port) => [join(bin, "uvicorn"), "--app-dir", join(examples, "fastapi"), "main:app", "--port", port];
  },
  async go() {
    if ((await prepare("go")) !== undefined) return skip("Go: go not found");
    const output = join(cache, "go-api");
    await buildGo({ folder: join(examples, "go"), packages: ".", output });
    return () => [output];
  },
  async spring() {
    if (!(await has("mvn", "--version"))) return skip("Spring: mvn not found");
    const copy = join(cache, "spring");
    const sources = ["pom.xml", "src/main/java/example/Api.java", "src/main/resources/application.properties"];
    const pinned = sources.map((path) => readFileSync(join(examples, "spring", path), "utf8")).join("\0");
    await once(cache, "Spring", pinned, async () => {
      rmSync(copy, { recursive: true, force: true });
      cpSync(join(examples, "spring"), copy, { recursive: true });
      const quiet = ["--batch-mode", "--quiet", `-Dmaven.repo.local=${join(cache, "maven")}`];
      const env = { ...process.env, MAVEN_OPTS: BRIEF_JVM.join(" ") };
      await run("mvn", [...quiet, "package"], { cwd: copy, env, maxBuffer: 1 << 24 });
    });
    return () => ["java", ...BRIEF_JVM, "-jar", join(copy, "target/api-1.jar")];
  },
};

const children = new Set();

/** @param {readonly string[]} line @param {import("node:child_process").SpawnOptions} options */
function start([command = "", ...args], options) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  children.add(child);
  const started = { child, said: "" };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (text) => (started.said += text));
  return started;
}

async function stop({ child }) {
  children.delete(child);
  const ended = onceOf(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

const scratch = mkdtempSync(join(tmpdir(), "signet-quickstarts-"));

const typed = readFileSync(join(examples, "issuer.sh"), "utf8");
/** Lines of a page, on these ports in place of those that it shows. */
function linesOf(region, { issuerPort, port = "8000" }) {
  return regionOf(typed, region).replaceAll("7117", issuerPort).replaceAll("8000", port);
}

/** What a request is answered. */
async function ask(port, token) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://localhost:${port}/hello`, { headers });
  return { status: answer.status, told: answer.headers.get("www-authenticate") ?? "", body: await answer.text() };
}

const isHello = ({ status, body }) => status === 200 && JSON.parse(body).hello === "alice";

async function letsIn(name, port, { issuerPort, env, cwd, tokens }) {
  const type = async (region) => (await run("sh", ["-euc", linesOf(region, { issuerPort, port })], { env, cwd })).stdout;
  const shown = await type("check");
  check(`${name} answers what its page types`, /^HTTP\/1\.1 200/.test(shown) && shown.includes('{"hello":"alice"}'), shown);
  const nobody = await type("nobody");
  check(`${name} refuses nobody, and says how to come`, /^HTTP\/1\.1 401[\s\S]*www-authenticate: *bearer/i.test(nobody), nobody);
  for (const [what, token] of Object.entries(tokens)) {
    const seen = await ask(port, token);
    check(`${name} refuses ${what}`, seen.status === 401 && /invalid_token/.test(seen.told), seen);
  }
}

async function startAll({ issuerPort, env }) {
  const apis = [];
  for (const [name, install] of Object.entries(QUICKSTARTS)) {
    const commandOn = await install();
    if (commandOn === undefined) continue;
    const port = String(await freePort());
    const issuer = `http://localhost:${issuerPort}`;
    apis.push({ name, port, started: start(commandOn(port), { env: { ...env, ISSUER_URL: issuer, PORT: port } }) });
  }
  for (const { name, port, started } of apis)
    await untilAnswers(`http://localhost:${port}/hello`, started.child).catch((error) => {
      throw new Error(`${name}: ${error.message}: ${started.said.slice(-2_000)}`);
    });
  return apis;
}

/** Types README's lines of the server in an empty folder, and gets a token as its caller. */
async function followReadme(env) {
  const cwd = join(scratch, "readme");
  mkdirSync(cwd);
  const lines =
    codeBlocks(readFromRoot("README.md"))
      .find(({ text }) => text.includes("\nsignet serve"))
      ?.text.split("\n") ?? [];
  check("README's last line serves what the others have made", lines.length > 2 && lines.at(-1) === "signet serve", lines);
  await run("sh", ["-euc", lines.slice(0, -1).join("\n")], { env, cwd });
  const url = `http://localhost:${await freePort()}`;
  const server = start(["sh", "-euc", `exec ${lines.at(-1)} --port ${new URL(url).port}`], { env, cwd });
  await untilAnswers(`${url}/healthz`, server.child);
  const issue = async (aud) => {
    const headers = {
      "content-type": "application/json",
      authorization: `Bearer ${readFileSync(join(cwd, "web.secret"), "utf8").trim()}`,
    };
    const answer = await fetch(`${url}/issue`, {
      method: "POST",
      headers,
      body: JSON.stringify({ claims: { sub: "alice", aud } }),
    });
    return { status: answer.status, .../** @type {any} */ (await answer.json()) };
  };
  const { status, token = "" } = await issue("my-api");
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}");
  check("README's caller gets a token of that issuer", status === 200 && claims.iss === "https://issuer.example", claims);
  const refused = await issue("other");
  check("README's caller is refused what its limits do not name", refused.code === "audience_not_allowed", refused);
  await stop(server);
}

async function prove() {
  const env = { ...process.env, PATH: `${putCommands(scratch)}:${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: "1" };
  await followReadme(env);
  const issuerPort = String(await freePort());
  const [cwd, stranger] = ["issuer", "stranger"].map((name) => join(scratch, name));
  const issue = async (folder, ...claims) =>
    (await run(process.execPath, [signet, "issue", ...claims, "--ttl", "10m"], { cwd: folder })).stdout.trim();
  for (const folder of [cwd, stranger]) {
    mkdirSync(folder);
    await run("sh", ["-euc", linesOf("init", { issuerPort })], { env, cwd: folder });
  }
  const server = start(["sh", "-euc", `exec ${linesOf("serve", { issuerPort })}`], { env, cwd });
  await untilAnswers(`http://localhost:${issuerPort}/healthz`, server.child);

  const good = await issue(cwd, "sub=alice", "aud=my-api");
  const tokens = {
    "a forged token": `${good.slice(0, -6)}AAAAAA`,
    "another audience": await issue(cwd, "sub=alice", "aud=other"),
    "a stranger who says that it is this issuer": await issue(stranger, "sub=alice", "aud=my-api"),
  };
  const apis = await startAll({ issuerPort, env });
  for (const { name, port } of apis) await letsIn(name, port, { issuerPort, env, cwd, tokens });

  const { kid } = JSON.parse(Buffer.from(good.split(".")[0], "base64url").toString());
  await run(process.execPath, [signet, "keys", "revoke", kid, "--yes"], { cwd });
  const next = await issue(cwd, "sub=alice", "aud=my-api");
  for (const { name, port } of apis) check(`${name} takes the standby's tokens at once`, isHello(await ask(port, next)));
  await stop(server);
  for (const { name, port } of apis) check(`${name} knows the keys while the issuer is away`, isHello(await ask(port, next)));
  for (const { started } of apis) await stop(started);
}

try {
  await prove();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
}

tellChecked();
