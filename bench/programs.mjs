/**
 * Contestants, each in a process of its own, in Go, Rust or on Node. A contestant does its slices when told to, on the core that it inherited:
 * JSON lines in, JSON lines out.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AUDIENCE, CLAIMS, ISSUER, TTL_SECONDS } from "./fixture.mjs";

const CACHE = fileURLToPath(new URL(".cache/", import.meta.url));
const GO = fileURLToPath(new URL("go/", import.meta.url));
const RUST = fileURLToPath(new URL("rust/", import.meta.url));

/**
 * Builds a Go program.
 *
 * @param {"." | "./lambda" | "./server"} which golang-jwt as a contestant, the same function in Go, or the same server
 * @returns {string | undefined} where it is; undefined, after one visible line, where that is not possible
 */
export function buildGolang(which = ".") {
  const name = which === "." ? "golang-jwt" : `golang-${which.slice(2)}`;
  const program = `${CACHE}${name}`;
  return built(name, ["go", "version"], () => {
    execFileSync("go", ["build", "-trimpath", "-o", program, which], { cwd: GO, stdio: ["ignore", "ignore", "pipe"] });
    return program;
  });
}

/** Builds the crate jsonwebtoken as a contestant. @returns {string | undefined} as `buildGolang` */
export function buildRust() {
  const target = `${CACHE}rust`;
  return built("jsonwebtoken (Rust)", ["cargo", "--version"], () => {
    const args = ["build", "--quiet", "--release", "--locked", "--target-dir", target];
    execFileSync("cargo", args, { cwd: RUST, stdio: ["ignore", "ignore", "pipe"] });
    return `${target}/release/signet-bench`;
  });
}

function built(name, [tool, argument], build) {
  try {
    execFileSync(tool, [argument], { stdio: "ignore" });
  } catch {
    process.stderr.write(`skipped: ${name}, because there is no ${tool} here\n`);
    return undefined;
  }
  mkdirSync(CACHE, { recursive: true });
  try {
    return build();
  } catch (error) {
    process.stderr.write(`skipped: ${name}, which could not be built: ${String(error.stderr ?? error.message).trim()}\n`);
    return undefined;
  }
}

/**
 * Starts a contestant.
 *
 * @param {string} name what it is called in tables
 * @param {string} path where its program is
 * @param {string[]} [args] what it is started with
 */
export function startProgram(name, path, args = []) {
  const child = spawn(path, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function ask(job) {
    child.stdin.write(`${JSON.stringify(job)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended`);
    const reply = JSON.parse(value);
    if (reply.error !== undefined) throw new Error(`${name}: ${reply.error}`);
    return reply;
  }

  return {
    name,
    /** @returns {Promise<string>} the version of its language, or of itself */
    async prepare({ alg, kid, privatePem, publicPem }, tokens) {
      const job = {
        alg,
        kid,
        privatePem,
        publicPem,
        issuer: ISSUER,
        audience: AUDIENCE,
        ttlSeconds: TTL_SECONDS,
        claims: CLAIMS,
        tokens,
      };
      return (await ask({ op: "prepare", ...job })).version;
    },
    /** @param {"issue" | "verify"} task */
    contestant: (task) => ({ name, run: async (count) => (await ask({ op: task, count })).microseconds }),
    /** @returns {Promise<string | undefined>} a token that it issued; none of a bare loop */
    sample: async () => (await ask({ op: "issue", count: 1 })).token,
    /** @returns {Promise<boolean>} */
    accepts: async (token) => (await ask({ op: "accepts", token })).accepted,
    stop: () => child.stdin.end(),
  };
}
