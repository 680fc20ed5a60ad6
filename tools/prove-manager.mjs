/**
 * Proves the key manager that ships against AWS as strict as its documentation: in a hurry, started twice at once, killed at its calls.
 *
 *   node tools/prove-manager.mjs [--short]   Build first.
 */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createLocalJWKSet, jwtVerify } from "jose";
import { startRuntimeApi } from "../bench/runtime-api.mjs";
import { startFakeAws } from "../test/fakes/aws/fake-aws.mjs";
import { inFull } from "./in-full.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const ISSUER_FILE = join(root, "dist/lambda/issuer.cjs");
const MANAGER_FILE = join(root, "dist/lambda/key-manager.cjs");
/** Its clock is another one, and jumps where it would wait long. */
const CLOCK = ["moved-clock", "short-waits"].flatMap((name) => ["--import", join(root, `test/rotation/processes/${name}.mjs`)]);
const isShort = process.argv.includes("--short");
const require = createRequire(import.meta.url);

const context = {
  awsRequestId: "r",
  invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:signet",
  // Too little to wait for another manager.
  getRemainingTimeInMillis: () => 59_000,
};

/** Takes what the key manager answers CloudFormation. */
const answers = createServer((request, answer) => request.resume().on("end", () => answer.end()));
await new Promise((resolve) => answers.listen(0, "127.0.0.1", () => resolve(undefined)));
const ANSWERS_URL = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (answers.address()).port}`;

/** A stack's creation: nothing else makes the first key. */
const CREATE = {
  RequestType: "Create",
  ResponseURL: `${ANSWERS_URL}/answer`,
  StackId: "arn:aws:cloudformation:eu-central-1:111122223333:stack/signet/5f2e7c10-aaaa-bbbb-cccc-000000000001",
  RequestId: "r",
  ResourceType: "Custom::SignetKeys",
  LogicalResourceId: "Keys",
  ResourceProperties: {},
};

async function eventually(holds, what) {
  for (const endsAt = Date.now() + 10_000; !holds(); await delay(20)) {
    if (Date.now() > endsAt) throw new Error(`not within ten seconds: ${what}`);
  }
}

const settings = (aws, name) => ({
  ...aws.env,
  SIGNET_INSTALLATION: name,
  SIGNET_KEYRING: `s3://keyrings/${name}`,
  SIGNET_ISSUER: "https://issuer.example",
  SIGNET_STACK_ID: CREATE.StackId,
  ...Object.fromEntries(["KMS", "SSM", "SECRETS_MANAGER", "S3", "LAMBDA"].map((id) => [`AWS_ENDPOINT_URL_${id}`, aws.url])),
  AWS_ENDPOINT_URL: ANSWERS_URL,
});

/** Loads a function anew, as an environment of its own would. */
function loaded(aws, file, name) {
  Object.assign(process.env, settings(aws, name), { AWS_LAMBDA_LOG_LEVEL: "FATAL" });
  delete require.cache[file];
  return require(file).handler;
}

/**
 * The key manager in a process of its own, on a Runtime API.
 *
 * @param {any} aws
 * @param {string} name the installation
 * @param {{ at?: number, env?: Record<string, string> }} [more] `at`: the time that the process sees, in milliseconds
 */
async function keyManager(aws, name, { at = Date.now(), env = {} } = {}) {
  const began = Date.now();
  const api = await startRuntimeApi(() => at + Date.now() - began);
  const child = spawn(process.execPath, [...CLOCK, join(root, "bench/bootstrap.cjs"), MANAGER_FILE], {
    env: {
      ...settings(aws, name),
      SIGNET_TEST_CLOCK: `${Date.now()} ${at} 1`,
      AWS_LAMBDA_RUNTIME_API: api.address,
      ...env,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    child,
    ask: (event) => api.invoke(JSON.stringify(event)),
    end() {
      child.kill("SIGKILL");
      api.close();
    },
  };
}

/** A document of an installation whose keyring is in S3, as it is now. */
function objectOf(aws, name, key) {
  return JSON.parse(aws.state.buckets.get("keyrings").objects.get(`${name}/${key}`).at(-1).body.toString());
}

const jwksOf = (aws, name) => objectOf(aws, name, ".well-known/jwks.json");

async function issued(aws, name) {
  const { token } = await loaded(aws, ISSUER_FILE, name)({ claims: { sub: "alice" } }, context);
  const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwksOf(aws, name)));
  return protectedHeader.kid;
}

async function startAws(options) {
  const aws = await startFakeAws(options);
  aws.createBucket("keyrings");
  return aws;
}

/** Makes the first key with one file that ships, signs with the other, and revokes it, with 100 ms of latency a call. */
async function hurried() {
  const aws = await startAws({ latencyMs: 100 });
  const { ask, end } = await keyManager(aws, "hurried", { env: { SIGNET_CUSTODY: "kms" } });
  try {
    await ask(CREATE);
    const kid = await issued(aws, "hurried");
    const began = performance.now();
    // Its answer waits until every issuer has seen the new key, which nobody here has time for.
    ask({ action: "revoke", kid }).catch(() => undefined);
    await eventually(() => jwksOf(aws, "hurried").keys.every((key) => key.kid !== kid), "a revoked key leaves the JWKS");
    const seconds = (performance.now() - began) / 1_000;
    if (seconds > 5) throw new Error(`a revoked key was in the JWKS for ${seconds.toFixed(1)} s`);
    return `one file made a key, the other signed with it; revoked, it left the JWKS after ${seconds.toFixed(1)} s at 100 ms a call`;
  } finally {
    end();
    await aws.close();
  }
}

async function assertWhole(aws, name) {
  const { keys, lease, activation } = objectOf(aws, name, "keyring.json");
  const count = (wanted) => keys.filter(({ state }) => state === wanted).length;
  const isWhole =
    count("active") === 1 && count("pending") > 0 && count("creating") === 0 && lease === null && activation === null;
  if (!isWhole) throw new Error(`${name} is not whole: ${keys.map(({ state }) => state)}`);
  await issued(aws, name);
}

/** Two managers that begin at once, over and over: one keyring, one active key. */
async function together() {
  const times = isShort ? 50 : 1_000;
  const aws = await startAws();
  for (let time = 0; time < times; time++) {
    const name = `together-${time}`;
    const managers = [1, 2].map(() => loaded(aws, MANAGER_FILE, name));
    const ended = await Promise.allSettled(managers.map((manage) => manage(CREATE, context)));
    for (const each of ended) {
      if (each.status === "rejected" && !/^lease_|^keyring_/.test(each.reason.name)) throw each.reason;
    }
    if (ended.every(({ status }) => status === "rejected")) throw new Error(`${name}: neither manager came through`);
    await assertWhole(aws, name);
  }
  await aws.close();
  return `two managers began at once ${times} times: one keyring, one key that signs, nothing left`;
}

const KILLS = isShort ? 10 : 100;
const DAY_MS = 86_400_000;
const LEASE_MS = 1_800_000;

/** What a manager is killed at: how long after the making of the installation, and how many calls that takes or more. */
const DEEDS = {
  "the creation": { event: CREATE, calls: 55 },
  "a rotation": { event: { action: "rotate" }, after: 2 * DAY_MS, calls: 30 },
  "a migration": { event: { action: "migrate", custody: "secrets-manager" }, after: 2 * DAY_MS, calls: 30 },
  "a revocation": { event: { action: "revoke" }, after: 2 * DAY_MS, calls: 25 },
};

/** kill -9 of the key manager's process at its calls to AWS, one after the other: the next tick, once its lease is over, finishes. */
async function killed() {
  let kills = 0;
  for (const [what, deed] of Object.entries(DEEDS)) {
    for (let time = 0; time < KILLS; time++) {
      const call = 1 + Math.floor((time * deed.calls) / KILLS);
      const isKilled = await killedOnce(deed, call, time % 2 === 0).catch((error) => {
        throw new Error(`${what}, killed at call ${call}: ${error.message}`, { cause: error });
      });
      if (isKilled) kills += 1;
    }
  }
  if (kills < (Object.keys(DEEDS).length * KILLS) / 2) throw new Error(`only ${kills} managers were killed`);
  return `${Object.keys(DEEDS).length} deeds, ${kills} key managers killed with SIGKILL at a call: the next tick finished each`;
}

async function killedOnce({ event, after = 0 }, call, isBefore) {
  const start = 1_900_000_000_000;
  let now = start;
  const aws = await startAws({ now: () => now });
  const run = async (at, work) => {
    now = at;
    const { ask, end } = await keyManager(aws, "killed", { at });
    await ask(work).finally(end);
  };
  if (after > 0) await run(start, CREATE);
  const asked = event.action === "revoke" ? { ...event, kid: activeKid(aws) } : event;
  now = start + after;
  const { child, ask, end } = await keyManager(aws, "killed", { at: now });
  const ended = new Promise((resolve) => child.on("close", resolve));
  aws.stopAt(call, () => void child.kill("SIGKILL"), isBefore);
  const failure = ask(asked).catch((error) => error);
  await Promise.race([ended, failure, delay(3_000)]);
  const isKilled = child.signalCode === "SIGKILL";
  end();
  // A creation that was killed is asked for again; everything else is finished by the next tick.
  await run(now + LEASE_MS, event === CREATE ? CREATE : {});
  await assertWhole(aws, "killed");
  await aws.close();
  return isKilled;
}

function activeKid(aws) {
  return objectOf(aws, "killed", "keyring.json").keys.find(({ state }) => state === "active").publicJwk.kid;
}

console.log(await hurried());
console.log(await together());
console.log(await killed());
if (!isShort) {
  await inFull("test/formats/version-1.test.ts");
  console.log("every installation of version 1 goes on for a week, day by day");
  await inFull("test/aws/stories.test.ts");
  console.log("200 stories of two managers and two issuers, with faults, kills and pauses: no token broken, nothing left over");
}
process.exit();
