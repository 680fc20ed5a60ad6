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
 * @returns {Promise<T>}
 */
export async function withServed(args, work) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-witness-"));
  const run = (...words) => execFileSync(process.execPath, [signet, ...words], { cwd, stdio: ["ignore", "pipe", "ignore"] });
  run("init", "--issuer", ISSUER);
  writeFileSync(join(cwd, "limits.json"), '{"maxTtlSeconds":600}');
  const secret = run("callers", "add", "web", "--limits", "limits.json").toString().trim();
  const server = spawn(process.execPath, [signet, "serve", "--port", "0", ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  try {
    return await work({ url: await urlOf(server), secret, cwd });
  } finally {
    server.kill("SIGKILL");
    rmSync(cwd, { recursive: true, force: true });
  }
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
