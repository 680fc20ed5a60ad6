/**
 * Issues many tokens from JSON lines to a file, and holds the peak memory of the command under its limit.
 *
 *   node tools/prove-lines.mjs          1,000,000 tokens
 *   node tools/prove-lines.mjs --short  50,000
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAX_MEGABYTES = 120;
const count = process.argv.includes("--short") ? 50_000 : 1_000_000;
const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
const cwd = mkdtempSync(join(tmpdir(), "signet-lines-"));

/**
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 */
async function run(args, options) {
  const child = spawn(process.execPath, [signet, ...args], { cwd, ...options });
  return {
    child,
    done: once(child, "exit").then(([code]) => (code === 0 ? undefined : Promise.reject(new Error(`exit ${code}`)))),
  };
}

async function feed(stream) {
  for (let made = 0; made < count; made += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, index) => `{"sub":"user-${made + index}","aud":"api","role":"reader"}\n`);
    if (!stream.write(lines.join(""))) await once(stream, "drain");
  }
  stream.end();
}

async function countLines(path) {
  let lines = 0;
  for await (const chunk of createReadStream(path)) for (const byte of chunk) if (byte === 0x0a) lines += 1;
  return lines;
}

try {
  await (await run(["init", "--algorithm", "Ed25519"], { stdio: "ignore" })).done;
  const peak = join(cwd, "peak");
  const preload = join(cwd, "peak.mjs");
  writeFileSync(
    preload,
    `import { writeFileSync } from "node:fs";
process.on("exit", () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));\n`,
  );
  const tokens = join(cwd, "tokens");
  const startedAt = Date.now();
  const { child, done } = await run(["issue", "--claims", "-", "--ttl", "10m"], {
    stdio: ["pipe", openSync(tokens, "w"), "inherit"],
    env: { ...process.env, NODE_OPTIONS: `--import=${preload}` },
  });
  await Promise.all([feed(child.stdin), done]);
  const seconds = (Date.now() - startedAt) / 1_000;
  const megabytes = Number(readFileSync(peak, "utf8")) / 1_024;
  const lines = await countLines(tokens);
  process.stdout.write(
    `${lines} tokens in ${seconds.toFixed(1)} s, peak memory ${megabytes.toFixed(0)} MB (limit ${MAX_MEGABYTES})\n`,
  );
  if (lines !== count || megabytes > MAX_MEGABYTES) process.exitCode = 1;
} finally {
  rmSync(cwd, { recursive: true, force: true });
}
