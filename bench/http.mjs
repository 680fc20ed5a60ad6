/**
 * Measures the served issuer, and writes docs/benchmarks-http.md.
 *
 *   node bench/http.mjs          measures everything, a quarter of an hour; on each Node that `npm run test:nodes` has installed
 *   node bench/http.mjs --smoke  looks whether everything works, and writes nothing
 *   node bench/http.mjs --proofs measures only callers without secrets, on this Node, and writes nothing
 *   node bench/http.mjs --workers measures only two workers beside one, and writes nothing
 */
import { execFile, execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodesAtHand } from "../tools/installed.mjs";
import { buildOneByOne, makeIssuer, onNode, peers, requests, twoWorkers } from "./contestants.mjs";
import { readFlags } from "./flags.mjs";
import { httpPage, proofsPage, workersPage } from "./http-page.mjs";
import { shuffled, spread } from "./measure.mjs";
import { installPeers } from "./peers.mjs";
import { foldersWithProofs, proofRequests } from "./proofs.mjs";
import { pinned, startServer } from "./served.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const loader = fileURLToPath(new URL("load.mjs", import.meta.url));
const signature = fileURLToPath(new URL("bare-signature.mjs", import.meta.url));
const parts = fileURLToPath(new URL("parts.mjs", import.meta.url));
const run = promisify(execFile);

const { smoke: isSmoke, proofs: onlyProofs, workers: onlyWorkers } = readFlags("bench:http", "smoke", "proofs", "workers");
const EFFORT = isSmoke
  ? { rounds: 1, seconds: 1, signatures: 500, requests: 2_000, starts: 1, warming: 0, pairs: 1 }
  : { rounds: 5, seconds: 2, signatures: 15_000, requests: 200_000, starts: 5, warming: 8, pairs: 10 };
const CONNECTIONS = 20;
const [SERVER_CORE, LOAD_CORE, ANY_CORE] = [0, 1, null];

/**
 * Sends requests to each of some targets at once, and says what came of them. A server may be several targets.
 *
 * @param {readonly import("./served.mjs").Served[]} targets
 * @param {{ path?: string, share?: number }} request of which a share is refused, in tenths
 */
async function loads(targets, { path = "", share = 0, ...request }, options = {}, core = LOAD_CORE) {
  const servers = [...new Set(targets)];
  const cpu = () => servers.reduce((sum, served) => sum + served.cpu(), 0);
  const all = { connections: CONNECTIONS, duration: EFFORT.seconds, ...options, ...request };
  for (const served of servers) served.resume();
  // What has waited has something to catch up with.
  for (const { url } of servers) await fetch(`${url}/healthz`).then((answer) => answer.text());
  const before = cpu();
  const running = targets.map(({ url }) => {
    const [command, ...args] = pinned(core, [process.execPath, loader, JSON.stringify({ ...all, url: `${url}${path}` })]);
    return run(command, args);
  });
  const results = (await Promise.all(running)).map(({ stdout }) => JSON.parse(stdout));
  const us = cpu() - before;
  for (const served of servers) served.pause();
  // Each connection ends somewhere within its last ten requests.
  const within = all.connections * 10 * share * (1 - share);
  for (const result of results) {
    if (result.errors > 0 || Math.abs(result.non2xx - share * result.total) > within)
      throw new Error(`${path}: ${JSON.stringify(result)}`);
  }
  const perSecond = results.reduce((sum, { total, seconds }) => sum + total / seconds, 0);
  return { results, us: us / results.reduce((sum, { total }) => sum + total, 0), perSecond };
}

/** Sends requests to one server. */
async function load(served, request, options = {}, core = LOAD_CORE) {
  const { results, ...rest } = await loads([served], request, options, core);
  return { ...results[0], ...rest };
}

/** Microseconds of processor time of one bare signature, or verification, on the core that the servers have. @param {string} node */
async function bareSignature(node, task = "sign", alg = "ES256", core = SERVER_CORE) {
  const [command, ...args] = pinned(core, [node, signature, String(EFFORT.signatures), task, alg]);
  return { us: Number((await run(command, args)).stdout) };
}

/** Callers that prove themselves by tokens, each with its server running. */
async function provenContestants(folder, start, nodes) {
  const folders = foldersWithProofs(folder);
  const routes = proofRequests();
  const all = [];
  for (const { version, path } of nodes) {
    const on = (own) => start(onNode(path, {}).signet, SERVER_CORE, own);
    const add = (name, served, route) => all.push({ version, name, served, measure: () => load(served, routes[route]) });
    const bare = (name, task, alg) => all.push({ version, name, measure: () => bareSignature(path, task, alg) });
    const kinds = await on(folders.kinds);
    for (const route of Object.keys(routes)) add(route, kinds, route);
    bare("sign", "sign", "ES256");
    bare("verifyES256", "verify", "ES256");
    bare("verifyRS256", "verify", "RS256");
    for (const rules of ["ten", "ofOne", "ofMany"]) add(rules, await on(folders[rules]), "proofES256");
  }
  return { all, folders: Object.values(folders) };
}

/** Everything that is compared, each with its server running. */
async function contestants(issuer, start, nodes, oneByOne) {
  const routes = requests(issuer);
  const all = [];
  for (const { version, path } of nodes) {
    const commands = onNode(path, { oneByOne });
    const on = async (name) => start(commands[name], SERVER_CORE);
    const [signet, alone, bare, staged] = [await on("signet"), await on("oneByOne"), await on("bare"), await on("staged")];
    const add = (name, served, route) => all.push({ version, name, served, measure: () => load(served, routes[route]) });
    all.push({ version, name: "signature", measure: () => bareSignature(path) });
    add("empty", signet, "empty");
    add("issue", signet, "issue");
    add("mixed", signet, "mixed");
    add("token", signet, "token");
    add("jwks", signet, "jwks");
    add("oneByOne", alone, "issue");
    add("bareEmpty", bare, "empty");
    add("bare", bare, "issue");
    add("staged", staged, "issue");
  }
  // Its own peers say which Node they want; the one that our functions run on suits all of them.
  const forPeers = nodes.find(({ version }) => version.startsWith("24.")) ?? nodes[0];
  for (const [name, { command, route }] of Object.entries(await peers(issuer.secret, forPeers.path))) {
    const served = await start(command, SERVER_CORE);
    all.push({ version: "peers", name, served, measure: () => load(served, routes[route]) });
  }
  return all;
}

/** What autocannon of the other core finds, round by round, each time in another order. */
async function compare(all) {
  for (const { measure } of all) await measure();
  /** @type {Map<string, { us: number, perSecond?: number, p50?: number, p99?: number }[]>} */
  const figures = new Map(all.map(({ version, name }) => [`${version} ${name}`, []]));
  for (let round = 0; round < EFFORT.rounds; round++) {
    for (const { version, name, measure } of shuffled(all)) figures.get(`${version} ${name}`)?.push(await measure());
    process.stderr.write(`round ${round + 1} of ${EFFORT.rounds}\n`);
  }
  return figures;
}

/** Latency at half of what was the most, and memory while many requests are answered. */
async function alone(served, issuer, perSecond) {
  const { issue } = requests(issuer);
  const overallRate = Math.max(1, Math.floor(perSecond / 2));
  const { p50, p99 } = await load(served, issue, { overallRate, duration: EFFORT.seconds * 3 });
  const memory = [served.rssMb()];
  for (let part = 0; part < 2; part++) {
    await load(served, issue, { amount: EFFORT.requests / 2, duration: undefined });
    memory.push(served.rssMb());
  }
  return { p50, p99, memory };
}

/**
 * What two workers of one server take for a request, of what two servers take that know nothing of each other: the machine and the load
 * are the same. Beside it what the second core makes dearer whoever uses it: two workers of one that has as much to do as each and the
 * other core nearly for itself, and two bare loops of signatures at once of one alone.
 */
async function workers(issuer, start, { version, path }) {
  const { issue } = requests(issuer);
  const { signet } = onNode(path, {});
  const [one, other, third] = [await start(signet), await start(signet), await start(signet)];
  const two = await start(twoWorkers(path));
  const half = { connections: CONNECTIONS / 2 };
  const together = () => loads([two, two], issue, half, ANY_CORE);
  const apart = () => loads([one, other], issue, half, ANY_CORE);
  // Young code takes twice the time: who is measured first, or less often, would be the dearer one.
  for (let part = 0; part < EFFORT.warming; part++) for (const measure of [together, apart]) await measure();
  const rounds = [];
  for (let round = 0; round < EFFORT.pairs; round++) {
    const pair = {};
    for (const measure of round % 2 === 0 ? [apart, together] : [together, apart]) pair[measure.name] = await measure();
    const overallRate = Math.round(pair.together.perSecond / 2);
    const single = await load(third, issue, { ...half, overallRate }, ANY_CORE);
    const most = await load(third, issue, {}, ANY_CORE);
    const alone = await bareSignature(path);
    const [here, there] = await Promise.all([bareSignature(path), bareSignature(path, "sign", "ES256", LOAD_CORE)]);
    rounds.push({
      ratio: pair.together.us / pair.apart.us,
      dearer: pair.together.us / single.us,
      signature: (here.us + there.us) / 2 / alone.us,
      faster: pair.together.perSecond / most.perSecond,
    });
  }
  for (const served of [one, other, third, two]) await served.stop();
  const each = (name) => spread(rounds.map((round) => round[name]));
  return { version, ratio: each("ratio"), dearer: each("dearer"), signature: each("signature"), faster: each("faster") };
}

/** What a request is made of. */
async function partsOn({ path }) {
  const [command, ...args] = pinned(SERVER_CORE, [path, parts, ...(isSmoke ? ["--smoke"] : [])]);
  return JSON.parse((await run(command, args)).stdout);
}

async function readiness(start, { path }) {
  const times = [];
  for (let at = 0; at < EFFORT.starts; at++) {
    const served = await start(onNode(path, {}).signet, SERVER_CORE);
    times.push(served.readyMs);
    await served.stop();
  }
  return spread(times);
}

async function main() {
  const about = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, load: loadavg()[0] ?? 0, startedAt: new Date() };
  installPeers();
  execFileSync(process.execPath, [`${root}tools/build.mjs`, "--if-stale"], { stdio: "inherit" });
  const oneByOne = onlyProofs || onlyWorkers ? undefined : await buildOneByOne();
  const paths = isSmoke || onlyProofs ? [process.execPath] : nodesAtHand();
  const nodes = paths.map((path) => ({ path, version: execFileSync(path, ["--version"]).toString().trim().slice(1) }));
  const issuer = await makeIssuer();
  const running = [];
  const made = [issuer.folder];
  const start = async (command, core, folder = issuer.folder) => {
    const served = await startServer(command, { folder, core });
    running.push(served);
    served.pause();
    return served;
  };
  const workersOnEach = async () => {
    const together = [];
    for (const node of nodes) together.push(await workers(issuer, start, node));
    return together;
  };
  try {
    if (onlyWorkers) return void process.stdout.write(workersPage(await workersOnEach()));
    const proven = await provenContestants(issuer.folder, start, nodes);
    made.push(...proven.folders);
    const all = onlyProofs ? proven.all : [...(await contestants(issuer, start, nodes, oneByOne)), ...proven.all];
    const figures = await compare(all);
    if (onlyProofs) return void process.stdout.write(proofsPage(figures, nodes));
    const each = [];
    for (const node of nodes) {
      const { served } = all.find(({ version, name }) => version === node.version && name === "issue");
      const rates = figures.get(`${node.version} issue`)?.map(({ perSecond }) => perSecond);
      const alike = await alone(served, issuer, spread(rates).median);
      each.push({ version: node.version, ...alike, ready: await readiness(start, node) });
    }
    for (const served of running) await served.stop();
    const together = await workersOnEach();
    const apart = [];
    for (const node of nodes) apart.push(await partsOn(node));
    if (isSmoke) return void process.stdout.write("every server answers under load\n");
    const page = httpPage({ ...about, figures, each, together, parts: apart, rounds: EFFORT.rounds, requests: EFFORT.requests });
    writeFileSync(`${root}docs/benchmarks-http.md`, page);
    process.stdout.write(page);
  } finally {
    for (const served of running) await served.stop();
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  }
}

await main();
