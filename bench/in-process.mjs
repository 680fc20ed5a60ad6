/**
 * Measures issuing and verifying on one Node, every contestant in a process of its own, all of them on one core where that can be had. Started by
 * run.mjs on the Node that is measured; takes its plan as JSON in the first argument and prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { fixture } from "./fixture.mjs";
import { checkIssued, issuersOf } from "./issuers.mjs";
import { measure } from "./measure.mjs";
import { opensslSpeed } from "./openssl.mjs";
import { startProgram } from "./programs.mjs";
import { checkVerifying, tokensOf, verifiersOf } from "./verifiers.mjs";

const { algs, tasks, rounds, sliceMs, programs, opensslSeconds } = JSON.parse(process.argv[2]);
const contestant = fileURLToPath(new URL("contestant.mjs", import.meta.url));
const versions = {};
const results = [];

for (const alg of algs) {
  const keys = fixture(alg);
  const tokens = tokensOf(keys);
  for (const task of tasks) {
    const names = task === "issue" ? issuersOf(alg) : verifiersOf(alg);
    const ours = names.map((name) => startProgram(name, process.execPath, [contestant, task, name]));
    const others = Object.entries(programs).map(([name, path]) => startProgram(name, path));
    for (const each of ours) await each.prepare(keys, tokens);
    for (const each of others) versions[each.name] = await each.prepare(keys, tokens);
    if (task === "issue") {
      for (const { name, sample } of [...ours, ...others]) {
        const token = await sample();
        if (token !== undefined) checkIssued(name, token, keys);
      }
    } else for (const each of ours.filter(({ name }) => !name.startsWith("bare"))) await checkVerifying(each, keys, tokens);
    await add(
      task,
      alg,
      [...ours, ...others].map((each) => each.contestant(task)),
    );
    for (const { stop } of [...ours, ...others]) stop();
  }
}
const openssl = opensslSeconds > 0 ? opensslSpeed(algs, opensslSeconds) : undefined;
const { node, openssl: linked } = process.versions;
process.stdout.write(JSON.stringify({ node, linked, results, versions, openssl }));

async function add(task, alg, contestants) {
  process.stderr.write(`${process.version}, ${task} ${alg}: ${contestants.map(({ name }) => name).join(", ")}\n`);
  const times = await measure(contestants, { rounds, sliceMs });
  results.push({ task, alg, times: Object.fromEntries(times) });
}
