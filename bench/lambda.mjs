/**
 * Measures the function that ships, on a Runtime API on loopback, against a function that does nothing; writes docs/benchmarks-lambda.md.
 *
 *   node bench/lambda.mjs          measures everything, some minutes
 *   node bench/lambda.mjs --smoke  looks whether everything works, and writes nothing
 */
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { startFakeAws } from "../test/fakes/aws/fake-aws.mjs";
import { nodes, prepare } from "../test/witnesses/toolchains.mjs";
import { sourceModule } from "../tools/source-module.mjs";
import { lambdaPage } from "./lambda-page.mjs";
import { spread } from "./measure.mjs";
import { buildGolang } from "./programs.mjs";
import { startRuntimeApi } from "./runtime-api.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const FUNCTION = join(root, "dist/lambda/issuer.cjs");
const EMPTY = join(root, "bench/empty-handler.cjs");
const EVENT = JSON.stringify({ claims: { sub: "alice", aud: "my-api", role: "admin" }, ttl: 600, setIat: true });

const isSmoke = process.argv.includes("--smoke");
const EFFORT = isSmoke ? { rounds: 1, warm: 100, long: 200 } : { rounds: 21, warm: 2_000, long: 10_000 };
const run = promisify(execFile);

async function installed(aws, { name: custody, kmsKey }) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-bench-lambda-"));
  const env = { PATH: process.env.PATH, HOME: cwd, ...aws.env };
  const wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  const more = kmsKey === "wraps" ? ["--kms-key", wrapping] : [];
  await run(process.execPath, [join(root, "bin/signet"), "init", "--custody", custody, ...more], { cwd, env });
  const { installation } = JSON.parse(readFileSync(join(cwd, "signet.json"), "utf8")).aws;
  rmSync(cwd, { recursive: true });
  return { ...env, SIGNET_INSTALLATION: installation, SIGNET_KMS_KEY: wrapping, AWS_LAMBDA_LOG_FORMAT: "JSON" };
}

/** Starts an environment, and tells how long it takes until the first answer. */
async function coldStart({ command: [program, ...args], env }) {
  const api = await startRuntimeApi();
  const began = performance.now();
  const child = spawn(program, args, {
    env: { ...env, AWS_LAMBDA_RUNTIME_API: api.address },
    // Its log goes to nobody, as a pipe that somebody reads would.
    stdio: ["ignore", "ignore", "inherit"],
  });
  await api.invoke(EVENT);
  const coldMs = performance.now() - began;
  return {
    coldMs,
    api,
    rssMb: () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024,
    stop() {
      child.kill("SIGKILL");
      api.close();
    },
  };
}

/** Microseconds of an invocation, once warm: the median. */
async function warm(environment, count) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const began = process.hrtime.bigint();
    await environment.api.invoke(EVENT);
    times.push(Number(process.hrtime.bigint() - began) / 1_000);
  }
  return spread(times.slice(Math.floor(count / 4))).median;
}

/** The same thing of each function in turn, so that a slow moment of the machine meets them all. */
async function inTurn(functions, work) {
  const results = Object.fromEntries(Object.keys(functions).map((name) => [name, []]));
  for (let round = 0; round < EFFORT.rounds; round++) {
    for (const [name, each] of Object.entries(functions)) results[name].push(await work(each));
  }
  return results;
}

/** The same function in Go, by name; none where there is no Go. */
function inGo(aws) {
  const program = buildGolang("./lambda");
  if (program === undefined) return {};
  const key = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }).KeyMetadata.Arn;
  const env = { PATH: process.env.PATH, ...aws.env, KMS_KEY_ID: key };
  const roles = ["empty", "memory", "kms"];
  return Object.fromEntries(roles.map((role) => [`go-${role}`, { command: [program], env: { ...env, ROLE: role } }]));
}

async function measured(node, environments, peers) {
  const command = (file) => [node.path, join(root, "bench/bootstrap.cjs"), file];
  const functions = { empty: { command: command(EMPTY), env: {} } };
  for (const [custody, env] of Object.entries(environments)) functions[custody] = { command: command(FUNCTION), env };
  Object.assign(functions, peers);
  const cold = await inTurn(functions, async (each) => {
    const environment = await coldStart(each);
    environment.stop();
    return environment.coldMs;
  });
  const running = {};
  for (const [name, each] of Object.entries(functions)) running[name] = await coldStart(each);
  const warmed = await inTurn(running, (environment) => warm(environment, Math.ceil(EFFORT.warm / EFFORT.rounds)));
  const memory = {};
  for (const name of ["empty", "parameter-store"]) {
    const first = running[name].rssMb();
    await warm(running[name], EFFORT.long);
    memory[name] = { first, last: running[name].rssMb() };
  }
  for (const environment of Object.values(running)) environment.stop();
  return { version: node.version, cold, warm: warmed, memory };
}

async function main() {
  const about = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, load: loadavg()[0] ?? 0, startedAt: new Date() };
  execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--if-stale"], { stdio: "inherit" });
  await prepare("node");
  const aws = await startFakeAws();
  const environments = {};
  const { CUSTODIES } = await sourceModule("src/custody/registry.js");
  for (const custody of CUSTODIES.filter(({ runsInLambda }) => runsInLambda))
    environments[custody.name] = await installed(aws, custody);
  const peers = inGo(aws);
  const results = [];
  for (const node of nodes()) {
    results.push(await measured(node, environments, peers));
    process.stderr.write(`Node ${node.version}\n`);
  }
  await aws.close();
  if (isSmoke) return void process.stdout.write("the function answers on every Node, whoever holds the key\n");
  const bundle = { bytes: statSync(FUNCTION).size, packed: brotliCompressSync(readFileSync(FUNCTION)).length };
  const page = lambdaPage({ ...about, results, bundle, rounds: EFFORT.rounds, long: EFFORT.long });
  writeFileSync(join(root, "docs/benchmarks-lambda.md"), page);
  process.stdout.write(page);
}

await main();
