/**
 * Proves that a token from a source, or from a file, is always good.
 *
 *   node tools/prove-client.mjs [--short]
 *
 * 1. Renewals on machines whose clocks are wrong, with faults, slow answers, freezes and kills: 100,000, or 5,000.
 * 2. What a token at hand costs, and what ten thousand sources take of memory.
 * 3. The built command, killed before and after each of its writes, and at any instant while it watches: 300 times, or 20.
 * 4. A shell that reads the file meanwhile: a million times, or 50,000.
 * 5. The AWS SDK and Google's library, which read it against stand-ins of STS and of Google's token exchange.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { startStandIns } from "./client/stand-ins.mjs";
import { freePort, untilAnswers } from "./processes.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const signet = join(root, "bin/signet");
const isShort = process.argv.includes("--short");
const scratch = mkdtempSync(join(tmpdir(), "signet-client-"));
const children = new Set();
/** @param {number} long @param {number} short */
const count = (long, short) => (isShort ? short : long);

let failed = 0;
/** @param {unknown} holds @param {string} what */
function check(holds, what) {
  console.log(`${holds ? "ok" : "NOT SO"}: ${what}`);
  if (!holds) failed += 1;
}

/** A module of the sources, or of the tests, bundled. @param {string} entry */
async function bundled(entry) {
  const outfile = join(scratch, `${entry.replaceAll("/", "-")}.mjs`);
  await build({ entryPoints: [join(root, entry)], bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" });
  return outfile;
}

async function simulate() {
  const { play } = await import(pathToFileURL(await bundled("test/client/world.ts")).href);
  /** @type {Record<string, number>} */
  const sum = {};
  const faults = [];
  const goal = count(100_000, 5_000);
  for (let seed = 1_000; (sum.renewals ?? 0) < goal && faults.length === 0; seed++) {
    const { faults: found, ...numbers } = await play(seed, 250);
    faults.push(...found);
    for (const [name, number] of Object.entries(numbers)) sum[name] = (sum[name] ?? 0) + Number(number);
  }
  console.log(
    Object.entries(sum)
      .map(([name, number]) => `${number.toLocaleString("en")} ${name}`)
      .join(", "),
  );
  check(
    faults.length === 0,
    `no promise broke in ${(sum.renewals ?? 0).toLocaleString("en")} renewals${faults.map((fault) => `; ${fault}`).join("")}`,
  );
  for (const name of ["freezes", "jumps", "kills", "removed", "restored", "refused"])
    check((sum[name] ?? 0) > 0, `there were ${name}`);
}

const MEASURE = `
const { createTokenSource } = await import(process.argv[2]);
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let made = 0;
const token = () => [encoded({ alg: "none" }), encoded({ exp: Math.floor(Date.now() / 1000) + 3600, jti: made++ }), "c2ln".repeat(21)].join(".");
const from = { issue: async () => ({ token: token() }) };
const make = () => createTokenSource({ from, request: { claims: { aud: "api" }, ttl: 3600 } });
const source = make();
await source.token();
const runs = [];
for (let run = 0; run < 9; run++) {
  const began = process.hrtime.bigint();
  for (let call = 0; call < 200_000; call++) source.token();
  runs.push(Number(process.hrtime.bigint() - began) / 200_000);
}
globalThis.gc();
const before = process.memoryUsage().heapUsed;
const sources = Array.from({ length: 10_000 }, make);
await Promise.all(sources.map((each) => each.token()));
globalThis.gc();
const bytes = (process.memoryUsage().heapUsed - before) / sources.length;
console.log(JSON.stringify({ nanoseconds: runs.sort((a, b) => a - b)[4], bytes, kept: sources.length }));
`;

async function measure() {
  const script = join(scratch, "measure.mjs");
  writeFileSync(script, MEASURE);
  const built = pathToFileURL(join(root, "dist/client/index.js")).href;
  const { stdout } = await run(process.execPath, ["--expose-gc", script, built]);
  const { nanoseconds, bytes } = JSON.parse(stdout);
  const megabytes = ((bytes * 10_000) / 2 ** 20).toFixed(0);
  check(nanoseconds <= 1_000, `a token at hand takes ${nanoseconds.toFixed(0)} ns (limit 1,000)`);
  check(bytes <= 6_144, `a source takes ${bytes.toFixed(0)} bytes with its token (limit 6,144): ten thousand ${megabytes} MB`);
}

/** An issuer that is served, with a caller, in a folder. */
async function issuerServed() {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const cwd = join(scratch, "issuer");
  await run("mkdir", [cwd]);
  await run(process.execPath, [signet, "init", "--issuer", issuer], { cwd });
  const { stdout } = await run(process.execPath, [signet, "callers", "add", "web"], { cwd });
  writeFileSync(join(cwd, "web.secret"), stdout.trim(), { mode: 0o600 });
  const server = spawn(process.execPath, [signet, "serve", "--port", String(port)], { cwd, stdio: "ignore" });
  children.add(server);
  await untilAnswers(`${issuer}/healthz`, server);
  return { cwd, issuer, options: ["--url", issuer, "--secret-file", join(cwd, "web.secret")] };
}

const WHOLE = /^[\w-]+\.[\w-]+\.[\w-]{86}$/;

/** @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} text */
const isOver = (text) => JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString()).exp <= Date.now() / 1_000;

/** @param {{ cwd: string, options: string[] }} issuer */
async function killWrites({ cwd, options }) {
  const preload = join(root, "test/cli/kill-at-write.mjs");
  const [folder, file] = [join(cwd, "killed"), join(cwd, "killed/token")];
  await run("mkdir", [folder]);
  let [writes, isKilled] = [0, true];
  for (; isKilled && writes < 40; writes++) {
    const at = `${Math.floor(writes / 2) + 1}${writes % 2 === 0 ? "" : " after"}`;
    const env = { ...process.env, NODE_OPTIONS: `--import=${preload}`, KILL_AT: at };
    const args = [signet, "token", ...options, "aud=api", "--ttl", "10m", "--file", file];
    const { signal } = await run(process.execPath, args, { cwd, env }).then(
      () => ({ signal: undefined }),
      (error) => error,
    );
    isKilled = signal === "SIGKILL";
    const text = textOf(file);
    if (text !== undefined && !WHOLE.test(text)) check(false, `the file is whole after a kill at write ${at}`);
  }
  check(
    writes > 3 && !isKilled,
    `killed before and after each of its ${Math.ceil(writes / 2)} writes, the command left a whole file or none`,
  );
  await run(process.execPath, [signet, "token", ...options, "aud=api", "--file", file], { cwd });
  const left = readdirSync(folder);
  check(left.join() === "token", `the next one takes away what they were writing (${left.join(", ")})`);
}

/** @param {{ cwd: string, options: string[] }} issuer */
async function killWatchers({ cwd, options }) {
  const [folder, file] = [join(cwd, "watched"), join(cwd, "watched/token")];
  await run("mkdir", [folder]);
  let [reads, bad, isReading, between] = [0, 0, true, false];
  const reader = (async () => {
    for (; isReading; await delay(1)) {
      const text = textOf(file);
      if (text === undefined) continue;
      reads += 1;
      if (!WHOLE.test(text) || (!between && isOver(text))) bad += 1;
    }
  })();
  const kills = count(300, 20);
  for (let kill = 0; kill < kills; kill++) {
    const args = [signet, "token", ...options, "aud=api", "--ttl", "30s", "--min-ttl", "24s", "--file", file, "--watch"];
    const child = spawn(process.execPath, args, { cwd, stdio: "ignore" });
    children.add(child);
    const ended = once(child, "exit");
    await delay(kill % 10 === 0 ? 9_000 : 100 + Math.random() * 400);
    between = true;
    child.kill("SIGKILL");
    await ended;
    children.delete(child);
    between = false;
  }
  isReading = false;
  await reader;
  check(
    bad === 0 && reads > kills,
    `${reads.toLocaleString("en")} reads beside ${kills} watchers that were killed saw no half file and no token that was over`,
  );
}

const WRITER = `
const { tokenPlace } = await import(process.argv[2]);
const place = await tokenPlace(process.argv[3], { mode: 0o600 });
let written = 0;
const pad = () => String(written++).padStart(12, "0");
for (;;) {
  await place.write("eyJhbGciOiJub25lIn0." + pad().repeat(20) + "." + "c".repeat(86));
  if (written === 1) console.log("begun");
}
`;

const SHELL = `
n=0
while [ $n -lt $2 ]; do
  line=
  read -r line < "$1"
  case $line in eyJhbGciOiJub25lIn0.*.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc) ;; *) echo "half: $line"; exit 1 ;; esac
  n=$((n + 1))
done
echo $n
`;

async function readByShell() {
  const file = join(scratch, "read-by-shell");
  const module = await bundled("src/operator/token-place.ts");
  const script = join(scratch, "writer.mjs");
  writeFileSync(script, WRITER);
  const writer = spawn(process.execPath, [script, pathToFileURL(module).href, file], { stdio: ["ignore", "pipe", "inherit"] });
  children.add(writer);
  await once(/** @type {import("node:stream").Readable} */ (writer.stdout), "data");
  const times = count(1_000_000, 50_000);
  const { stdout } = await run("sh", ["-c", SHELL, "sh", file, String(times)]).catch((error) => error);
  check(
    stdout.trim() === String(times),
    `a shell reads a whole token ${times.toLocaleString("en")} times while it is replaced (${stdout.trim().slice(0, 200)})`,
  );
  writer.kill("SIGKILL");
  children.delete(writer);
}

/** @param {{ cwd: string, issuer: string, options: string[] }} issuer */
async function consume({ cwd, issuer, options }) {
  const folder = join(root, "tools/client");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder });
  const jwks = JSON.parse((await run(process.execPath, [signet, "jwks"], { cwd })).stdout);
  const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/signet";
  const standIns = await startStandIns(jwks, { issuer, audience });
  const file = join(cwd, "consumed");
  await run(
    process.execPath,
    [signet, "token", ...options, "sub=ci", `aud=${audience}`, "--iat", "--ttl", "10m", "--file", file],
    { cwd },
  );
  const given = JSON.stringify({ file, sts: standIns.url, google: standIns.url, audience });
  const { stdout, stderr } = await run(process.execPath, ["consumers.mjs", given], { cwd: folder }).catch((error) => error);
  check(
    stdout.trim() === '{"accessKeyId":"ASIAPROVEN","token":"google-proven"}',
    `the AWS SDK's fromTokenFile and Google's external account take the file's token${stdout === "" ? `: ${stderr}` : ""}`,
  );
  standIns.close();
}

try {
  await simulate();
  await measure();
  const issuer = await issuerServed();
  await killWrites(issuer);
  await killWatchers(issuer);
  await readByShell();
  await consume(issuer);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
}
if (failed > 0) process.exitCode = 1;
