/**
 * Two workers at saturation, while each of them is killed, the key is rotated and another one revoked: no sampled token is refused by a verifier
 * that follows the issuer's URL, and memory stays flat.
 *
 *   npm run proof:soak                five minutes
 *   npm run proof:soak -- --short     half a minute
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { childrenOf, freePort, rssMb, untilAnswers } from "./processes.mjs";

const { createVerifier } = await import(new URL("../dist/verify/index.js", import.meta.url).href);
const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const SECONDS = process.argv.includes("--short") ? 30 : 300;
const CONNECTIONS = 20;
/** So often a token is handed to the verifier. */
const SAMPLE_EVERY = 25;
/** How long after its revocation a token may be asked for that a worker signs with a key: workers look once a second, busy ones later. */
const MAX_FOLLOW_MS = 10_000;
/** How much memory may grow between the second quarter and the last. */
const MAX_GROWTH = 1.1;
/** The policy's default. */
const PUBLISH_AHEAD_SECONDS = 86_400;
const AUDIENCE = "https://api.example";

const cwd = mkdtempSync(join(tmpdir(), "signet-soak-"));
const port = await freePort();
const issuer = `http://localhost:${port}`;

/** Runs a command while the load goes on. @param {string[]} args */
async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [signet, ...args], { cwd });
  return stdout.trim();
}

/** @typedef {{ verify(token: string): Promise<{ claims: Record<string, unknown> }> }} Verifier */

/** @param {unknown} holds @param {string} what */
function assert(holds, what) {
  if (!holds) throw new Error(what);
}

/** Runs a command with another clock. @param {number} seconds how far it is behind @param {string[]} args */
async function runEarlier(seconds, ...args) {
  const early = encodeURIComponent(`const { now } = Date; Date.now = () => now() - ${seconds * 1_000};`);
  await promisify(execFile)(process.execPath, ["--import", `data:text/javascript,${early}`, signet, ...args], { cwd });
}

/** An issuer of two days ago. A rotation was asked for nearly a day ago: its standby is old enough, and the server's manager rotates, half-way. */
async function makeIssuer() {
  await runEarlier(2 * PUBLISH_AHEAD_SECONDS, "init", "--issuer", issuer);
  const secret = await run("callers", "add", "soak");
  await runEarlier(PUBLISH_AHEAD_SECONDS - SECONDS / 2, "keys", "rotate");
  return secret;
}

/** @returns {Promise<string>} */
async function activeKid() {
  const { keys } = JSON.parse(await run("keys", "list", "--json"));
  return keys.find((/** @type {{ state: string }} */ { state }) => state === "active").kid;
}

async function serve() {
  const log = openSync(join(cwd, "server.log"), "w");
  const args = [signet, "serve", "--port", String(port), "--workers", "2"];
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", log, "ignore"] });
  await untilAnswers(`${issuer}/healthz`, child);
  return child;
}

/** What is known while the load runs. */
const seen = {
  isOver: false,
  issued: 0,
  verified: 0,
  lost: 0,
  /** @type {Set<string>} */ kids: new Set(),
  /** @type {Map<string, number>} when a key was revoked */ revokedAt: new Map(),
};

/** @param {Agent} agent @param {string} secret @returns {Promise<string | undefined>} a token; none where the worker was killed meanwhile */
function ask(agent, secret) {
  const body = JSON.stringify({ claims: { sub: "alice", aud: AUDIENCE }, ttl: 600 });
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path: "/issue", method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      answer.on("error", () => resolve(undefined));
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text).token);
        else reject(new Error(`/issue answered ${answer.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    asked.on("error", () => resolve(undefined));
    asked.end(body);
  });
}

/** One connection, which asks as fast as it is answered. @param {string} secret @param {Verifier} verifier */
async function load(secret, verifier) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!seen.isOver) {
    const askedAt = Date.now();
    const token = await ask(agent, secret);
    if (token === undefined) {
      seen.lost++;
      await delay(20);
      continue;
    }
    if (++seen.issued % SAMPLE_EVERY === 0) await check(token, askedAt, verifier);
  }
  agent.destroy();
}

/** @param {string} token @param {number} askedAt @param {Verifier} verifier */
async function check(token, askedAt, verifier) {
  const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
  const revokedAt = seen.revokedAt.get(kid);
  if (revokedAt !== undefined) {
    assert(askedAt - revokedAt < MAX_FOLLOW_MS, `a worker signs with ${kid}, which was revoked long ago`);
    return;
  }
  const { claims } = await verifier.verify(token).catch((error) => {
    // It may have been revoked while it was looked at.
    if (seen.revokedAt.has(kid)) return { claims: { sub: "alice" } };
    throw new Error(`a token of ${kid} was refused: ${error.message}`);
  });
  assert(claims.sub === "alice", "a token has other claims");
  seen.kids.add(kid);
  seen.verified++;
}

/** @param {() => boolean | Promise<boolean>} holds @param {string} what */
async function until(holds, what) {
  for (let time = 0; time < 600; time++) {
    if (await holds()) return;
    await delay(100);
  }
  throw new Error(`never: ${what}`);
}

/** Kills a worker, and waits for the one that takes its place. @param {number} pid @param {number} victim */
async function kill(pid, victim) {
  process.kill(victim, "SIGKILL");
  await until(() => !childrenOf(pid).includes(victim) && childrenOf(pid).length === 2, "another worker");
  console.log(`ok   a worker was killed at ${seen.issued} tokens, and another took its place`);
}

async function rotated() {
  await until(() => seen.kids.size === 2, "a token of the next key");
  console.log(`ok   rotated at ${seen.issued} tokens`);
}

async function revoke() {
  const kid = await activeKid();
  seen.revokedAt.set(kid, Number.POSITIVE_INFINITY);
  await run("keys", "revoke", kid, "--yes");
  seen.revokedAt.set(kid, Date.now());
  const now = await activeKid();
  assert(now !== kid, "the revoked key still signs");
  await until(() => seen.kids.has(now), "a token of the key that took its place");
  console.log(`ok   revoked at ${seen.issued} tokens`);
}

/** @param {number} pid @param {number} ms @returns {Promise<number>} the most that a worker took in this time, in MB */
async function mostMemory(pid, ms) {
  const end = Date.now() + ms;
  let most = 0;
  while (Date.now() < end) {
    most = Math.max(most, ...childrenOf(pid).map(rssMb));
    await delay(250);
  }
  return most;
}

async function soak() {
  const secret = await makeIssuer();
  const server = await serve();
  const pid = /** @type {number} */ (server.pid);
  const verifier = createVerifier({ issuer, audience: AUDIENCE });
  const loads = Promise.all(Array.from({ length: CONNECTIONS }, () => load(secret, verifier)));
  loads.catch(() => {
    seen.isOver = true;
  });
  const quarter = (SECONDS * 1_000) / 4;
  try {
    const [first, second] = childrenOf(pid);
    await delay(quarter / 2);
    await kill(pid, /** @type {number} */ (first));
    await kill(pid, /** @type {number} */ (second));
    const early = await mostMemory(pid, quarter);
    await rotated();
    await revoke();
    await mostMemory(pid, quarter);
    const late = await mostMemory(pid, quarter);
    assert(late <= early * MAX_GROWTH + 5, `memory grew from ${early.toFixed(0)} to ${late.toFixed(0)} MB`);
    console.log(`ok   memory of a worker: ${early.toFixed(0)} MB at the most early on, ${late.toFixed(0)} MB in the end`);
  } catch (error) {
    server.kill("SIGKILL");
    throw error;
  } finally {
    seen.isOver = true;
  }
  await loads;
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  const [code] = await ended;
  assert(code === 0, `signet serve ended with ${code}`);
  assert(seen.kids.size === 3, `tokens of ${seen.kids.size} keys were seen, not of three`);
  console.log(
    `ok   ${seen.issued} tokens, ${seen.verified} of them verified, none refused; ${seen.lost} requests were lost with the killed workers`,
  );
}

await soak().finally(() => rmSync(cwd, { recursive: true, force: true }));
