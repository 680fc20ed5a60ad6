/** What answers like an issuer: ours on each Node, Node's own limits, and peers that do the same work. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { once } from "../tools/installed.mjs";
import { buildGolang } from "./programs.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
const cache = join(here, ".cache");
const signet = join(root, "bin/signet");

const JSON_TYPE = "application/json";
const BODY = { claims: { sub: "alice", aud: "my-api", role: "admin" }, ttl: 600, setIat: true };

/** A folder with an issuer in it, and the secrets of its callers: one that is good, one that has expired. */
export async function makeIssuer() {
  const folder = mkdtempSync(join(tmpdir(), "signet-bench-http-"));
  const run = (...args) =>
    execFileSync(process.execPath, [signet, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  run("init", "--issuer", "https://issuer.example");
  const secret = run("callers", "add", "bench");
  const expired = run("callers", "add", "former", "--expires", "1s");
  await delay(1_100);
  return { folder, secret, expired };
}

/** The requests that are sent. Each route is what autocannon takes, without the server's URL. */
export function requests({ secret, expired }) {
  const issue = (bearer, body) => ({
    path: "/issue",
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "content-type": JSON_TYPE },
    body: JSON.stringify(body),
  });
  const good = issue(secret, BODY);
  const bad = [issue(expired, BODY), issue(`${secret.slice(0, -4)}AAAA`, BODY), issue(secret, { ...BODY, ttl: 10_000_000 })];
  const basic = Buffer.from(`bench:${secret}`).toString("base64");
  const token = {
    path: "/token",
    method: "POST",
    headers: { authorization: `Basic ${basic}`, "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=client_credentials&resource=https%3A%2F%2Fapi.example",
  };
  return {
    // The same request, to a route that does nothing.
    empty: { ...good, path: "/healthz", method: "GET" },
    issue: good,
    token,
    jwks: { path: "/.well-known/jwks.json", method: "GET" },
    // Three of ten are refused: expired, forged, over the limit.
    mixed: { requests: [good, bad[0], good, good, bad[1], good, good, bad[2], good, good], share: 0.3 },
  };
}

/** The servers that Node runs: ours, and what Node allows. @param {string} node its path */
export function onNode(node, { oneByOne }) {
  const bare = join(here, "servers/bare.mjs");
  return {
    signet: [node, signet, "serve", "--port", "0"],
    oneByOne: [node, oneByOne, "serve", "--port", "0"],
    bare: [node, bare],
    staged: [node, bare, "--staged"],
  };
}

/** Two workers of ours. @param {string} node its path */
export function twoWorkers(node) {
  return [node, signet, "serve", "--port", "0", "--workers", "2"];
}

/** Peers, as far as their toolchains are here. @param {string} secret @param {string} node runs those in JavaScript */
export async function peers(secret, node) {
  const golang = buildGolang("./server");
  const python = await installPython();
  return {
    ...(golang !== undefined && { "golang-jwt, net/http": { command: [golang, secret], route: "issue" } }),
    ...(python !== undefined && {
      "joserfc, uvicorn": { command: [python, join(here, "servers/issuer.py"), secret], route: "issue" },
    }),
    "oidc-provider": { command: [node, join(here, "servers/oidc-provider.mjs"), secret], route: "token" },
  };
}

/** @returns {Promise<string | undefined>} a Python that has what the peer needs */
async function installPython() {
  const requirements = join(here, "servers/requirements.txt");
  const folder = join(cache, "python");
  const python = join(folder, "bin/python");
  try {
    await once(cache, "python", execFileSync("cat", [requirements]), async () => {
      execFileSync("python3", ["-m", "venv", folder], { stdio: ["ignore", "ignore", "pipe"] });
      execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", requirements], { stdio: ["ignore", "ignore", "pipe"] });
    });
    return python;
  } catch (error) {
    process.stderr.write(
      `skipped: joserfc, because there is no Python with venv and pip here (${error.code ?? error.message})\n`,
    );
    return undefined;
  }
}

/** Builds the command with requests signed one by one, to see what signing a turn's together is worth. @returns {Promise<string>} its path */
export async function buildOneByOne() {
  const outdir = join(cache, "one-by-one");
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/main.ts"],
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    outExtension: { ".js": ".mjs" },
    define: { __SIGNET_VERSION__: '"bench"' },
    logLevel: "error",
    plugins: [
      {
        name: "one by one",
        setup({ onLoad }) {
          const contents = "export const signByTurn = (signer) => signer;";
          onLoad({ filter: /\/src\/server\/turn-signer\.ts$/ }, () => ({ contents, loader: "js" }));
        },
      },
    ],
  });
  const entry = join(outdir, "signet.mjs");
  writeFileSync(entry, 'import { main } from "./main.mjs";\nprocess.exitCode = await main(process.argv.slice(2));\n');
  return entry;
}
