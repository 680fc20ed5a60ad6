/**
 * Shows the same tokens, good and nearly right, to the verifier in Node, Bun, Deno and workerd: each has to say what Node says.
 *
 *   node tools/prove-runtimes.mjs   Build first.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { freePort, untilAnswers } from "./processes.mjs";
import { AUDIENCE, chance, ISSUER, makeKeys, nearlyRight } from "./verifier/tokens.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = join(root, "test/runtimes");
const TOKENS = 2_000;

/** The two builds of the verifier. */
const BUILDS = {
  "signet-jwt/verify": join(root, "dist/verify/index.js"),
  "signet-jwt/verify/web": join(root, "dist/verify/web.js"),
};
const bin = (name) => join(folder, "node_modules/.bin", name);
const RUNTIMES = {
  Node: [process.execPath],
  Bun: [bin("bun"), "run"],
  Deno: [bin("deno"), "run", "--allow-read", "--allow-env"],
};

let failed = 0;
let passed = 0;
function check(what, { asked, count, wrong }) {
  const isRight = count === 0 && asked === TOKENS;
  if (isRight) passed += 1;
  else failed += 1;
  console.log(`${isRight ? "ok" : "NOT SO"}: ${what}${isRight ? "" : `: ${count} of ${asked}, ${JSON.stringify(wrong)}`}`);
}

/** The tokens, each with what Node's build says to it. */
async function casesOf() {
  const { createVerifier } = await import(pathToFileURL(BUILDS["signet-jwt/verify"]).href);
  const keys = makeKeys();
  const jwks = { keys: keys.map(({ jwk }) => jwk) };
  const verifier = createVerifier({ keys: jwks, issuer: ISSUER, audience: AUDIENCE });
  const random = chance(Date.now());
  const now = Math.floor(Date.now() / 1000);
  const tokens = Array.from({ length: TOKENS }, () => {
    const { token } = nearlyRight(keys, random, now);
    try {
      verifier.verify(token);
      return [token, "accepted"];
    } catch (error) {
      return [token, error.code];
    }
  });
  return { jwks, issuer: ISSUER, audience: AUDIENCE, tokens };
}

/** The runtime of Cloudflare Workers, which stands for edges: no Node, no files. */
async function inWorkerd(cases, scratch) {
  const port = await freePort();
  for (const [name, path] of Object.entries({
    "worker.mjs": join(folder, "worker.mjs"),
    "judge.mjs": join(folder, "judge.mjs"),
    "verify.mjs": BUILDS["signet-jwt/verify/web"],
  })) {
    writeFileSync(join(scratch, name), readFileSync(path));
  }
  writeFileSync(
    join(scratch, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .verifier)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const verifier :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.mjs"),
    (name = "judge", esModule = embed "judge.mjs"),
    (name = "verify", esModule = embed "verify.mjs")
  ],
  compatibilityDate = "2026-01-01"
);
`,
  );
  const child = spawn(bin("workerd"), ["serve", join(scratch, "config.capnp")], { stdio: "ignore", detached: true });
  try {
    const url = `http://127.0.0.1:${port}/`;
    // It takes POST alone, and answers anything else with an error: that is an answer.
    await untilAnswers(url, child);
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(cases) });
    return /** @type {any} */ (await answer.json());
  } finally {
    // What npm put there starts the program as its child.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }
}

const scratch = mkdtempSync(join(tmpdir(), "signet-runtimes-"));
try {
  // Each is one program, pinned: what a lock would add are the same programs for other systems.
  await run("npm", ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  // Puts the program of this system, which is there already, where its command looks for it.
  await run(process.execPath, ["install.js"], { cwd: join(folder, "node_modules/bun") });
  const cases = await casesOf();
  const path = join(scratch, "cases.json");
  writeFileSync(path, JSON.stringify(cases));
  for (const [runtime, [command, ...args]] of Object.entries(RUNTIMES)) {
    for (const [name, build] of Object.entries(BUILDS)) {
      const files = [join(folder, "run.mjs"), pathToFileURL(build).href, pathToFileURL(path).href];
      const { stdout } = await run(command, [...args, ...files], { maxBuffer: 1 << 24 });
      check(`${name} says in ${runtime} what it has to, to ${TOKENS} tokens`, JSON.parse(stdout));
    }
  }
  check(`signet-jwt/verify/web says in workerd what it has to, to ${TOKENS} tokens`, await inWorkerd(cases, scratch));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;
