/**
 * Runs each example of a middleware against a server of ours: good tokens, none, forged, expired, without a scope; an issuer that is
 * away; many requests at once.
 *
 *   node tools/prove-middleware.mjs
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { check, tellChecked } from "./checks.mjs";
import { freePort, untilAnswers } from "./processes.mjs";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../examples/middleware/", import.meta.url));
const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const EXAMPLES = ["express", "fastify", "hono", "request"];
const AT_ONCE = 200;

const children = new Set();

async function start(args, options, url) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
  children.add(child);
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  await untilAnswers(url, child).catch((error) => {
    throw new Error(`${error.message}: ${said}`);
  });
  return child;
}

async function stop(child) {
  children.delete(child);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

const base = mkdtempSync(join(tmpdir(), "signet-middleware-"));
const built = join(folder, "node_modules/.examples");

try {
  await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder });
  await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: folder });
  check("the examples' types, with claims in the request", true);
  mkdirSync(built, { recursive: true });
  const entryPoints = EXAMPLES.map((name) => join(folder, `${name}.ts`));
  const outExtension = { ".js": ".mjs" };
  await build({ entryPoints, outdir: built, outExtension, format: "esm", platform: "node", logLevel: "error" });

  const issuerPort = await freePort();
  const issuer = `http://localhost:${issuerPort}`;
  const cwd = base;
  await run(process.execPath, [signet, "init", "--issuer", issuer], { cwd });
  const serve = () => start([signet, "serve", "--port", String(issuerPort)], { cwd }, `${issuer}/healthz`);
  const issue = async (...args) => (await run(process.execPath, [signet, "issue", ...args], { cwd })).stdout.trim();
  let server = await serve();
  const good = await issue("sub=alice", "aud=my-api");
  const reader = await issue("sub=alice", "aud=my-api", "scope=orders:read");
  const other = await issue("sub=alice", "aud=other");
  const forged = `${good.slice(0, -6)}AAAAAA`;

  for (const name of EXAMPLES) {
    const port = await freePort();
    const at = `http://localhost:${port}`;
    const env = { ...process.env, ISSUER: issuer, PORT: String(port) };
    const example = await start([join(built, `${name}.mjs`)], { env, cwd: folder }, at);
    const ask = async (path, token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(`${at}${path}`, { headers });
      return {
        status: answer.status,
        told: answer.headers.get("www-authenticate") ?? "",
        body: /** @type {any} */ (await answer.json()),
      };
    };
    const expectRefusal = async (what, path, token, status, told) => {
      const seen = await ask(path, token);
      check(`${name} refuses ${what}`, seen.status === status && seen.told.includes(told) && seen.body.status === status, seen);
    };
    const hello = await ask("/hello", good);
    check(`${name} lets a good token in`, hello.status === 200 && hello.body.hello === "alice", hello);
    const orders = await ask("/orders", reader);
    check(`${name} lets a scope in`, orders.status === 200 && orders.body.for === "alice", orders);
    await expectRefusal("nobody", "/hello", undefined, 401, 'Bearer realm="api"');
    await expectRefusal("a forged token", "/hello", forged, 401, 'error="invalid_token"');
    await expectRefusal("another audience", "/hello", other, 401, 'error="invalid_token"');
    await expectRefusal("a token without the scope", "/orders", good, 403, 'error="insufficient_scope", scope="orders:read"');
    const many = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => ask("/hello", at % 2 === 0 ? good : forged)));
    const right = many.filter(({ status }, at) => status === (at % 2 === 0 ? 200 : 401)).length;
    check(`${name} answers ${AT_ONCE} at once`, right === AT_ONCE, right);
    await stop(server);
    check(`${name} knows the keys while the issuer is away`, (await ask("/hello", good)).status === 200);
    await stop(example);
    const alone = await start([join(built, `${name}.mjs`)], { env, cwd: folder }, at);
    await expectRefusal("everybody while it has no keys", "/hello", good, 503, "");
    await stop(alone);
    server = await serve();
  }
  await stop(server);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(base, { recursive: true, force: true });
}

tellChecked();
