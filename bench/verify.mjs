/**
 * Measures verifying by issuers' URLs: with warm keys, from nothing, with a thousand issuers, and as an authorizer of Lambda; writes
 * docs/benchmarks-verify.md.
 *
 *   node bench/verify.mjs          measures everything, some minutes
 *   node bench/verify.mjs --smoke  looks whether everything works, and writes nothing
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AUDIENCE, CLAIMS, fixture, now, signedToken } from "./fixture.mjs";
import { awaited, direct, inTurn, measure, speedRatio, spread } from "./measure.mjs";
import { installPeers } from "./peers.mjs";
import { startRuntimeApi } from "./runtime-api.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
// What is compared has to be there before it can be loaded.
installPeers();
execFileSync(process.execPath, [join(root, "tools/build.mjs"), "--if-stale"], { stdio: "inherit" });
const { FOLLOWERS, bareFirst } = await import("./followers.mjs");
const { bare, checkVerifying } = await import("./verifiers.mjs");

const isSmoke = process.argv.includes("--smoke");
const EFFORT = isSmoke
  ? { rounds: 2, sliceMs: 2, firsts: 2, issuers: 10, colds: 1 }
  : { rounds: 120, sliceMs: 10, firsts: 60, issuers: 1_000, colds: 21 };
const ALGS = ["ES256", "EdDSA", "RS256"];
/** jsonwebtoken knows no Ed25519. */
const KNOWS = { "jsonwebtoken with jwks-rsa": ["ES256", "RS256"] };

const tokenOf = (keys, issuer, claims) =>
  signedToken(keys, { ...claims, iss: issuer, aud: AUDIENCE, iat: now(), exp: now() + 7_200 });

async function published(keys) {
  const child = spawn(process.execPath, [`${here}jwks-server.mjs`, JSON.stringify(keys.jwks)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  return { base: String(line).trim(), stop: () => child.kill("SIGKILL") };
}

const makersFor = (alg) => Object.entries(FOLLOWERS).filter(([name]) => KNOWS[name]?.includes(alg) ?? true);

/** Every contestant has its keys: what is measured is one token after the other. */
async function warmed(keys, issuer) {
  const tokens = CLAIMS.map((claims) => tokenOf(keys, issuer, claims));
  const contestants = [bare(keys, tokens)];
  for (const [name, make] of makersFor(keys.alg)) {
    if (name === "signet, by discovery") continue;
    const follower = make(issuer, keys);
    await checkVerifying([{ name, accepts: follower.verify }], keys, tokens);
    const each = inTurn(tokens);
    contestants.push(awaited(name, () => Promise.resolve(follower.verify(each()))));
    if (follower.sync !== undefined) contestants.push(direct(`${name}, verifySync`, () => follower.sync(each())));
  }
  return measure(contestants, EFFORT);
}

/** Milliseconds from nothing to the first token that was verified. */
async function firsts(keys, base) {
  const contestants = { bare: () => bareFirst, ...Object.fromEntries(makersFor(keys.alg)) };
  const times = new Map(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < EFFORT.firsts; round++) {
    for (const [name, make] of Object.entries(contestants)) {
      const issuer = `${base}/${name.replace(/\W/g, "")}${round}`;
      const token = tokenOf(keys, issuer, CLAIMS[0]);
      const began = performance.now();
      if (name === "bare") await bareFirst(issuer, keys, token);
      else await make(issuer, keys).verify(token);
      times.get(name).push(performance.now() - began);
    }
  }
  return times;
}

/** Megabytes that a thousand issuers take, each with its keys, in a process of its own. */
function memoryOf(name, keys, base) {
  const privatePem = keys.privatePem;
  const plan = { name, base, issuers: EFFORT.issuers, privatePem, kid: keys.kid };
  const text = execFileSync(process.execPath, ["--expose-gc", `${here}many-issuers.mjs`, JSON.stringify(plan)], {
    encoding: "utf8",
  });
  return Number(text);
}

/** Milliseconds of a cold start until the first answer. */
async function coldStarts(keys, base) {
  const issuer = `${base}/cold`;
  const event = JSON.stringify({
    type: "TOKEN",
    authorizationToken: `Bearer ${tokenOf(keys, issuer, CLAIMS[0])}`,
    methodArn: "arn:aws:execute-api:eu-central-1:111122223333:abc123/prod/GET/",
  });
  const env = { SIGNET_ISSUER: issuer, SIGNET_JWKS_URL: `${issuer}/jwks.json`, SIGNET_AUDIENCE: AUDIENCE };
  const files = {
    empty: "bench/empty-handler.cjs",
    "empty and a fetch": "bench/fetching-handler.cjs",
    authorizer: "dist/lambda/authorizer.cjs",
  };
  const times = new Map(Object.keys(files).map((name) => [name, []]));
  for (let round = 0; round < EFFORT.colds; round++) {
    for (const [name, file] of Object.entries(files)) {
      const api = await startRuntimeApi();
      const began = performance.now();
      const child = spawn(process.execPath, [join(here, "bootstrap.cjs"), join(root, file)], {
        env: { ...env, AWS_LAMBDA_RUNTIME_API: api.address },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const answer = await api.invoke(event);
      times.get(name).push(performance.now() - began);
      if (name === "authorizer" && answer.policyDocument?.Statement[0].Effect !== "Allow")
        throw new Error("the authorizer refused");
      child.kill("SIGKILL");
      api.close();
    }
  }
  return times;
}

const figure = (value, digits = 2) => value.toFixed(digits);

function warmTable(alg, times) {
  const rows = [...times.keys()].map((name) => {
    const ratio = speedRatio(times, name, "bare");
    const ahead = name.startsWith("signet") ? "" : figure(speedRatio(times, "signet, verifySync", name).median);
    const rate = Math.round(1e6 / spread(times.get(name)).median).toLocaleString("en");
    return `| ${name} | ${rate} | ${figure(ratio.median)} (${figure(ratio.low)} to ${figure(ratio.high)}) | ${ahead} |`;
  });
  return `| ${alg} | a second | of bare | Signet is so many times as fast |\n|---|---:|---:|---:|\n${rows.join("\n")}`;
}

function timeTable(title, times, floor) {
  const rows = [...times].map(([name, values]) => {
    const ratio = spread(values.map((value, round) => value / times.get(floor)[round]));
    return `| ${name} | ${figure(spread(values).median)} | ${figure(ratio.median)} (${figure(ratio.low)} to ${figure(ratio.high)}) |`;
  });
  return `| ${title} | ms | of ${floor} |\n|---|---:|---:|\n${rows.join("\n")}`;
}

function budgetTable(warm, cold) {
  const limits = { ES256: 0.9, EdDSA: 0.9, RS256: 0.75 };
  const rows = ALGS.map((alg) => [
    `warm ${alg}, of bare`,
    speedRatio(warm[alg], "signet, verifySync", "bare").median,
    `>= ${limits[alg]}`,
    (value) => value >= limits[alg] * 0.95,
  ]);
  const ratio = spread(cold.get("authorizer").map((value, round) => value / cold.get("empty and a fetch")[round])).median;
  rows.push(["cold authorizer, of an empty handler and a fetch", ratio, "<= 1.3", (value) => value <= 1.3 * 1.05]);
  const lines = rows.map(
    ([what, is, limit, isKept]) => `| ${what} | ${figure(is)} | ${limit} | ${isKept(is) ? "kept" : "missed"} |`,
  );
  return `| what | is | limit | |\n|---|---:|---:|---|\n${lines.join("\n")}`;
}

function page({ about, warm, first, memory, cold }) {
  const versions = ["aws-jwt-verify", "jsonwebtoken", "fast-jwt", "jwks-rsa"].map(
    (name) => `${name} ${JSON.parse(readFileSync(`${here}node_modules/${name}/package.json`, "utf8")).version}`,
  );
  const jose = JSON.parse(readFileSync(`${root}node_modules/jose/package.json`, "utf8")).version;
  const megabytes = Object.entries(memory).map(([name, value]) => `| ${name} | ${figure(value, 1)} |`);
  return `# Benchmarks: verifying by an issuer's URL

Made by \`npm run bench:verify\`; \`-- --smoke\` only looks whether everything works.

| | |
|---|---|
| Machine | ${about.cpu}, ${about.cores} cores; load ${figure(about.load, 1)} at the start |
| Node | ${process.versions.node} |
| Against | jose ${jose}, ${versions.join(", ")} |
| Date | ${about.startedAt.toISOString().slice(0, 10)} |

## With warm keys

Each of ${EFFORT.rounds} rounds gives every contestant a slice of ${EFFORT.sliceMs} ms of processor time, in a new random order; ratios are of one round, and the
tables show medians with their quartiles. *bare* is a loop of \`crypto.verify\` over bytes that are ready. All check signature, \`exp\`, \`iss\`
and \`aud\`. aws-jwt-verify is given a fetcher, since it fetches over https alone; fast-jwt and jsonwebtoken get their keys by jwks-rsa.

${ALGS.map((alg) => warmTable(alg, warm[alg])).join("\n\n")}

## From nothing

From making the verifier to the first token, with the keys on this machine; *bare* fetches, reads the key and verifies, and checks nothing.

${timeTable("ES256", first, "bare")}

## A thousand issuers

Megabytes that ${EFFORT.issuers} issuers take (ES256), each with its key and after a token of it.

| | MB |
|---|---:|
${megabytes.join("\n")}

## As a Lambda authorizer

From the start of an environment to its first answer, on a Runtime API on loopback, ${EFFORT.colds} of each in turn.

${timeTable("cold start", cold, "empty and a fetch")}

## Budgets

${budgetTable(warm, cold)}
`;
}

async function main() {
  const about = { startedAt: new Date(), cpu: cpus()[0].model.trim(), cores: cpus().length, load: loadavg()[0] };
  const warm = {};
  let [first, cold] = [new Map(), new Map()];
  const memory = {};
  for (const alg of ALGS) {
    const keys = fixture(alg);
    const { base, stop } = await published(keys);
    process.stderr.write(`${alg}\n`);
    warm[alg] = await warmed(keys, `${base}/warm`);
    if (alg === "ES256") {
      first = await firsts(keys, base);
      for (const [name] of makersFor(alg)) memory[name] = memoryOf(name, keys, base);
      cold = await coldStarts(keys, base);
    }
    stop();
  }
  if (isSmoke) return void process.stdout.write("every contestant follows an issuer's keys, and so does the authorizer\n");
  const text = page({ about, warm, first, memory, cold });
  writeFileSync(join(root, "docs/benchmarks-verify.md"), text);
  process.stdout.write(text);
}

await main();
