/**
 * Measures issuing and verifying within one process, and programs in other languages beside it. Started by run.mjs on each Node, on one core
 * where that can be had; takes its plan as JSON in the first argument and prints its figures as JSON.
 */
import { fixture } from "./fixture.mjs";
import { checkIssuing, issuing } from "./issuers.mjs";
import { measure } from "./measure.mjs";
import { opensslSpeed } from "./openssl.mjs";
import { startProgram } from "./programs.mjs";
import { checkVerifying, tokensOf, verifying } from "./verifiers.mjs";

const { algs, tasks, rounds, sliceMs, programs, opensslSeconds } = JSON.parse(process.argv[2]);

const others = Object.entries(programs).map(([name, path]) => ({ name, ...startProgram(name, path) }));
const versions = {};
const results = [];

for (const alg of algs) {
  const keys = fixture(alg);
  const tokens = tokensOf(keys);
  for (const { name, prepare } of others) versions[name] = await prepare(keys, tokens);
  if (tasks.includes("issue")) {
    const contestants = [...(await issuing(keys)), ...others.map((other) => other.issuing)];
    await checkIssuing(contestants, keys);
    await add("issue", alg, contestants);
  }
  if (tasks.includes("verify")) {
    const contestants = [...verifying(keys, tokens), ...others.map((other) => other.verifying)];
    await checkVerifying(contestants, keys, tokens);
    await add("verify", alg, contestants);
  }
}
for (const { stop } of others) stop();
const openssl = opensslSeconds > 0 ? opensslSpeed(algs, opensslSeconds) : undefined;
const { node, openssl: linked } = process.versions;
process.stdout.write(JSON.stringify({ node, linked, results, versions, openssl }));

async function add(task, alg, contestants) {
  process.stderr.write(`${process.version}, ${task} ${alg}: ${contestants.map(({ name }) => name).join(", ")}\n`);
  const times = await measure(contestants, { rounds, sliceMs });
  results.push({ task, alg, times: Object.fromEntries(times) });
}
