/** A served issuer with one caller, in a folder of its own. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const signet = fileURLToPath(new URL("../../bin/signet", import.meta.url));

/** The issuer's URL: on loopback, so that dev mode serves it. */
export const ISSUER = "http://localhost:7117";

/**
 * @template T
 * @param {readonly string[]} args options of `signet serve`
 * @param {(served: { url: string, secret: string, cwd: string }) => Promise<T>} work
 * @param {{ issuer?: string, port?: number, caller?: (cwd: string) => string }} [how] `issuer`: its URL; `port`: 0 takes a free
 *   one; `caller`: makes the caller of the issuer in a folder, and answers its secret
 * @returns {Promise<T>}
 */
export async function withServed(args, work, { issuer = ISSUER, port = 0, caller = addWeb } = {}) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-witness-"));
  runSignet(cwd, "init", "--issuer", issuer);
  const secret = caller(cwd);
  const words = [signet, "serve", "--port", String(port), ...args];
  const server = spawn(process.execPath, words, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  try {
    return await work({ url: await urlOf(server), secret, cwd });
  } finally {
    server.kill("SIGKILL");
    rmSync(cwd, { recursive: true, force: true });
  }
}

/**
 * Adds a caller to the issuer of a folder, and answers its secret.
 *
 * @param {string} cwd
 * @param {string} name
 * @param {object} limits
 */
export function addCaller(cwd, name, limits) {
  writeFileSync(join(cwd, "limits.json"), JSON.stringify(limits));
  return runSignet(cwd, "callers", "add", name, "--limits", "limits.json");
}

/** @param {string} cwd */
function addWeb(cwd) {
  return addCaller(cwd, "web", { maxTtlSeconds: 600 });
}

/** @param {string} cwd @param {string[]} words */
function runSignet(cwd, ...words) {
  return execFileSync(process.execPath, [signet, ...words], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}

/** @param {import("node:child_process").ChildProcessByStdio<null, null, import("node:stream").Readable>} server */
function urlOf(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (text) => {
      said += text;
      const found = /^Signet serves (http\S+);/m.exec(said)?.[1];
      if (found) resolve(found);
    });
    server.once("exit", () => reject(new Error(`signet serve ended: ${said}`)));
  });
}
