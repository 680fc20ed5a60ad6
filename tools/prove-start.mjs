/**
 * Starts the function that ships under AWS's own runtime clients, and lets go wrong what can while it starts, and while it is frozen:
 * what each invocation calls, waits for and is answered.
 *
 *   node tools/prove-start.mjs [--short]   Build first. Short: each client on one Node, instead of on every Node at hand, and without
 *                                          what has to be compiled.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, promisify } from "node:util";
import { createLocalJWKSet, jwtVerify } from "jose";
import { parseDocument } from "yaml";
import { startFakeAws } from "../test/fakes/aws/fake-aws.mjs";
import { nodesAtHand } from "./installed.mjs";
import { compileNativePart, installClients, startEnvironment } from "./lambda-clients.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
/** What ships: in the template, to be read, and minified. */
const TEXTS = {
  readable: parseDocument(readFileSync(join(root, "dist/template.yaml"), "utf8"), { logLevel: "silent" }).getIn(
    "Resources.Issuer.Properties.Code.ZipFile".split("."),
  ),
  minified: readFileSync(join(root, "dist/lambda/issuer.cjs"), "utf8"),
};
const CERTIFICATES = join(root, "test/cli/certificates");
const CERTIFICATE = "local.cert.pem";
const EVENT = '{"claims":{"sub":"alice"},"setIat":true}';
const READ = "ssm:GetParameters";
const SIGN = "kms:Sign";
const PATIENCE_MS = 60_000;
const TRUST = { NODE_EXTRA_CA_CERTS: join(CERTIFICATES, CERTIFICATE) };
const isShort = process.argv.includes("--short");
const run = promisify(execFile);

let passed = 0;
let failed = 0;
function check(what, found, expected = true) {
  const isRight = isDeepStrictEqual(found, expected);
  if (isRight) passed += 1;
  else failed += 1;
  if (!isRight) console.log(`NOT SO: ${what}: ${JSON.stringify(found)}, and not ${JSON.stringify(expected)}`);
}

async function until(holds, what) {
  for (const end = Date.now() + PATIENCE_MS; !holds(); await delay(10))
    if (Date.now() > end) throw new Error(`it did not come: ${what}`);
}

/** A way to a port whose connections are counted, and can go silent as those of a frozen function do. */
async function startRelay(url) {
  const relay = { count: 0, silent: 0, url: "", silence: () => (relay.silent = relay.count) };
  const server = createServer((from) => {
    relay.count += 1;
    const own = relay.count;
    const to = connect(Number(new URL(url).port), "127.0.0.1");
    from.on("data", (chunk) => own <= relay.silent || to.write(chunk));
    to.pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ])
      one.on("error", () => undefined).on("close", () => other.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  relay.url = `https://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  return relay;
}

/** AWS, with an installation of each kind in it. */
async function startWorld() {
  const world = { aheadMs: 0 };
  const [key, cert] = ["local.key.pem", CERTIFICATE].map((name) => readFileSync(join(CERTIFICATES, name), "utf8"));
  const aws = await startFakeAws({ now: () => Date.now() + world.aheadMs, tls: { key, cert } });
  const kms = await startRelay(aws.url);
  const installations = {};
  for (const custody of ["parameter-store", "kms"]) {
    const cwd = mkdtempSync(join(tmpdir(), "signet-start-"));
    await run(process.execPath, [join(root, "bin/signet"), "init", "--custody", custody], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd, ...TRUST, ...aws.env },
    });
    const { installation } = JSON.parse(readFileSync(join(cwd, "signet.json"), "utf8")).aws;
    const jwks = JSON.parse(readFileSync(join(cwd, ".signet/public/jwks.json"), "utf8"));
    installations[custody] = { installation, keys: createLocalJWKSet(jwks) };
    rmSync(cwd, { recursive: true });
  }
  return Object.assign(world, { aws, kms, installations, calls: () => aws.calls.splice(0).map(({ action }) => action) });
}

/** Plays stories on one Node with one client: each gets a function that has not started yet. */
function stage(world, { client, node, form = "readable" }) {
  const { aws, kms } = world;
  return async function play(what, custody, story, { env = {}, before = () => undefined } = {}) {
    const { installation, keys } = world.installations[custody];
    world.aheadMs = 0;
    world.calls();
    aws.clearFaults();
    before();
    const name = `client ${client}, Node ${node.version}, ${form}, ${custody}: ${what}`;
    const variables = {
      ...TRUST,
      ...aws.env,
      AWS_ENDPOINT_URL_KMS: kms.url,
      SIGNET_INSTALLATION: installation,
      SIGNET_METRICS: "true",
      ...env,
    };
    const environment = await startEnvironment({ client, node: node.path, text: TEXTS[form], env: variables });
    const lines = () =>
      environment
        .said()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line));
    try {
      const failure = await environment.initialized;
      await story({
        ...environment,
        failure,
        called: world.calls(),
        lines,
        is: (part, found, expected) => check(`${name}: ${part}`, found, expected),
        /** What an invocation called until it was answered; its token is verified. */
        async issue() {
          const { token } = await environment.invoke(EVENT);
          const calls = world.calls();
          const { payload } = await jwtVerify(token, keys);
          if (payload.sub !== "alice") throw new Error("another token than was asked for");
          return calls;
        },
        freeze(seconds, meanwhile) {
          environment.freeze(seconds, meanwhile);
          world.aheadMs += seconds * 1_000;
        },
      });
    } catch (error) {
      check(`${name}: ${error?.stack ?? error}\n${environment.said()}`, false);
    } finally {
      await environment.stop();
    }
  };
}

const denied = { action: READ, code: "AccessDeniedException", status: 400 };
const throttled = { action: READ, code: "ThrottlingException", status: 400 };
/** Within the hour for which a key signs unconfirmed, and beyond it. */
const [WITHIN_SECONDS, BEYOND_SECONDS] = [3_000, 4_000];

async function starts(play, { kms }) {
  const limits = { SIGNET_LIMITS: '{"maxTokensPerMinute":1}' };
  await play(
    "a start",
    "parameter-store",
    async ({ is, called, issue, lines, invoke }) => {
      is("INIT reads the key", called, [READ]);
      is("INIT says nothing", lines(), []);
      is("the first invocation calls nothing", await issue(), []);
      const refusal = await invoke(EVENT).catch(({ name }) => name);
      is("INIT's own token is in no rate", refusal, "rate_exceeded");
      is(
        "and in no metric",
        lines().flatMap(({ Issued }) => Issued ?? []),
        [1],
      );
    },
    { env: limits },
  );
  let connections = 0;
  await play(
    "a start",
    "kms",
    async ({ is, called, issue, lines }) => {
      is("INIT reads the key, and KMS signs nothing", called, [READ]);
      is("INIT opens a connection to KMS", kms.count - connections, 1);
      is("INIT says nothing", lines(), []);
      is("the first invocation lets KMS sign", await issue(), [SIGN]);
      is("over that connection", kms.count - connections, 1);
      is("one signature is in the metrics", lines().flatMap(({ KmsMilliseconds }) => KmsMilliseconds ?? []).length, 1);
      is("the next one lets it sign over the same", [await issue(), kms.count - connections], [[SIGN], 1]);
    },
    { before: () => (connections = kms.count) },
  );
}

async function failures(play, { aws }) {
  const fault = (planned) => ({ before: () => aws.inject(planned) });
  await play(
    "INIT is denied twice",
    "parameter-store",
    async ({ is, called, issue, invoke, lines, said, task }) => {
      is("INIT asks once", called, [READ]);
      is(
        "the log says which right is missing",
        [lines().length, lines()[0]?.requestId, lines()[0]?.failure.includes(`allow ${READ}`)],
        [1, "init", true],
      );
      const told = await invoke(EVENT).catch(({ name, message }) => ({ name, says: message.includes(READ) }));
      is("a caller is told that it failed", told, { name: "aws_access_denied", says: false });
      is("nobody is shown a path or a trace", /\n\s+at |"at":/.test(said()) || said().includes(task), false);
      is("the next invocation asks again", await issue(), [READ, READ]);
    },
    fault({ ...denied, times: 2 }),
  );
  for (const custody of ["parameter-store", "kms"]) {
    const signed = custody === "kms" ? [SIGN] : [];
    await play(
      "INIT is throttled",
      custody,
      async ({ is, called, issue }) => {
        is("it asks until it is answered", called, [READ, READ, READ]);
        is("the first invocation has the key", await issue(), signed);
      },
      fault({ ...throttled, times: 2 }),
    );
    await play(
      "INIT's connection is reset",
      custody,
      async ({ is, called, issue }) => {
        is("it asks again", called, [READ, READ]);
        is("the first invocation has the key", await issue(), signed);
      },
      fault({ action: READ, kind: "reset" }),
    );
  }
  await play(
    "a setting is wrong",
    "parameter-store",
    async ({ is, failure, ended, said, task }) => {
      await ended;
      is("INIT fails with words", failure?.errorMessage.includes("SIGNET_LIMITS"), true);
      is("and without a path of this function", JSON.stringify(failure).includes(task) || said().includes(task), false);
    },
    { env: { SIGNET_LIMITS: '{"maxTtl":1}' } },
  );
}

async function freezes(play, { aws, kms, calls }) {
  for (const custody of ["parameter-store", "kms"]) {
    const signed = custody === "kms" ? [SIGN] : [];
    await play("it is frozen after INIT and its connections die", custody, async ({ is, issue, freeze }) => {
      freeze(WITHIN_SECONDS, aws.dropConnections);
      is("within the key's age it confirms nothing first", await issue(), signed);
      const late = [];
      await until(() => late.push(...calls()) > 0, "the key is confirmed after the answer");
      is("it confirms the key after the answer", late, [READ]);
      freeze(BEYOND_SECONDS, aws.dropConnections);
      is("beyond it, it reads the key first", await issue(), [READ, ...signed]);
    });
  }
  await play("its connections are silent when it thaws", "kms", async ({ is, issue, freeze }) => {
    const began = performance.now();
    freeze(WITHIN_SECONDS, kms.silence);
    is("KMS signs once, over another connection", await issue(), [SIGN]);
    is("after a second", performance.now() - began > 900, true);
  });
}

/** No answer at all: INIT ends by itself, and what it asks is still asked by the first invocation. */
async function endless(play, { aws }) {
  const began = performance.now();
  await play(
    "INIT is throttled without an end",
    "parameter-store",
    async ({ is, issue, lines }) => {
      is("INIT ends after five seconds", performance.now() - began > 5_000, true);
      is("and has said nothing yet", lines(), []);
      aws.clearFaults();
      is(
        "the first invocation waits for the key",
        (await issue()).every((call) => call === READ),
        true,
      );
    },
    { before: () => aws.inject({ ...throttled, times: 1e6 }) },
  );
}

/** @param {any[]} scenes each an actor, and the parts that it plays */
async function playAll(scenes) {
  const world = await startWorld();
  for (const [actor, ...parts] of scenes) for (const part of parts) await part(stage(world, actor), world);
  await world.aws.close();
}

const nodes = nodesAtHand().map((path) => ({
  path,
  version: execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }).trim(),
}));
await installClients();
if (!isShort) await compileNativePart();
const actors = [3, 4].map((client) => nodes.map((node) => ({ client, node })));
const chosen = actors.map((each) => (isShort ? each.slice(0, 1) : each));
// What waits for its time takes no processor: side by side.
await Promise.all([
  ...chosen.map((each) =>
    playAll(
      each.flatMap((actor) => [
        [actor, starts, failures, freezes],
        [{ ...actor, form: "minified" }, starts],
      ]),
    ),
  ),
  playAll(chosen.map(([first]) => [first, endless])),
]);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
