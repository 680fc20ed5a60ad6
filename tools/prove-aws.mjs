/**
 * Proves the function that ships against AWS as strict as its documentation: thousands of tokens by KMS, each verified by two other
 * libraries in two languages; signatures that were spoilt on the way; a thousand cold starts at once; every call failing once.
 *
 *   node tools/prove-aws.mjs [--short]   Build first.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLocalJWKSet, jwtVerify } from "jose";
import { startRuntimeApi } from "../bench/runtime-api.mjs";
import { startFakeAws } from "../test/fakes/aws/fake-aws.mjs";
import { converse } from "../test/witnesses/conversation.mjs";
import { commandOf, prepare } from "../test/witnesses/toolchains.mjs";
import { inFull } from "./in-full.mjs";
import { sourceModule } from "./source-module.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const FUNCTION = join(root, "dist/lambda/issuer.cjs");
const ISSUER = "https://issuer.example";
const isShort = process.argv.includes("--short");
const run = promisify(execFile);
const require = createRequire(import.meta.url);

const TOKENS = isShort
  ? { ES256: 1_000, RS256: 100, PS256: 100, ES384: 100, ES512: 100, Ed25519: 100 }
  : { ES256: 20_000, RS256: 2_000, PS256: 2_000, ES384: 2_000, ES512: 2_000, Ed25519: 2_000 };
const STARTS = isShort ? 200 : 1_000;
/** Parameter Store's default quota: calls a second. */
const QUOTA = 40;
const AT_ONCE = 20;
const context = { awsRequestId: "r", invokedFunctionArn: "arn:aws:lambda:eu-central-1:111122223333:function:issuer" };

/** Makes an issuer as a person would, and answers its installation's name and its keys. */
async function installed(aws, ...options) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-aws-proof-"));
  try {
    const env = { PATH: process.env.PATH, HOME: cwd, ...aws.env };
    await run(process.execPath, [join(root, "bin/signet"), "init", "--issuer", ISSUER, ...options], { cwd, env });
    const { installation } = JSON.parse(readFileSync(join(cwd, "signet.json"), "utf8")).aws;
    return { installation, jwks: JSON.parse(readFileSync(join(cwd, ".signet/public/jwks.json"), "utf8")) };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** Loads the function anew, as an environment of its own would. */
function environment(aws, installation) {
  Object.assign(process.env, aws.env, {
    SIGNET_INSTALLATION: installation,
    SIGNET_ISSUER: ISSUER,
    AWS_LAMBDA_LOG_LEVEL: "FATAL",
  });
  delete require.cache[FUNCTION];
  return require(FUNCTION).handler;
}

/** Does something so many times, a few at once. */
async function repeated(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

const SIZES = [0, 3_000, 4_096, 15_000];

async function tokens(aws, golang, alg, count) {
  const { installation, jwks } = await installed(aws, "--custody", "kms", "--algorithm", alg, "--ed25519-name", "Ed25519");
  const handler = environment(aws, installation);
  const keys = createLocalJWKSet(jwks);
  await repeated(count, async (index) => {
    // KMS signs no more than 4,096 bytes with Ed25519.
    const size = alg === "Ed25519" ? (SIZES[index % 2] ?? 0) * 0.8 : SIZES[index % SIZES.length];
    const filler = index % 25 === 0 ? "x".repeat(size) : "";
    const { token } = await handler({ claims: { sub: `s${index}`, aud: "api", filler }, ttl: 600 }, context);
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: "api" });
    if (payload.sub !== `s${index}`) throw new Error(`another token than was asked for: ${payload.sub}`);
    // golang-jwt knows Ed25519 by its older name alone.
    if (golang === undefined || alg === "Ed25519") return;
    const answer = await golang.ask({ op: "verify", alg, token, jwks, issuer: ISSUER, audience: "api" });
    if (answer.verified?.sub !== `s${index}`) throw new Error(`golang-jwt refuses a token: ${JSON.stringify(answer)}`);
  });
  return `${alg}: ${count} tokens by KMS, each verified by jose${golang === undefined || alg === "Ed25519" ? "" : " and golang-jwt"}`;
}

/** One signature in fifty is spoilt on its way: none of them leaves the function. */
async function corrupted(count) {
  const aws = await startFakeAws();
  const { installation, jwks } = await installed(aws, "--custody", "kms");
  aws.inject({ action: "kms:Sign", kind: "corrupt-signature", every: 50 });
  const handler = environment(aws, installation);
  const keys = createLocalJWKSet(jwks);
  let refused = 0;
  await repeated(count, async () => {
    try {
      await jwtVerify((await handler({ claims: {} }, context)).token, keys);
    } catch (error) {
      if (error.name !== "signature_unproven") throw error;
      refused += 1;
    }
  });
  await aws.close();
  return `${count} tokens with one signature in fifty spoilt: none of those left, ${refused} invocations failed`;
}

async function storm() {
  const aws = await startFakeAws({ rates: { "ssm:GetParameters": QUOTA } });
  const { installation, jwks } = await installed(aws, "--custody", "parameter-store");
  const keys = createLocalJWKSet(jwks);
  const began = performance.now();
  const calls = aws.calls.length;
  let last = 0;
  await Promise.all(
    Array.from({ length: STARTS }, async () => {
      const handler = environment(aws, installation);
      await jwtVerify((await handler({ claims: {} }, context)).token, keys);
      last = performance.now() - began;
    }),
  );
  const reads = aws.calls.length - calls;
  await aws.close();
  return `${STARTS} cold starts at once against ${QUOTA} reads a second: all signed, the last after ${(last / 1_000).toFixed(1)} s, ${reads} reads`;
}

/**
 * The function in a process of its own, on a Runtime API; `log` is what it has written.
 *
 * @param {() => unknown} beforeItStarts
 */
async function living(aws, options, beforeItStarts = () => undefined) {
  const { installation, jwks } = await installed(aws, "--custody", ...options);
  beforeItStarts();
  const keys = createLocalJWKSet(jwks);
  const api = await startRuntimeApi();
  const child = spawn(process.execPath, [join(root, "bench/bootstrap.cjs"), FUNCTION], {
    env: {
      ...aws.env,
      SIGNET_INSTALLATION: installation,
      SIGNET_ISSUER: ISSUER,
      SIGNET_KMS_KEY: options[2] ?? "",
      AWS_LAMBDA_RUNTIME_API: api.address,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let log = "";
  child.stdout.on("data", (chunk) => {
    log += chunk;
  });
  return {
    child,
    log: () => log,
    issue: async () => jwtVerify((await api.invoke('{"claims":{"sub":"alice"}}')).token, keys),
    end() {
      child.kill("SIGKILL");
      api.close();
    },
  };
}

/** As Lambda freezes and thaws it. */
async function frozen() {
  const aws = await startFakeAws();
  const { child, issue, end } = await living(aws, ["kms"]);
  const freeze = async (meanwhile) => {
    child.kill("SIGSTOP");
    await meanwhile();
    await delay(1_000);
    child.kill("SIGCONT");
  };
  try {
    await issue();
    // Its connections die while it sleeps.
    await freeze(async () => aws.dropConnections());
    await issue();
    // A call is under way when it falls asleep, and its answer never comes.
    aws.inject({ action: "kms:Sign", kind: "timeout" });
    const asked = issue();
    await delay(100);
    await freeze(async () => aws.dropConnections());
    await asked;
  } finally {
    end();
    await aws.close();
  }
  return "a function that was frozen, its connections dead or a call under way, issued at once when it thawed";
}

/** What opening a key calls, by who holds it. */
const OPENED_BY = {
  "parameter-store": "ssm:GetParameters",
  "secrets-manager": "secretsmanager:GetSecretValue",
  "kms-data-key": "kms:Decrypt",
};

const wrappingKey = (aws) => aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;

async function eventually(holds, what) {
  for (const endsAt = Date.now() + 10_000; !holds(); await delay(20)) {
    if (Date.now() > endsAt) throw new Error(`not within ten seconds: ${what}`);
  }
}

const opensAtStart = ({ runsInLambda, usage }) => runsInLambda && usage(1).signCallsPerToken === 0;

/** Whose key cannot be opened when it starts, nor at the first request. */
async function failingInit() {
  const denied = { code: "AccessDeniedException", status: 400 };
  const { CUSTODIES } = await sourceModule("src/custody/registry.js");
  for (const { name: custody, kmsKey } of CUSTODIES.filter(opensAtStart)) {
    const action = OPENED_BY[custody];
    if (action === undefined) throw new Error(`OPENED_BY does not say what opening a key of ${custody} calls`);
    const aws = await startFakeAws();
    const options = kmsKey === "wraps" ? [custody, "--kms-key", wrappingKey(aws)] : [custody];
    const { issue, log, end } = await living(aws, options, () => aws.inject({ action, ...denied, times: 2 }));
    try {
      await eventually(() => log().includes(`allow ${action}`), "the log says which right is missing");
      const told = await issue().then(
        () => undefined,
        (error) => error,
      );
      if (told?.name !== "aws_access_denied" || told.message.includes(action)) throw new Error(`${custody}: ${told}`);
      await issue();
    } finally {
      end();
      await aws.close();
    }
  }
  return "a function whose start failed logged which right was missing, told its caller no more than that it failed, and issued as soon as it had it";
}

async function golangJwt() {
  const missing = await prepare("go");
  if (missing === undefined) return converse(commandOf({ toolchain: "go", program: "golang-jwt" }));
  if (process.env.CI === "true") throw new Error(`skipped in CI: ${missing}`);
  console.log(`skipped: golang-jwt (${missing})`);
  return undefined;
}

const golang = await golangJwt();
for (const [alg, count] of Object.entries(TOKENS)) {
  const aws = await startFakeAws();
  console.log(await tokens(aws, golang, alg, count));
  await aws.close();
}
golang?.stop();
console.log(await corrupted(isShort ? 500 : 5_000));
console.log(await storm());
console.log(await frozen());
console.log(await failingInit());
if (!isShort) {
  await inFull("test/aws/faults.test.ts");
  await inFull("test/aws/migration.test.ts");
  console.log("every call of every custodian failed once: the next ticks finished, and nothing was left over");
}
process.exit();
