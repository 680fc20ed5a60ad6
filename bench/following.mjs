/**
 * Measures verifying by issuers' URLs on one Node: with warm keys, from nothing, with a thousand issuers, and as an authorizer of Lambda.
 * Started by verify.mjs; takes its plan as JSON in the first argument and prints its figures as JSON.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AUDIENCE, CLAIMS, fixture, now, signedToken } from "./fixture.mjs";
import { bareFirst, FOLLOWERS } from "./followers.mjs";
import { awaited, direct, inTurn, measure } from "./measure.mjs";
import { startRuntimeApi } from "./runtime-api.mjs";
import { bare, checkVerifying } from "./verifiers.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const here = fileURLToPath(new URL("./", import.meta.url));
const EFFORT = JSON.parse(process.argv[2] ?? "{}");
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

function isAccepted({ verify }) {
  return async (token) => {
    try {
      await verify(token);
      return true;
    } catch {
      return false;
    }
  };
}

/** Every contestant has its keys: what is measured is one token after the other. */
async function warmed(keys, issuer) {
  const tokens = CLAIMS.map((claims) => tokenOf(keys, issuer, claims));
  const contestants = [bare(keys, tokens)];
  for (const [name, make] of makersFor(keys.alg)) {
    if (name === "signet, by discovery") continue;
    const follower = make(issuer, keys);
    await checkVerifying({ name, accepts: isAccepted(follower) }, keys, tokens);
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
    empty: "bench/functions/empty.cjs",
    "empty and a fetch": "bench/functions/fetching-keys.cjs",
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

const warm = {};
const memory = {};
let [first, cold] = [new Map(), new Map()];
for (const alg of ALGS) {
  const keys = fixture(alg);
  const { base, stop } = await published(keys);
  process.stderr.write(`${process.version}, ${alg}\n`);
  warm[alg] = Object.fromEntries(await warmed(keys, `${base}/warm`));
  if (alg === "ES256") {
    first = await firsts(keys, base);
    for (const [name] of makersFor(alg)) memory[name] = memoryOf(name, keys, base);
    cold = await coldStarts(keys, base);
  }
  stop();
}
const { node } = process.versions;
process.stdout.write(JSON.stringify({ node, warm, first: Object.fromEntries(first), memory, cold: Object.fromEntries(cold) }));
