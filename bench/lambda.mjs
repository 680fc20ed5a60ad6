/**
 * Measures the function that ships as its users feel it, under AWS's own runtime clients; writes docs/benchmarks-lambda.md.
 *
 *   node bench/lambda.mjs          measures everything, some minutes for each Node that `npm run test:nodes` has installed
 *   node bench/lambda.mjs --warm   measures only what Signet adds to an invocation once warm, and writes nothing
 *   node bench/lambda.mjs --smoke  looks whether everything works, and writes nothing
 */
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodesAtHand } from "../tools/installed.mjs";
import { compileNativePart, installClients } from "../tools/lambda-clients.mjs";
import { sourceModule } from "../tools/source-module.mjs";
import { readFlags } from "./flags.mjs";
import { createWorld, EVENT, LATENCY_MS, start, WITHIN_SECONDS } from "./lambda-functions.mjs";
import { CLOSELY, lambdaPage, warmPage } from "./lambda-page.mjs";
import { shuffled, spread } from "./measure.mjs";
import { processorShare } from "./processor-share.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const { smoke: isSmoke, warm: onlyWarm } = readFlags("bench:lambda", "smoke", "warm");
const EFFORT = isSmoke
  ? { rounds: 1, next: 3, warmRounds: 1, closeRounds: 1, warm: 50, batch: 100 }
  : { rounds: 5, next: 30, warmRounds: 7, closeRounds: 15, warm: 300, batch: 1_000 };
/** The least memory that the template gives the issuer, and so the least processor. */
const MEMORY_MB = 128;
/** What the template gives it where KMS signs. */
const MEMORY_WITH_KMS_MB = 512;
/** Those that are started once more with a whole processor: what young code costs where nothing makes it wait, and its caches go cold. */
const UNTHROTTLED = ["empty", "asking-bare", "asking", "signing", "parameter-store", "kms", "go-kms"];

/** A start, its first invocation with the processor that it then has, and those that follow. */
async function startOnce(world, one, share) {
  const environment = await start(one);
  try {
    share?.add(environment.pid);
    world.calls();
    const [initUs, first] = [environment.cpuUs(), await timed(environment)];
    const calls = world.calls();
    const times = [];
    const before = environment.cpuUs();
    for (let count = 0; count < EFFORT.next; count++) times.push((await timed(environment)).ms);
    const nextUs = (environment.cpuUs() - before) / EFFORT.next;
    return {
      initMs: environment.initMs,
      initUs,
      firstMs: first.ms,
      firstUs: first.us,
      calls,
      nextUs,
      nextMs: spread(times).median,
      peakMb: environment.peakMb(),
    };
  } finally {
    await environment.stop();
  }
}

async function timed(environment, event = EVENT) {
  const [began, before] = [performance.now(), environment.cpuUs()];
  await environment.invoke(event);
  return { ms: performance.now() - began, us: environment.cpuUs() - before };
}

/** Microseconds of processor time of an invocation, once warm. */
async function warm(environment) {
  const before = environment.cpuUs();
  for (let count = 0; count < EFFORT.warm; count++) await environment.invoke(EVENT);
  return (environment.cpuUs() - before) / EFFORT.warm;
}

/** The same of each function, in another order each round, so that a slow moment of the machine meets them all. */
async function eachInTurn(functions, rounds, work) {
  const results = Object.fromEntries(Object.keys(functions).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of shuffled(Object.keys(functions))) results[name].push(await work(functions[name]));
  }
  return results;
}

/** What the first invocation takes of an environment that was frozen for less than its key's maximum age. */
async function thawed(world, one, share) {
  const environment = await start(one, false);
  try {
    await environment.invoke(EVENT);
    share?.add(environment.pid);
    environment.freeze(WITHIN_SECONDS, world.pass);
    world.calls();
    const { ms } = await timed(environment);
    return { ms, calls: world.calls() };
  } finally {
    world.reset();
    await environment.stop();
  }
}

/** What a batch with KMS takes. */
async function batched(world, one, share) {
  const requests = Array.from({ length: EFFORT.batch }, (_, index) => ({
    ...JSON.parse(EVENT),
    claims: { sub: `user-${index}` },
  }));
  const environment = await start(one);
  try {
    share?.add(environment.pid);
    world.calls();
    const connections = world.connections();
    const { ms } = await timed(environment, JSON.stringify({ requests }));
    const signs = world.calls().filter((action) => action === "kms:Sign").length;
    return { tokens: EFFORT.batch, ms, signs, connections: connections(), peakMb: environment.peakMb() };
  } finally {
    await environment.stop();
  }
}

/** The time of warm invocations, of nothing but the functions that are compared closely. */
async function closely(world, node) {
  const running = {};
  for (const [name, one] of Object.entries(world.functions(node))) if (CLOSELY.includes(name)) running[name] = await start(one);
  await eachInTurn(running, Math.ceil(EFFORT.closeRounds / 3), warm);
  const times = await eachInTurn(running, EFFORT.closeRounds, warm);
  for (const environment of Object.values(running)) await environment.stop();
  return times;
}

async function measured(world, node, share, shareWithKms) {
  const functions = world.functions(node);
  const starts = await eachInTurn(functions, EFFORT.rounds, (one) => startOnce(world, one, share));
  const some = Object.entries(functions).filter(([name]) => UNTHROTTLED.includes(name));
  const young = { ...Object.fromEntries(some), "kms-before": world.before(node) };
  const unthrottled = await eachInTurn(young, EFFORT.rounds, (one) => startOnce(world, one));
  const roomy = (await eachInTurn({ kms: functions.kms }, EFFORT.rounds, (one) => startOnce(world, one, shareWithKms))).kms;
  const running = {};
  for (const [name, one] of Object.entries(functions)) running[name] = await start(one);
  await eachInTurn(running, 1, warm);
  const warmed = await eachInTurn(running, EFFORT.warmRounds, warm);
  for (const environment of Object.values(running)) await environment.stop();
  const thaws = {};
  for (const name of ["parameter-store", "kms"]) thaws[name] = await thawed(world, functions[name], share);
  const close = await closely(world, node);
  return { ...node, starts, unthrottled, roomy, warm: warmed, close, thaws, batch: await batched(world, functions.kms, share) };
}

async function main() {
  const about = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, load: loadavg()[0] ?? 0, startedAt: new Date() };
  execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--if-stale"], { stdio: "inherit" });
  await installClients();
  const isNative = !isSmoke && (await compileNativePart());
  const { CUSTODIES, PRICES } = await sourceModule("src/custody/registry.js", "src/operator/prices.js");
  const world = await createWorld(CUSTODIES.filter(({ runsInLambda }) => runsInLambda));
  const [share, shareWithKms] = [processorShare(MEMORY_MB), processorShare(MEMORY_WITH_KMS_MB)];
  if (share === undefined) process.stderr.write("no cgroup can be made here: functions have a whole processor\n");
  const results = [];
  try {
    for (const path of isSmoke ? [process.execPath] : nodesAtHand()) {
      const version = execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
      const node = { path, version, client: Number.parseInt(version, 10) < 24 ? 3 : 4 };
      results.push(onlyWarm ? { ...node, close: await closely(world, node) } : await measured(world, node, share, shareWithKms));
      process.stderr.write(`Node ${version}\n`);
    }
  } finally {
    share?.end();
    shareWithKms?.end();
    await world.close();
  }
  if (isSmoke) return void process.stdout.write("the function answers under AWS's client, whoever holds the key\n");
  if (onlyWarm) return void process.stdout.write(warmPage(results));
  const bytes = statSync(join(root, "dist/lambda/issuer.cjs")).size;
  const page = lambdaPage({
    ...about,
    ...EFFORT,
    results,
    bytes,
    prices: PRICES,
    memoryMb: MEMORY_MB,
    memoryWithKmsMb: MEMORY_WITH_KMS_MB,
    latencyMs: LATENCY_MS,
    share,
    isNative,
  });
  writeFileSync(join(root, "docs/benchmarks-lambda.md"), page);
  process.stdout.write(page);
}

await main();
