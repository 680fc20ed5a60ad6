/**
 * Proves what the served issuer stands: thousands of connections, clients that send drop by drop, a worker killed under load.
 *
 *   node tools/prove-server.mjs [--short]   the short form opens fewer connections, on this Node alone
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { nodesAtHand } from "./installed.mjs";
import { peakMb, rssMb } from "./processes.mjs";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const IS_SHORT = process.argv.includes("--short");
const CONNECTIONS = IS_SHORT ? 2_000 : 8_000;
const AT_ONCE = 250;
const ROUNDS = 12;
/** How long a worker may take to come, however busy the machine is. */
const PATIENCE_MS = 120_000;
/** What a worker may take at the most. */
const MAX_MB = 120;
const cwd = mkdtempSync(join(tmpdir(), "signet-server-proof-"));
/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** @param {string[]} args */
const run = (...args) =>
  execFileSync(process.execPath, [signet, ...args], { cwd, stdio: ["ignore", "pipe", "ignore"] })
    .toString()
    .trim();

/** @param {string[]} args */
const serve = (...args) => serveOn(process.execPath, ...args);

/** @param {string} node @param {string[]} args */
async function serveOn(node, ...args) {
  const child = spawn(node, [signet, "serve", "--port", "0", ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let log = "";
  child.stdout.on("data", (text) => {
    log += text;
  });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      const found = /^Signet serves (http\S+?)(?: with|;)/m.exec(said)?.[1];
      if (found) resolve(new URL(found));
    });
    child.once("exit", () => reject(new Error(`signet serve ended: ${said}`)));
  });
  return { url: /** @type {URL} */ (url), child, log: () => log };
}

/** @param {import("node:child_process").ChildProcess} child */
async function stopped(child) {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await ended;
  assert(code === 0, `it ended with ${code}`);
}

/** @param {unknown} holds @param {string} what */
function assert(holds, what) {
  if (!holds) throw new Error(what);
}

/** @param {number | undefined} pid */
const filesOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;

/** Opens a connection, asks once over it, and leaves it open. @param {URL} url */
async function openConnection({ hostname, port }) {
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(`GET /healthz HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
  const [answer] = await once(socket, "data");
  assert(String(answer).startsWith("HTTP/1.1 200"), `a connection was answered ${String(answer).slice(0, 40)}`);
  return socket;
}

async function manyConnections() {
  const { url, child } = await serve();
  const files = filesOf(child.pid);
  const memory = [];
  for (let time = 0; time < ROUNDS; time++) {
    const sockets = [];
    while (sockets.length < CONNECTIONS) {
      sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => openConnection(url)))));
    }
    assert(filesOf(child.pid) >= CONNECTIONS, "the connections did not stay open");
    for (const socket of sockets) socket.destroy();
    for (let wait = 0; wait < 100 && filesOf(child.pid) > files + 2; wait++) await delay(100);
    assert(filesOf(child.pid) <= files + 2, `${filesOf(child.pid) - files} connections were not let go`);
    memory.push(rssMb(child.pid));
  }
  // The garbage of one round may be collected in the next: what a leak raises is the least of many rounds.
  const [early, late] = [memory.slice(1, ROUNDS / 2), memory.slice(ROUNDS / 2)].map((part) => Math.min(...part));
  assert(late < early * 1.25 + 10, `memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MB`);
  await stopped(child);
  return `${CONNECTIONS} connections at once, opened and closed ${ROUNDS} times: ${memory.map((each) => each.toFixed(0)).join(", ")} MB, no file left open`;
}

/** Sends thirty bodies of 4 MB at once: batches to each Node at hand, and what is none, in the long form to each as well. @param {string} secret */
async function largeBodies(secret) {
  const whole = 4 * 1024 * 1024 - 1_000;
  const bodies = {
    batches: JSON.stringify({
      requests: Array.from({ length: 1_000 }, (_, at) => ({ claims: { sub: `u${at}`, data: "d".repeat(4_000) } })),
    }),
    "lists in lists": "[".repeat(whole),
    "a million objects": `{"requests":[${"{},".repeat(whole / 3)}{}]}`,
    "one claim": `{"claims":{"x":"${"x".repeat(whole)}"}}`,
  };
  const told = [];
  const runs = nodesAtHand()
    .flatMap((node) => Object.entries(bodies).map(([what, body]) => ({ node, what, body })))
    .filter(({ node, what }) => !IS_SHORT || node === process.execPath || what === "batches");
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  for (const { node, what, body } of runs) {
    // When garbage is collected is the busy machine's to say as well: what a server needs is the least that one has taken.
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 3 && least > MAX_MB; attempt++) {
      const { url, child } = await serveOn(node);
      const ask = () =>
        fetch(`${url.origin}/issue`, { method: "POST", headers, body }).then(
          async (answer) => (await answer.text()) && answer.status,
          // Who is refused while it still sends may not read why.
          () => 0,
        );
      const statuses = await Promise.all(Array.from({ length: 30 }, ask));
      if (what === "batches") assert(statuses.includes(200), `no batch was issued: ${statuses.join()}`);
      else assert(!statuses.includes(200), `${what} were taken`);
      const peak = peakMb(child.pid);
      assert(peak > 0, `what ${node} took cannot be read`);
      least = Math.min(least, peak);
      await stopped(child);
    }
    assert(least <= MAX_MB, `thirty bodies (${what}) took ${least.toFixed(0)} MB on ${node}, each of three times`);
    told.push(`${what} ${least.toFixed(0)}`);
  }
  return `thirty bodies of 4 MB at once, in MB: ${told.join(", ")}`;
}

/** @param {string} secret */
async function slowClients(secret) {
  const { url, child } = await serve();
  const { hostname, port } = url;
  const began = Date.now();
  let closed = 0;
  const body = `POST /issue HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
  const slow = Array.from({ length: 400 }, (_, index) => {
    const socket = connect(Number(port), hostname);
    const start = index % 2 === 0 ? "GET /healthz HTTP/1.1\r\nhost: x\r\n" : body;
    socket.write(start);
    const drops = setInterval(() => socket.write(index % 2 === 0 ? "a: b\r\n" : "x"), 500);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(drops);
      closed++;
    });
    return socket;
  });
  let slowest = 0;
  while (closed < slow.length && Date.now() - began < 60_000) {
    const asked = performance.now();
    assert((await fetch(`${url.origin}/healthz`)).status === 200, "another client was not served");
    slowest = Math.max(slowest, performance.now() - asked);
    await delay(100);
  }
  const seconds = (Date.now() - began) / 1_000;
  assert(
    closed === slow.length,
    `${slow.length - closed} slow clients still hold their connection after ${seconds.toFixed(0)} s`,
  );
  await stopped(child);
  return `${slow.length} clients that send drop by drop were all let go within ${seconds.toFixed(0)} s; others waited ${slowest.toFixed(0)} ms at the most`;
}

/** The workers that have answered, and live. @param {string} log @returns {number[]} */
function aliveIn(log) {
  const pids = [...log.matchAll(/"pid":(\d+)[^\n]*"route":"\/issue"/g)].map(([, pid]) => Number(pid));
  const processes = new Set(readdirSync("/proc"));
  return [...new Set(pids)].filter((pid) => processes.has(String(pid)));
}

/** Waits, and does something meanwhile. @param {() => boolean} isSo @param {() => Promise<unknown>} meanwhile @param {string} fault what is the matter if it never is */
async function until(isSo, meanwhile, fault) {
  for (const deadline = Date.now() + PATIENCE_MS; !isSo(); await meanwhile()) assert(Date.now() < deadline, fault);
}

/**
 * Asks over connections of their own until two workers have answered: where both are gone, nobody listens until one is there again, which
 * takes as long as the machine is busy.
 *
 * @param {import("node:child_process").ChildProcess} child @param {() => string} log @param {() => Promise<unknown>} ask
 */
async function bothWorkers(child, log, ask) {
  /** @type {number[]} */
  let pids = [];
  const areThere = () => {
    assert(child.exitCode === null, "it ended with its workers");
    pids = aliveIn(log());
    return pids.length === 2;
  };
  // The connections of one that is gone are taken by the other before there is a new one.
  await until(areThere, ask, "no worker took its place");
  return pids;
}

/** @param {string} secret */
async function killedWorker(secret) {
  const { url, child, log } = await serve("--workers", "2");
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  let [answered, lost, isOver] = [0, 0, false];
  /** @param {Agent | false} by `false`: a connection of its own */
  const ask = (by) =>
    new Promise((resolve) => {
      const asked = request(
        { hostname: url.hostname, port: url.port, path: "/issue", method: "POST", agent: by, headers },
        (answer) => {
          // One that is cut off in the middle of its answer closes without an end.
          answer.resume().on("close", () => {
            if (!answer.complete) lost++;
            else if (answer.statusCode === 200) answered++;
            else lost += 1_000;
            resolve(undefined);
          });
        },
      );
      asked.on("error", () => {
        lost++;
        resolve(undefined);
      });
      asked.end('{"claims":{"sub":"a"}}');
    });
  const clients = Array.from({ length: 20 }, async () => {
    while (!isOver) await ask(agent);
  });
  const both = () => bothWorkers(child, log, () => ask(false));
  let kills = 0;
  for (; kills < 3; kills++) {
    const [, last = NaN] = await both();
    process.kill(last, "SIGKILL");
    await until(
      () => !aliveIn(log()).includes(last),
      () => delay(10),
      "a worker that was killed is still there",
    );
  }
  await both();
  const documents = await Promise.all(
    Array.from({ length: 20 }, async () => (await fetch(`${url.origin}/.well-known/jwks.json`)).text()),
  );
  assert(new Set(documents).size === 1, "workers publish different keys");
  isOver = true;
  await Promise.all(clients);
  agent.destroy();
  assert(answered > 500, `only ${answered} requests were answered`);
  // Each kill loses what that worker had in flight: no more than the connections that there are.
  assert(lost <= 20 * kills, `${lost} requests were lost by ${kills} kills`);
  await stopped(child);
  return `${kills} workers killed under load: ${answered} requests answered, ${lost} lost in flight`;
}

try {
  run("init", "--issuer", "https://issuer.example");
  const secret = run("callers", "add", "proof");
  for (const proof of [
    () => manyConnections(),
    () => largeBodies(secret),
    () => slowClients(secret),
    () => killedWorker(secret),
  ]) {
    process.stdout.write(`${await proof()}\n`);
  }
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(cwd, { recursive: true, force: true });
}
