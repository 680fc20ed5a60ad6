import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, jwtVerify } from "jose";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const CLOCK = fileURLToPath(new URL("moved-clock.mjs", import.meta.url));
const ISSUER = "https://issuer.example";

/**
 * Runs the built command as a process of its own.
 *
 * @param {string} cwd
 * @param {readonly string[]} args
 * @param {{ at?: number | undefined, clock?: string | undefined, env?: Record<string, string>, imports?: readonly string[] }} [more] `at`: NumericDate that the process sees
 */
export function signet(cwd, args, { at, clock, env = {}, imports = [] } = {}) {
  const moved = clock ?? (at === undefined ? undefined : `${Date.now()} ${at * 1_000} 1`);
  const preloads = [...(moved === undefined ? [] : [CLOCK]), ...imports].flatMap((path) => ["--import", path]);
  const own = { PATH: process.env.PATH, HOME: cwd, ...(moved === undefined ? {} : { SIGNET_TEST_CLOCK: moved }), ...env };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...preloads, join(root, "bin/signet"), ...args], { cwd, env: own });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.stdin.end();
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Starts a program beside this file with a moved clock. */
export function program(name, clock, argument) {
  const script = fileURLToPath(new URL(name, import.meta.url));
  return spawn(process.execPath, ["--import", CLOCK, script, argument], {
    env: { PATH: process.env.PATH, SIGNET_TEST_CLOCK: clock },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/**
 * Makes an installation in a folder of its own; the caller removes it.
 *
 * @param {{ rotation?: object, limits?: object, at?: number, clock?: string }} wanted
 */
export async function madeInstallation({ rotation = {}, limits = {}, at, clock } = {}) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-proof-"));
  writeFileSync(join(cwd, "signet.json"), JSON.stringify({ issuer: ISSUER, rotation, limits }));
  must(await signet(cwd, ["init"], { at, clock }), "init");
  return cwd;
}

export const removed = (cwd) => rmSync(cwd, { recursive: true, force: true });

/** @throws where a command did not end well */
export function must(ran, what) {
  if (ran.code === 0) return ran;
  throw new Error(`${what} ended with ${ran.code ?? ran.signal}: ${ran.stderr}`);
}

export const publishedIn = (cwd) => JSON.parse(readFileSync(join(cwd, ".signet/public/jwks.json"), "utf8"));
export const keyringIn = (cwd) => JSON.parse(readFileSync(join(cwd, ".signet/keyring.json"), "utf8"));

/** Verifies as somebody else would, with another library. */
export async function verifies(token, jwks, at = Date.now() / 1_000) {
  const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
    currentDate: new Date(at * 1_000),
    issuer: ISSUER,
  });
  return protectedHeader.kid;
}

/**
 * What must hold once a tick has come through: one key signs, one waits, nothing is left over, and the log is whole.
 *
 * @param {string} cwd
 * @param {{ at?: number }} [when]
 */
export async function assertWhole(cwd, { at } = {}) {
  const { keys, activation, lease } = keyringIn(cwd);
  const count = (state) => keys.filter((key) => key.state === state).length;
  const fail = (words) => {
    throw new Error(`${words} in ${cwd}`);
  };
  if (count("active") !== 1 || count("pending") < 1) fail(`${count("active")} active and ${count("pending")} pending keys`);
  if (count("creating") + count("revoked") > 0 || activation !== null || lease !== null) fail("something is left unfinished");
  const files = readdirSync(join(cwd, ".signet/keys")).sort().join();
  if (
    files !==
    keys
      .map(({ id }) => `${id}.key`)
      .sort()
      .join()
  )
    fail("private keys are missing or left over");
  // A write that was cut short may leave its half beside the document until the next one is written.
  const documents = readdirSync(join(cwd, ".signet/active")).filter((name) => /^\d+\.json$/.test(name));
  if (documents.length !== 1) fail("there is not one active document");
  const token = must(await signet(cwd, ["issue", "sub=a"], { at }), "issue").stdout.trim();
  await verifies(token, publishedIn(cwd), at);
  must(await signet(cwd, ["audit", "verify"], { at }), "audit verify");
}
