/** The command: how long it takes to start, and how much memory a long input takes. */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, createReadStream, createWriteStream, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { peakMb } from "../tools/processes.mjs";

const signet = fileURLToPath(new URL("../bin/signet", import.meta.url));
// The command's first line finds node by PATH: it is to be this one.
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };

/**
 * @template T
 * @param {(folder: string) => Promise<T>} work
 */
export async function withIssuer(work) {
  const folder = mkdtempSync(join(tmpdir(), "signet-bench-"));
  try {
    run(folder, signet, ["init", "--yes"]);
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Map<string, number[]>} milliseconds of every run */
export function startUp(folder, runs) {
  const times = new Map([
    ["node", []],
    ["signet", []],
  ]);
  for (let round = -1; round < runs; round++) {
    for (const [name, command, args] of [
      ["node", "node", ["-e", "0"]],
      ["signet", signet, ["issue", "sub=alice"]],
    ]) {
      const took = run(folder, command, args);
      // The first round only warms the file cache.
      if (round >= 0) times.get(name).push(took);
    }
  }
  return times;
}

function run(cwd, command, args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

/**
 * Issues a token for each of so many JSON lines, from a file to a file.
 *
 * @returns {Promise<{ tokens: number, seconds: number, peakMb: number } | undefined>} undefined where the system does not tell
 */
export async function peakMemory(folder, tokens) {
  const [input, output] = [join(folder, "claims.jsonl"), join(folder, "tokens.txt")];
  await pipeline(Readable.from(lines(tokens)), createWriteStream(input));
  const start = performance.now();
  const files = [openSync(input, "r"), openSync(output, "w")];
  const child = spawn(process.execPath, [signet, "issue", "--claims", "-", "--ttl", "10m", "--iat"], {
    cwd: folder,
    env,
    stdio: [...files, "ignore"],
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = peakMb(child.pid) || peak;
  }, 50);
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearInterval(watch);
  files.forEach(closeSync);
  const issued = await countLines(output);
  if (status !== 0 || issued !== tokens) throw new Error(`${issued} tokens of ${tokens} were issued, exit code ${status}`);
  return peak === 0 ? undefined : { tokens, seconds: (performance.now() - start) / 1000, peakMb: peak };
}

function* lines(count) {
  const batch = 1000;
  for (let done = 0; done < count; done += batch) {
    const size = Math.min(batch, count - done);
    yield Array.from({ length: size }, (_, index) => `{"sub":"user-${done + index}","aud":"api","scope":"orders:read"}\n`).join(
      "",
    );
  }
}

async function countLines(path) {
  let lines = 0;
  for await (const chunk of createReadStream(path)) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
