/**
 * Proves the recipes below examples/ where no container's daemon and no systemd runs: does what the Containerfile says, starts what
 * it made as its user would, from files that cannot be written to, and asks it for a token; then checks systemd's unit.
 *
 *   node tools/prove-container.mjs
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildStages, instructionsOf, placeOf } from "./containerfile.mjs";
import { freePort } from "./processes.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const NODE_IN_IMAGE = "/nodejs/bin/node";
const RECIPE = join(root, "examples/systemd");
/** systemd's own measure, of 100: below 20 is what it calls OK. */
const MAX_EXPOSURE = 20;
const scratch = mkdtempSync(join(tmpdir(), "signet-container-"));

/** @typedef {import("./containerfile.mjs").Stage} Stage */

/** @param {string} text */
const say = (text) => process.stdout.write(`${text}\n`);

/** @param {unknown} holds @param {string} what */
function check(holds, what) {
  if (!holds) throw new Error(what);
  say(`ok: ${what}`);
}

/** @param {string} folder */
function entriesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
}

/** What is where, and since when, without what lies in the data. @param {string} folder @param {string} data */
function inventory(folder, data) {
  const known = entriesOf(folder).filter(({ path }) => !path.startsWith(data));
  return known.map(({ path, entry }) => `${path} ${entry.isSymbolicLink() ? "" : statSync(path).mtimeMs}`).join("\n");
}

/** The image's user where this is the superuser; this user where it is not. @param {Stage} stage */
function userOf({ user }) {
  const [uid, gid = uid] = user.split(":").map(Number);
  return process.getuid?.() === 0 ? { uid, gid } : {};
}

/** Nobody writes to what the image brings; its data belong to its user. @param {Stage} stage @param {string} data */
function protect(stage, data) {
  const { uid, gid } = userOf(stage);
  for (const { path, entry } of [...entriesOf(stage.folder)]) {
    if (!entry.isSymbolicLink()) chmodSync(path, statSync(path).mode & 0o555);
  }
  chmodSync(data, 0o700);
  if (uid !== undefined) lchownSync(data, uid, gid);
}

/** The command line of a container's process, as it is on this machine. @param {Stage} stage @param {string[]} words */
function commandOf(stage, words) {
  const [node, ...rest] = words;
  if (node !== NODE_IN_IMAGE) throw new Error(`${node} is not the base image's ${NODE_IN_IMAGE}`);
  return rest.map((word) => (/^\/\w/.test(word) ? join(stage.folder, word) : word));
}

/** @param {Stage} stage @param {string[]} words */
function start(stage, words) {
  const options = { cwd: placeOf(stage, "."), env: { ...stage.env, PATH: "" }, ...userOf(stage) };
  const child = spawn(process.execPath, commandOf(stage, words), { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return { child, ended: once(child, "close"), said: () => ({ stdout: stdout.trim(), stderr: stderr.trim() }) };
}

/** @param {Stage} stage @param {string[]} words */
async function run(stage, words) {
  const { ended, said } = start(stage, words);
  const [code] = await ended;
  return { code, ...said() };
}

/** The words of a command at another port than the image's own, where something else may listen here. @param {string[]} words @param {number} port */
const atPort = (words, port) => words.map((word) => word.replaceAll("7117", String(port)));

/** @param {Stage} stage @param {number} port */
async function untilHealthy(stage, port) {
  const words = atPort(stage.health, port);
  for (let attempt = 0; attempt < 50; attempt++) {
    if ((await run(stage, words)).code === 0) return true;
    await delay(200);
  }
  return false;
}

/** @param {string} issuer @param {string} secret */
async function askForToken(issuer, secret) {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const body = JSON.stringify({ claims: { sub: "alice", aud: "my-api" }, ttl: 600 });
  const answer = await fetch(`${issuer}/issue`, { method: "POST", headers, body });
  return /** @type {{ token: string }} */ (await answer.json()).token;
}

/** @param {Stage} stage @param {string} issuer @param {string} token */
async function verified(stage, issuer, token) {
  const { createVerifier } = await import(pathToFileURL(join(stage.folder, "opt/signet/dist/verify/index.js")).href);
  const keys = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
  return createVerifier({ keys, issuer, audience: "my-api" }).verify(token).claims.sub === "alice";
}

/** @param {Stage} stage */
function proveContents(stage) {
  const modules = readdirSync(join(stage.folder, "opt/signet/node_modules"));
  check(
    !modules.includes("typescript") && modules.includes("jose"),
    "the image has what serving needs, and not what building needs",
  );
  const odd = entriesOf(stage.folder).filter(({ entry }) => /^(\.signet|signet\.json|\.npmrc|\.git)$/.test(entry.name));
  check(odd.length === 0, "nobody's issuer or settings got into it");
  check(Number.parseInt(stage.user, 10) > 0, "it runs as a user that is not root");
  const bytes = entriesOf(stage.folder).reduce((sum, { path, entry }) => sum + (entry.isFile() ? statSync(path).size : 0), 0);
  say(`    ${(bytes / 1024 / 1024).toFixed(1)} MB beside Node`);
}

/** @param {Stage} stage */
async function proveServing(stage) {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const data = join(stage.folder, "data");
  protect(stage, data);
  const before = inventory(stage.folder, data);
  const unmade = await run(stage, [...stage.entrypoint, ...stage.command]);
  check(unmade.code === 1 && unmade.stderr.includes("signet init"), "without an issuer it ends, and says how to make one");
  const init = await run(stage, [...stage.entrypoint, "init", "--issuer", issuer]);
  check(init.code === 0, `an issuer is made in /data${init.code === 0 ? "" : `: ${init.stderr}`}`);
  const { stdout: secret } = await run(stage, [...stage.entrypoint, "callers", "add", "web"]);
  const server = start(stage, [...stage.entrypoint, ...atPort(stage.command, port)]);
  try {
    check(await untilHealthy(stage, port), "the health check finds the server well");
    check(
      await verified(stage, issuer, await askForToken(issuer, secret)),
      "a caller gets a token, which the published keys verify",
    );
    server.child.kill("SIGTERM");
    const [code] = await server.ended;
    check(code === 0, "it ends well when it is told to stop");
    const ill = await run(stage, atPort(stage.health, port));
    check(ill.code === 1, "the health check finds that it is gone");
  } catch (error) {
    say(server.said().stderr);
    throw error;
  } finally {
    server.child.kill("SIGKILL");
  }
  check(inventory(stage.folder, data) === before, "nothing was written but in /data");
}

function proveUnit() {
  if (spawnSync("systemd-analyze", ["--version"]).error !== undefined) {
    say("skipped: systemd-analyze not found");
    // What a laptop may lack, CI has to have.
    if (process.env.CI === "true") check(false, "systemd looks at the unit in CI");
    return;
  }
  for (const name of ["signet.service", "signet-token.service"]) {
    const unit = putUnit([name]);
    check(faultsOf(unit) === "", `systemd finds no fault in ${name}${faultsOf(unit)}`);
    const options = ["security", "--offline=true", `--threshold=${MAX_EXPOSURE}`, unit];
    const measured = spawnSync("systemd-analyze", options, { encoding: "utf8" });
    const exposure = /exposure level for \S+: (\S+)/m.exec(measured.stdout)?.[1] ?? measured.stderr;
    check(measured.status === 0, `systemd's measure of its exposure is ${exposure} of 10`);
  }
  const encrypted = putUnit(["signet.service", "passphrase.conf"]);
  check(faultsOf(encrypted) === "", `nor with a passphrase${faultsOf(encrypted)}`);
}

/** Puts a unit, and what is dropped into it, where systemd finds them. @param {string[]} names @returns {string} the unit */
function putUnit([name, ...more]) {
  const folder = mkdtempSync(join(scratch, "unit-"));
  // As they are, but for the one path that this machine may have elsewhere.
  const put = (from, to) =>
    writeFileSync(to, readFileSync(join(RECIPE, from), "utf8").replaceAll("/usr/bin/node", process.execPath));
  const dropIns = join(folder, `${name}.d`);
  mkdirSync(dropIns);
  put(name, join(folder, name));
  for (const each of more) put(each, join(dropIns, each));
  return join(folder, name);
}

/** @param {string} unit */
function faultsOf(unit) {
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", unit], { encoding: "utf8" });
  // Others' units are looked at too.
  const about = stderr.split("\n").filter((line) => line.includes("signet"));
  return status === 0 && about.length === 0 ? "" : `: ${about.join("; ") || stderr}`;
}

async function main() {
  chmodSync(scratch, 0o755);
  const text = readFileSync(join(root, "examples/container/Containerfile"), "utf8");
  const unit = readFileSync(join(RECIPE, "signet.service"), "utf8");
  check(
    unit.includes("ExecStart=/usr/bin/node /opt/signet/bin/signet serve\n"),
    "the unit starts the server from where its guide puts it",
  );
  const stage = buildStages(instructionsOf(text), { context: root, scratch, say });
  proveContents(stage);
  await proveServing(stage);
  proveUnit();
}

try {
  await main();
} finally {
  // What cannot be written to cannot be removed either.
  if (existsSync(scratch)) execFileSync("chmod", ["-R", "u+w", scratch]);
  rmSync(scratch, { recursive: true, force: true });
}
