/**
 * Runs README's command that starts the server as a newcomer would, types what it says to try, and stops it.
 *
 *   node tools/try-start.mjs 'npm ci && npm start'   in the folder where it is to run
 */
import { spawn, spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

const [command = ""] = process.argv.slice(2);
const child = spawn("bash", ["-euo", "pipefail", "-c", command], { stdio: ["ignore", "pipe", "inherit"], detached: true });
const group = -Number(child.pid);
const stops = setTimeout(() => fail("it did not start and end within five minutes"), 300_000);

/** @param {string} why */
function fail(why) {
  process.stderr.write(`${why}\n`);
  try {
    process.kill(group, "SIGKILL");
  } catch {
    // It has ended already.
  }
  process.exit(1);
}

function tryIt() {
  const curl =
    'curl -s http://127.0.0.1:7117/2015-03-31/functions/signet/invocations -d \'{"claims":{"sub":"alice"},"ttl":600}\'';
  process.stdout.write(`$ ${curl}\n`);
  const { stdout } = spawnSync("sh", ["-c", curl], { encoding: "utf8" });
  process.stdout.write(`${stdout}\n`);
  if (!/^\{"token":"eyJ[\w-]+\.[\w-]+\.[\w-]+"\}$/.test(stdout)) fail("no token came");
}

const LAST = "callers add web";
let said = "";
child.stdout.on("data", (text) => {
  process.stdout.write(text);
  const before = said.includes(LAST);
  said += text;
  if (before || !said.includes(LAST)) return;
  tryIt();
  process.kill(group, "SIGTERM");
});
// What npm and the shell make of a signal is theirs; that nothing is left is ours.
child.on("exit", async (code, signal) => {
  if (!said.includes(LAST)) fail(`it ended before it was ready (${code ?? signal})`);
  while (isLeft()) await delay(50);
  clearTimeout(stops);
  if (spawnSync("curl", ["-s", "http://127.0.0.1:7117/healthz"]).status === 0) fail("it was stopped, and something still serves");
  process.stdout.write("stopped, and no process is left\n");
});

/** Whether a process of its group is left. */
function isLeft() {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}
