/**
 * Measures the served issuer, and writes docs/benchmarks-http.md.
 *
 *   node bench/http.mjs          measures everything, some minutes
 *   node bench/http.mjs --smoke  looks whether everything works, and writes nothing
 */
import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { httpPage } from "./http-page.mjs";
import { spread } from "./measure.mjs";
import { installPeers } from "./peers.mjs";
import { pinned, withServer } from "./served.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const loader = fileURLToPath(new URL("load.mjs", import.meta.url));
const run = promisify(execFile);

const isSmoke = process.argv.includes("--smoke");
const EFFORT = isSmoke
  ? { rounds: 1, seconds: 1, requests: 2_000, starts: 1 }
  : { rounds: 9, seconds: 3, requests: 1_000_000, starts: 10 };
const BODY = JSON.stringify({ claims: { sub: "alice", aud: "my-api", role: "admin" }, ttl: 600, setIat: true });

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Microseconds of processor time of one bare signature. */
function bareSignature() {
  const key = /** @type {const} */ ({ key: privateKey, dsaEncoding: "ieee-p1363" });
  const bytes = Buffer.alloc(200, 65);
  const start = process.cpuUsage();
  const count = isSmoke ? 500 : 15_000;
  for (let done = 0; done < count; done++) sign("sha256", bytes, key);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

/** @returns {Promise<{ total: number, seconds: number, p50: number, p99: number, perSecond: number }>} */
async function load(options, core = 1) {
  const all = { connections: 20, duration: EFFORT.seconds, ...options };
  const [command, ...args] = pinned(core, [process.execPath, loader, JSON.stringify(all)]);
  const { stdout } = await run(command, args);
  const result = JSON.parse(stdout);
  if (result.errors > 0 || (result.non2xx > 0 && options.expects304 !== true)) throw new Error(`requests failed: ${stdout}`);
  return { ...result, perSecond: result.total / result.seconds };
}

async function withCpu(here, { from = here, ...options }) {
  const served = from;
  const before = served.cpu();
  const result = await load(options);
  return { ...result, cpu: (served.cpu() - before) / result.total };
}

/** What one core allows: an empty route and a bare signature, against issuing. */
async function oneWorker(serve, secret) {
  const [served, bare] = [await serve({ core: 0 }), await serve({ core: 0, bare: true })];
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const etag = (await fetch(`${served.url}/.well-known/jwks.json`)).headers.get("etag");
  const routes = {
    // The same request, to a route that does nothing.
    empty: { url: `${served.url}/healthz`, method: "GET", headers, body: BODY },
    issue: { url: `${served.url}/issue`, method: "POST", headers, body: BODY },
    jwks: { url: `${served.url}/.well-known/jwks.json` },
    bareEmpty: { url: `${bare.url}/`, method: "GET", headers, body: BODY, from: bare },
    bareIssue: { url: `${bare.url}/issue`, method: "POST", headers, body: BODY, from: bare },
    unchanged: { url: `${served.url}/.well-known/jwks.json`, headers: { "if-none-match": etag }, expects304: true },
  };
  for (const { from: _, ...route } of Object.values(routes)) await load({ ...route, duration: 1 });
  const rounds = [];
  for (let round = 0; round < EFFORT.rounds; round++) {
    const taken = { bare: bareSignature() };
    for (const [name, route] of Object.entries(routes)) taken[name] = await withCpu(served, route);
    rounds.push(taken);
    process.stderr.write(`round ${round + 1} of ${EFFORT.rounds}\n`);
  }
  const half = spread(rounds.map(({ issue }) => issue.perSecond)).median / 2;
  const latency = await load({ ...routes.issue, overallRate: Math.max(1, Math.floor(half)), duration: EFFORT.seconds * 2 });
  const memory = [served.rssMb()[0]];
  const { connections: _, ...rest } = { connections: 20, ...routes.issue };
  for (let part = 0; part < 4; part++) {
    await load({ ...rest, amount: EFFORT.requests / 4, duration: undefined });
    memory.push(served.rssMb()[0]);
  }
  await served.stop();
  bare.child.kill();
  return { rounds, latency, memory };
}

/** Two workers against one, both with the load generator on whatever core is free. */
async function twoWorkers(serve, secret) {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const [one, two] = [await serve(), await serve({ workers: 2 })];
  const rounds = [];
  for (let round = 0; round < EFFORT.rounds; round++) {
    const ask = (served) => load({ url: `${served.url}/issue`, method: "POST", headers, body: BODY }, null);
    const [alone, both] = [await ask(one), await ask(two)];
    rounds.push({ one: alone.perSecond, two: both.perSecond });
  }
  await one.stop();
  await two.stop();
  return rounds;
}

async function readiness(serve) {
  const times = [];
  for (let start = 0; start < EFFORT.starts; start++) {
    const served = await serve();
    times.push(served.readyMs);
    await served.stop();
  }
  return spread(times);
}

async function main() {
  const about = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, load: loadavg()[0] ?? 0, startedAt: new Date() };
  installPeers();
  execFileSync(process.execPath, [`${root}tools/build.mjs`, "--if-stale"], { stdio: "inherit" });
  const results = await withServer(async (serve, secret) => ({
    ...(await oneWorker(serve, secret)),
    workers: await twoWorkers(serve, secret),
    ready: await readiness(serve),
  }));
  if (isSmoke) return void process.stdout.write("every route answers under load\n");
  const page = httpPage({ ...about, ...results, requests: EFFORT.requests });
  writeFileSync(`${root}docs/benchmarks-http.md`, page);
  process.stdout.write(page);
}

await main();
