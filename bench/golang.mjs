/** The peers in Go: golang-jwt, in a process of its own that does its slices when told to, on the core that both inherited; functions. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AUDIENCE, CLAIMS, ISSUER, TTL_SECONDS } from "./fixture.mjs";

const source = fileURLToPath(new URL("go/", import.meta.url));
const CACHE = new URL(".cache/", import.meta.url);

/**
 * Builds a Go program.
 *
 * @param {"." | "./lambda" | "./server"} which golang-jwt as a contestant, the same function in Go, or the same server
 * @returns {string | undefined} where it is; undefined, after one visible line, where that is not possible
 */
export function buildGolang(which = ".") {
  const name = which === "." ? "golang-jwt" : `golang-${which.slice(2)}`;
  const program = fileURLToPath(new URL(name, CACHE));
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
  } catch {
    process.stderr.write(`skipped: ${name}, because there is no Go here\n`);
    return undefined;
  }
  mkdirSync(fileURLToPath(CACHE), { recursive: true });
  try {
    execFileSync("go", ["build", "-trimpath", "-o", program, which], { cwd: source, stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    process.stderr.write(`skipped: ${name}, which could not be built: ${String(error.stderr).trim()}\n`);
    return undefined;
  }
  return program;
}

/**
 * Starts the Go program.
 *
 * @param {string} path what buildGolang answered
 */
export function startGolang(path) {
  const child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function ask(job) {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("the Go program has ended");
    const reply = JSON.parse(value);
    if (reply.error !== undefined) throw new Error(`golang-jwt: ${reply.error}`);
    return reply;
  }

  return {
    /** @returns {Promise<string>} Go's version */
    async prepare({ alg, kid, privatePem }, tokens) {
      const job = { alg, kid, privatePem, issuer: ISSUER, audience: AUDIENCE, ttlSeconds: TTL_SECONDS, claims: CLAIMS, tokens };
      return (await ask({ op: "prepare", ...job })).version;
    },
    issuing: {
      name: "golang-jwt",
      run: async (count) => (await ask({ op: "issue", count })).microseconds,
      sample: async () => (await ask({ op: "issue", count: 1 })).token,
    },
    verifying: { name: "golang-jwt", run: async (count) => (await ask({ op: "verify", count })).microseconds },
    stop: () => child.stdin.end(),
  };
}
