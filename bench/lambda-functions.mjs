/** The functions that are compared, each with what it needs in a strict fake of AWS, which is reached over TLS and answers late. */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { parseDocument } from "yaml";
import { startFakeAws } from "../test/fakes/aws/fake-aws.mjs";
import { startEnvironment } from "../tools/lambda-clients.mjs";
import { peakMb } from "../tools/processes.mjs";
import { buildGolang } from "./programs.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const CERTIFICATES = join(root, "test/cli/certificates");
const CERTIFICATE = join(CERTIFICATES, "local.cert.pem");
const run = promisify(execFile);

export const EVENT = JSON.stringify({ claims: { sub: "alice", aud: "my-api", role: "admin" }, ttl: 600, setIat: true });
/** From a function to AWS and back. */
export const LATENCY_MS = 10;
/** Shorter than an hour, the maximum age of a key. */
export const WITHIN_SECONDS = 3_000;
const PARAMETER = "/bench/key";

/** Starts an environment, and waits until it asks for its first event. @param {boolean} [isNeverFrozen] false for one that will be */
export async function start(one, isNeverFrozen = true) {
  const began = performance.now();
  const environment = await startEnvironment({ ...one, isNeverFrozen });
  const failure = await environment.initialized;
  const initMs = performance.now() - began;
  if (failure !== undefined) throw new Error(`it did not start: ${JSON.stringify(failure)}`);
  const { pid } = environment;
  return { ...environment, initMs, cpuUs: () => cpuUs(pid), peakMb: () => peakMb(pid) };
}

/** Processor time so far, of all threads (proc(5), schedstat: nanoseconds). */
function cpuUs(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, id) => sum + threadNs(pid, id), 0) / 1e3;
}

/** A thread may end between the list and the look at it, at the start of a process most of all: its time is then not counted. */
function threadNs(pid, id) {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8"), 10);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return 0;
    throw error;
  }
}

/** @param {readonly { name: string, kmsKey?: string }[]} custodies those that run in Lambda */
export async function createWorld(custodies) {
  let aheadMs = 0;
  const [key, cert] = [join(CERTIFICATES, "local.key.pem"), CERTIFICATE].map((path) => readFileSync(path, "utf8"));
  const aws = await startFakeAws({ now: () => Date.now() + aheadMs, latencyMs: LATENCY_MS, tls: { key, cert } });
  const env = { ...aws.env, NODE_EXTRA_CA_CERTS: CERTIFICATE, SSL_CERT_FILE: CERTIFICATE };
  const pem = String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }));
  aws.perform("ssm", "PutParameter", { Name: PARAMETER, Type: "SecureString", Value: pem });
  const ours = {};
  for (const custody of custodies) ours[custody.name] = await installed(aws, custody, env);
  const text = issuerIn(readFileSync(join(root, "dist/template.yaml"), "utf8"));
  const textBefore = issuerIn(gunzipSync(readFileSync(join(root, "test/formats/v2/template.yaml.gz"))).toString());
  const kmsKey = aws.perform("kms", "CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }).KeyMetadata.Arn;
  const smallest = {
    empty: { text: bundled("empty"), env },
    embedded: { text: bundled("embedded"), env: { ...env, BENCH_KEY: pem } },
    fetching: { text: bundled("fetching"), env: { ...env, BENCH_PARAMETER: PARAMETER } },
    "asking-bare": { text: bundled("asking-bare"), env: { ...env, BENCH_KMS_KEY: kmsKey } },
    asking: { text: bundled("asking"), env: { ...env, BENCH_KMS_KEY: kmsKey } },
    signing: { text: bundled("signing"), env: { ...env, BENCH_KMS_KEY: kmsKey } },
  };
  const go = inGo(env, kmsKey);
  return {
    /** @param {{ path: string, client: 3 | 4 }} node */
    functions({ path, client }) {
      const on = (one) => ({ ...one, node: path, client });
      const signet = Object.entries(ours).map(([name, variables]) => [name, on({ text, env: variables })]);
      return {
        ...Object.fromEntries(Object.entries(smallest).map(([name, one]) => [name, on(one)])),
        ...Object.fromEntries(signet),
        ...go,
      };
    },
    /** An older function, where KMS signs. @param {{ path: string, client: 3 | 4 }} node */
    before: ({ path, client }) => ({ text: textBefore, env: ours.kms, node: path, client }),
    /** What was called since it was last asked. */
    calls: () => aws.calls.splice(0).map(({ action }) => action),
    /** Answers what tells how many connections there were at a time from now on. */
    connections() {
      aws.connections.most = aws.connections.open;
      return () => aws.connections.most;
    },
    /** A function is frozen meanwhile: its connections die. */
    pass() {
      aheadMs += WITHIN_SECONDS * 1_000;
      aws.dropConnections();
    },
    reset() {
      aheadMs = 0;
    },
    close: () => aws.close(),
  };
}

/** The function that issues, as it stands in a template. @param {string} text */
function issuerIn(text) {
  const template = parseDocument(text, { logLevel: "silent" });
  return String(template.getIn(["Resources", "Issuer", "Properties", "Code", "ZipFile"]));
}

function bundled(name) {
  const entryPoints = [join(root, `bench/functions/${name}.cjs`)];
  const { outputFiles } = buildSync({ entryPoints, bundle: true, platform: "node", format: "cjs", write: false });
  return outputFiles[0].text;
}

async function installed(aws, { name: custody, kmsKey }, variables) {
  const cwd = mkdtempSync(join(tmpdir(), "signet-bench-lambda-"));
  const env = { PATH: process.env.PATH, HOME: cwd, ...variables };
  const wrapping = aws.perform("kms", "CreateKey", {}).KeyMetadata.Arn;
  const more = kmsKey === "wraps" ? ["--kms-key", wrapping] : [];
  await run(process.execPath, [join(root, "bin/signet"), "init", "--custody", custody, ...more], { cwd, env });
  const { installation } = JSON.parse(readFileSync(join(cwd, "signet.json"), "utf8")).aws;
  rmSync(cwd, { recursive: true });
  return { ...variables, SIGNET_INSTALLATION: installation, SIGNET_KMS_KEY: wrapping };
}

/** The same function in Go, by name; none where there is no Go. */
function inGo(variables, kmsKey) {
  const program = buildGolang("./lambda");
  if (program === undefined) return {};
  const env = { ...variables, PATH: process.env.PATH, KMS_KEY_ID: kmsKey, BENCH_PARAMETER: PARAMETER };
  const roles = ["empty", "memory", "reads", "kms"];
  return Object.fromEntries(roles.map((role) => [`go-${role}`, { program, env: { ...env, ROLE: role } }]));
}
