/**
 * What `npm start` does once the command is built: makes an issuer when there is none, serves it, gets a first token from it as
 * an application would, verifies that against the public keys at its URL, and goes on serving. What follows `--` goes to serve.
 *
 * This process is the server itself: there is none beside it that could be left behind.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {(argv: string[], hooks?: { logFd?: number, onServing?: (url: string) => void, onConsole?: () => void, untilEnd?: () => Promise<unknown> }) => Promise<number>} Main */

const root = fileURLToPath(new URL("../", import.meta.url));
const here = join(process.cwd(), "bin/signet");
const signet =
  existsSync(here) && realpathSync(here) === realpathSync(join(root, "bin/signet")) ? here : join(root, "bin/signet");
const { main } = /** @type {{ main: Main }} */ (await import(new URL("../dist/cli/main.js", import.meta.url).href));

const DEFAULT_PORT = "7117";
const AUDIENCE = "my-api";
const PARENT_CHECK_MS = 500;
const given = process.argv.slice(2);
const config = option("--config") ?? process.env.SIGNET_CONFIG ?? "signet.json";

/** @param {string} line */
const say = (line) => process.stdout.write(`${line}\n`);

/** @param {string} name */
function option(name) {
  const at = given.lastIndexOf(name);
  if (at >= 0) return given[at + 1];
  return given.findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** @param {string} why */
function fail(why) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

/** Runs the command within this process, which then is `signet` to everybody: to its own messages, and to workers that it starts.
 * @param {string[]} args @param {Parameters<Main>[1]} [hooks] */
async function run(args, hooks) {
  say(`+ ./bin/signet ${args.join(" ")}`);
  process.argv = [process.argv[0] ?? "", signet, ...args];
  const code = await main(args, hooks);
  if (code !== 0) process.exit(code);
}

/** The issuer's URL as the config says it; what is wrong with the config, serve says. */
function configuredIssuer() {
  try {
    return process.env.SIGNET_ISSUER ?? JSON.parse(readFileSync(config, "utf8")).issuer;
  } catch {
    return undefined;
  }
}

/** @param {string} host */
const isLoopback = (host) => host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

/** @param {string | undefined} text */
function urlOf(text) {
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

/** @param {string} port */
function assertFree(port) {
  const host = option("--host") ?? "127.0.0.1";
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const probe = createServer();
      probe.once("error", (error) => {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EADDRINUSE") return resolve();
        fail(
          `port ${port} of ${host} is taken: another server listens there, perhaps an earlier \`npm start\`. Stop that one, or choose another port: npm start -- --port ${Number(port) + 1}`,
        );
      });
      probe.listen(Number(port), host, () => probe.close(() => resolve()));
    })
  );
}

/** Asks the server that this process is. @param {string} url @param {string} path @param {string} [body] @returns {Promise<string>} */
function ask(url, path, body) {
  const isSocket = !url.startsWith("http");
  const target = isSocket ? { socketPath: url, path, headers: { host: "localhost" } } : new URL(path, url);
  const send = url.startsWith("https:") ? requestTls : request;
  return new Promise((resolve, reject) => {
    const options = { method: body === undefined ? "GET" : "POST", agent: false, rejectUnauthorized: false };
    const asked = isSocket
      ? request({ .../** @type {object} */ (target), ...options })
      : send(/** @type {URL} */ (target), options);
    asked.on("error", reject);
    asked.on("response", (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(`${path} answered ${text}`))));
    });
    asked.end(body);
  });
}

/** Runs the command beside this process, and answers what it prints.
 * @param {string[]} args @returns {Promise<{ code: number, out: string }>} */
function runBeside(args) {
  return new Promise((resolve) => {
    // Pipes: whoever inherits this process's own streams makes them blocking.
    const child = spawn(process.execPath, [signet, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => process.stderr.write(text));
    child.on("close", (code) => resolve({ code: code ?? 1, out }));
  });
}

/** @param {string} url @param {{ issuer: string | undefined, isDev: boolean }} served */
async function firstToken(url, { issuer, isDev }) {
  const configured = option("--config") === undefined ? [] : ["--config", config];
  const token = isDev ? await invoked(url) : await issued(configured);
  if (token === undefined) return say("The issuer's limits may refuse this token; it is served all the same.");
  const scratch = mkdtempSync(join(tmpdir(), "signet-start-"));
  try {
    const jwks = join(scratch, "jwks.json");
    writeFileSync(jwks, await ask(url, "/.well-known/jwks.json"));
    say(`\n+ ./bin/signet verify TOKEN --audience ${AUDIENCE}, by the keys of ${url}/.well-known/jwks.json`);
    const named = issuer === undefined ? [] : ["--issuer", issuer];
    const { code, out } = await runBeside(["verify", token, ...named, ...configured, "--audience", AUDIENCE, "--jwks", jwks]);
    process.stdout.write(out);
    if (code !== 0) fail("signet: the first token does not verify");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return undefined;
}

/** @param {string} url */
async function invoked(url) {
  const path = "/2015-03-31/functions/signet/invocations";
  say(`\n+ POST ${url}${path}`);
  const answer = await ask(url, path, JSON.stringify({ claims: { sub: "alice", aud: AUDIENCE }, ttl: 600 }));
  const { token } = JSON.parse(answer);
  say(token ?? answer);
  return token;
}

/** @param {string[]} configured */
async function issued(configured) {
  const args = ["issue", "sub=alice", `aud=${AUDIENCE}`, "--ttl", "10m", ...configured];
  say(`\n+ ./bin/signet ${args.join(" ")}`);
  const { code, out } = await runBeside(args);
  process.stdout.write(out);
  return code === 0 ? out.trim() : undefined;
}

/** Whether whoever follows the issuer's URL comes to this server. @param {URL} issuer @param {string} url */
function leadsHere(issuer, url) {
  const served = urlOf(url);
  const isHere = served !== undefined && isLoopback(issuer.hostname) && isLoopback(served.hostname);
  return isHere && issuer.protocol === served.protocol && issuer.port === served.port;
}

/** @param {string} url @param {string | undefined} issuer */
function sayWhereTheyDiffer(url, issuer) {
  const named = urlOf(issuer);
  if (named === undefined) return say("\nThis issuer has no URL: claims bring their own iss.");
  if (leadsHere(named, url)) return undefined;
  say(`\nTwo URLs differ: tokens say iss ${issuer}, and this server listens at ${url}.`);
  say("  Verifiers that find keys by iss find them only where the first leads to the second;");
  return say(`  others can be given ${url}/.well-known/jwks.json`);
}

/** @type {Promise<unknown>} */
let consoleEnded = Promise.resolve();

/** Opens the console beside the server, within this process, and waits for its link. The issuer is served with or without it. */
function openConsole() {
  const args = ["console", "--no-open", ...(option("--config") === undefined ? [] : ["--config", config])];
  say(`\n+ ./bin/signet ${args.join(" ")}`);
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      consoleEnded = main(args, { onConsole: resolve });
      void consoleEnded.then(() => resolve());
    })
  );
}

/** @param {string} url @param {{ issuer: string | undefined, isDev: boolean }} served */
async function onServing(url, served) {
  try {
    await firstToken(url, served);
  } catch (error) {
    fail(`signet: no first token: ${/** @type {Error} */ (error).message}`);
  }
  sayWhereTheyDiffer(url, served.issuer);
  await openConsole();
  say("\nIt goes on serving. Next, in another shell:");
  const place = option("--config") === undefined ? "" : ` --config ${config}`;
  say(`  ./bin/signet keys list${place}`);
  say(`  ./bin/signet callers add web${place}     makes a caller, for POST /issue with its secret`);
}

/** Options of serve that npm took for its own, as they were not behind `--`: `npm start --port 8081`. Of a value after a space npm hands on that alone. */
function takenByNpm() {
  const values = given.filter((word) => !word.startsWith("-"));
  return ["port", "host", "socket", "workers", "tls-cert", "tls-key", "config"].flatMap((name) => {
    const value = process.env[`npm_config_${name.replace("-", "_")}`];
    if (value === undefined || given.includes(`--${name}`)) return [];
    return [`--${name} ${value === "true" ? (values.shift() ?? "VALUE") : value}`];
  });
}

const taken = takenByNpm();
if (taken.length > 0)
  fail(
    `npm took ${taken.map((each) => each.split(" ")[0]).join(" and ")} for an option of its own: type npm start -- ${taken.join(" ")}`,
  );

// npm that was killed tells nobody.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGTERM");
}, PARENT_CHECK_MS).unref();

const isFound = config.startsWith("stack:") || existsSync(config);
const found = urlOf(configuredIssuer());
const isDev = !isFound || (found !== undefined && isLoopback(found.hostname));
// As serve takes it.
const port = option("--port") ?? (found?.port || DEFAULT_PORT);
if (option("--socket") === undefined && /^[1-9]\d{0,4}$/.test(port)) await assertFree(port);
if (!isFound) {
  const made = /^[1-9]\d{0,4}$/.test(port) ? port : DEFAULT_PORT;
  await run(["init", "--issuer", `http://localhost:${made}`, ...(option("--config") === undefined ? [] : ["--config", config])]);
  say("");
}
const issuer = configuredIssuer();
// Its log is for who watches it.
const log = process.stdout.isTTY ? {} : { logFd: openSync("/dev/null", "w") };
await run(["serve", ...(isDev ? ["--dev"] : []), ...given], {
  ...log,
  onServing: (url) => void onServing(url, { issuer, isDev }),
  // A change of keys that was begun there is finished.
  untilEnd: () => consoleEnded,
});
