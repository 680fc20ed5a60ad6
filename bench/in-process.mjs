/**
 * Measures issuing and verifying within one process, and golang-jwt beside it. Started by run.mjs, on one core where that can be
 * had; takes its plan as JSON in the first argument and prints its figures as JSON.
 */
import { fixture } from "./fixture.mjs";
import { startGolang } from "./golang.mjs";
import { checkIssuing, issuing } from "./issuers.mjs";
import { measure } from "./measure.mjs";
import { opensslSpeed } from "./openssl.mjs";
import { checkVerifying, tokensOf, verifying } from "./verifiers.mjs";

const { algs, tasks, rounds, sliceMs, golangPath, opensslSeconds } = JSON.parse(process.argv[2]);

const golang = golangPath === undefined ? undefined : startGolang(golangPath);
let goVersion;
const results = [];

for (const alg of algs) {
  const keys = fixture(alg);
  const tokens = tokensOf(keys);
  goVersion = await golang?.prepare(keys, tokens);
  if (tasks.includes("issue")) {
    const contestants = [...(await issuing(keys)), ...(golang ? [golang.issuing] : [])];
    await checkIssuing(contestants, keys);
    await add("issue", alg, contestants);
  }
  if (tasks.includes("verify")) {
    const contestants = [...verifying(keys, tokens), ...(golang ? [golang.verifying] : [])];
    await checkVerifying(contestants, keys, tokens);
    await add("verify", alg, contestants);
  }
}
golang?.stop();
const openssl = opensslSeconds > 0 ? opensslSpeed(algs, opensslSeconds) : undefined;
process.stdout.write(JSON.stringify({ results, goVersion, openssl }));

async function add(task, alg, contestants) {
  process.stderr.write(`${task} ${alg}: ${contestants.map(({ name }) => name).join(", ")}\n`);
  const times = await measure(contestants, { rounds, sliceMs });
  results.push({ task, alg, times: Object.fromEntries(times) });
}
