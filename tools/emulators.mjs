/**
 * Lives an issuer's life against emulators of AWS that others wrote: ministack for KMS, Parameter Store, Secrets Manager and S3, moto for
 * all of them but KMS, versitygw for S3, which checks signatures and the conditions of writes. test/emulators/README.md says what they are
 * not believed.
 *
 *   node tools/emulators.mjs [--write]   Build first. --write records the session with a stack anew.
 */
import { execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decodeProtectedHeader } from "jose";
import { authorizerLife } from "./emulated-authorizer.mjs";
import { outputsLife } from "./emulated-outputs.mjs";
import { stackLife } from "./emulated-stack.mjs";
import { has, once, pythonTools, skip } from "./installed.mjs";
import { freePort, untilAnswers } from "./processes.mjs";
import { masked, replayed } from "./transcripts.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const pins = join(root, "test/emulators/requirements.txt");
const cache = join(root, "test/emulators/.cache");
const VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const run = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), "signet-emulators-"));
/** @type {import("node:child_process").ChildProcess[]} */
const running = [];
let passed = 0;

function check(holds, what) {
  if (!holds) throw new Error(what);
  passed += 1;
  console.log(`ok: ${what}`);
}

async function started(command, args, env, url) {
  const child = spawn(command, args, { cwd: scratch, env: { PATH: process.env.PATH, HOME: scratch, ...env }, stdio: "ignore" });
  running.push(child);
  await untilAnswers(url, child);
  return url;
}

async function ministack() {
  if (!(await has("python3", "--version"))) return skip("ministack: python3 not found");
  const bin = await pythonTools(cache, "ministack", pins);
  const port = await freePort();
  // Without BIND_HOST it listens for everybody.
  const env = { BIND_HOST: "127.0.0.1", GATEWAY_PORT: String(port) };
  return started(join(bin, "ministack"), [], env, `http://127.0.0.1:${port}`);
}

async function moto() {
  if (!(await has("python3", "--version"))) return skip("moto: python3 not found");
  const bin = await pythonTools(cache, "moto", join(root, "test/emulators/moto.txt"), "moto");
  const port = await freePort();
  return started(join(bin, "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], {}, `http://127.0.0.1:${port}`);
}

async function versitygw() {
  if (!(await has("go", "version"))) return skip("versitygw: go not found");
  await once(cache, "versitygw", VERSITYGW, async () => {
    const go = { GOBIN: join(cache, "bin"), GOMODCACHE: join(cache, "go/mod"), GOCACHE: join(cache, "go/build") };
    // Six hundred packages are compiled a third faster where nothing is optimized.
    const quick = ["-gcflags=all=-N -l", "-ldflags=-s -w"];
    await run("go", ["install", "-modcacherw", ...quick, VERSITYGW], { env: { ...process.env, ...go }, maxBuffer: 1 << 24 });
  });
  const port = await freePort();
  mkdirSync(join(scratch, "s3/keyrings"), { recursive: true });
  const args = ["--port", `127.0.0.1:${port}`, "posix", join(scratch, "s3")];
  const env = { ROOT_ACCESS_KEY: "test", ROOT_SECRET_KEY: "testsecret" };
  return started(join(cache, "bin/versitygw"), args, env, `http://127.0.0.1:${port}`);
}

/** Makes an issuer as a person would, and lets it issue and verify. */
async function life(what, env, ...options) {
  const cwd = mkdtempSync(join(scratch, "issuer-"));
  const signet = async (...args) =>
    (
      await run(process.execPath, [join(root, "bin/signet"), ...args], { cwd, env: { PATH: process.env.PATH, ...env } })
    ).stdout.trim();
  await signet("init", "--issuer", "https://issuer.example", ...options);
  const token = await signet("issue", "sub=alice");
  await signet("verify", token);
  await signet("keys", "tick");
  await signet("keys", "repair");
  await signet("audit", "verify");
  check(true, `${what}: made, issued, verified, ticked, nothing to repair`);
  return { signet, token, cwd, kid: decodeProtectedHeader(token).kid };
}

const SHORT_WAITS = { NODE_OPTIONS: `--import ${join(root, "test/rotation/processes/short-waits.mjs")}` };

/** Revokes the key that signs, issues with the next one, and lets the keys move to another custodian. */
async function wholeLife(what, env, custody, next, ...options) {
  const { signet, kid } = await life(what, { ...env, ...SHORT_WAITS }, "--custody", custody, ...options);
  await signet("keys", "rotate");
  await signet("keys", "revoke", kid, "--yes");
  await signet("verify", await signet("issue", "sub=bob"));
  await signet("keys", "migrate", "--custody", next);
  await signet("keys", "tick");
  const { keys } = JSON.parse(await signet("keys", "list", "--json"));
  check(
    keys.some(({ custody: holder, state }) => holder === next && state === "pending"),
    `${what}: rotated, revoked, issued with the next key, on the move to ${next}`,
  );
}

/** Private keys made elsewhere go into ministack's KMS, which signs what the files' own public halves verify. */
async function importedLife(env) {
  /** @type {[string, import("node:crypto").KeyPairKeyObjectResult, "pkcs1" | "sec1"][]} */
  const made = [
    ["RSA, PKCS#1", generateKeyPairSync("rsa", { modulusLength: 3_072 }), "pkcs1"],
    ["P-384, SEC 1", generateKeyPairSync("ec", { namedCurve: "P-384" }), "sec1"],
  ];
  for (const [what, { privateKey, publicKey }, type] of made) {
    const [secret, known] = [join(scratch, "imported.pem"), join(scratch, "imported.pub.pem")];
    writeFileSync(secret, privateKey.export({ format: "pem", type }), { mode: 0o600 });
    writeFileSync(known, publicKey.export({ format: "pem", type: "spki" }));
    const { signet, token, kid } = await life(`kms, imported ${what}`, env, "--custody", "kms", "--import", secret);
    await signet("verify", token, "--pem", known);
    await signet("verify", token, "--kms", kid);
    check(true, `kms, imported ${what}: the file's public half and KMS verify it`);
  }
}

/** All but the signatures of KMS: moto hashes a digest once more, so nothing that it signs is ever answered. */
async function motoLife(url, env) {
  await wholeLife("moto, parameter-store", env, "parameter-store", "secrets-manager");
  await wholeLife("moto, secrets-manager", env, "secrets-manager", "parameter-store");
  await called(url, "PUT", "/moto-keyrings");
  await wholeLife(
    "moto, with a keyring in S3",
    env,
    "parameter-store",
    "secrets-manager",
    "--keyring",
    "s3://moto-keyrings/prod",
  );
  const refused = await life("moto, kms", env, "--custody", "kms").catch((error) => error);
  check(
    /refuse; is the endpoint AWS\?/.test(refused.stderr),
    "moto, kms: a signature that is wrong is told as one, and never answered",
  );
}

/** A profile alone says where AWS is. */
async function profileLife(url) {
  const home = mkdtempSync(join(scratch, "home-"));
  mkdirSync(join(home, ".aws"));
  writeFileSync(join(home, ".aws/config"), `[profile emulator]\nregion = us-east-1\nendpoint_url = ${url}\n`);
  writeFileSync(join(home, ".aws/credentials"), "[emulator]\naws_access_key_id = test\naws_secret_access_key = test\n");
  await life("where a profile says", { HOME: home, AWS_PROFILE: "emulator" }, "--custody", "parameter-store");
}

/** The alias of the key that signs follows a revocation, and the keys move to another custodian. */
async function moves(env) {
  const { signet, cwd, kid } = await life("kms, on the move", { ...env, ...SHORT_WAITS }, "--custody", "kms");
  const { installation } = JSON.parse(readFileSync(join(cwd, "signet.json"), "utf8")).aws;
  await signet("keys", "revoke", kid, "--yes");
  const token = await signet("issue", "sub=alice");
  await signet("verify", token, "--kms", `alias/signet/${installation}/active`);
  check(decodeProtectedHeader(token).kid !== kid, "the alias of the key that signs names the one that took over");
  await signet("keys", "migrate", "--custody", "parameter-store");
  const { keys } = JSON.parse(await signet("keys", "list", "--json"));
  const waiting = keys.filter(({ custody, state }) => custody === "parameter-store" && state === "pending");
  check(waiting.length === 2, "a migration to Parameter Store has its standbys published");
}

/** The two functions that ship, with KMS and Parameter Store by one emulator and the bucket by another. */
async function functions(env) {
  const settings = { SIGNET_INSTALLATION: "functions", SIGNET_KEYRING: "s3://keyrings/functions", SIGNET_CUSTODY: "kms" };
  const all = { PATH: process.env.PATH, ...env, ...SHORT_WAITS, ...settings };
  const { stderr } = await run(process.execPath, [join(root, "test/emulators/functions.cjs")], { env: all });
  const { tokens, keys } = JSON.parse(stderr.slice(stderr.lastIndexOf("\n{")));
  const [before, after] = tokens.map((token) => decodeProtectedHeader(token).kid);
  const states = Object.fromEntries(keys.map(({ kid, state }) => [kid, state]));
  check(
    states[before] === undefined && states[after] === "active",
    "the functions made a key, signed, revoked it and signed with the next",
  );
}

/** Plays the session that the page shows, with AWS's own command line. */
function stackSession(url) {
  const path = join(root, "docs/transcripts/aws/stack.txt");
  const recorded = readFileSync(path, "utf8");
  const keys = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
  const tools = `${join(root, "bin")}:${join(cache, "python/bin")}:${process.env.PATH}`;
  const place = { AWS_ENDPOINT_URL: url, AWS_REGION: "eu-central-1", AWS_DEFAULT_REGION: "eu-central-1" };
  const now = replayed(recorded, { PATH: tools, ...place, ...keys });
  if (process.argv.includes("--write")) writeFileSync(path, now);
  else
    check(
      masked(now) === masked(recorded),
      "the session that docs/transcripts/aws/stack.txt shows answers so (record it: --write)",
    );
}

/** Calls an emulator that checks no signature: it looks at the service's name in it, and at nothing else. */
async function called(url, method, path, headers = {}, body = "") {
  const service = path === "/" ? "kms" : "s3";
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const response = await fetch(url + path, { method, headers: { ...headers, authorization }, body: body || null });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response;
}

async function wrappingKey(url) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.CreateKey" };
  return /** @type {any} */ (await (await called(url, "POST", "/", headers, "{}")).json()).KeyMetadata.Arn;
}

async function main() {
  const [aws, s3, other] = [await ministack(), await versitygw(), await moto()];
  if (aws === undefined) return;
  const env = { AWS_ENDPOINT_URL: aws, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "testsecret" };
  await life("parameter-store", env, "--custody", "parameter-store");
  await wholeLife("secrets-manager", env, "secrets-manager", "kms");
  await profileLife(aws);
  await called(aws, "PUT", "/own-keyrings");
  await wholeLife("ministack alone", env, "parameter-store", "kms", "--keyring", "s3://own-keyrings/prod");
  await life("kms-data-key", env, "--custody", "kms-data-key", "--kms-key", await wrappingKey(aws));
  for (const algorithm of ["ES256", "ES384", "ES512", "RS256", "PS256", "Ed25519"]) {
    const { signet, token, kid } = await life(`kms, ${algorithm}`, env, "--custody", "kms", "--algorithm", algorithm);
    await signet("verify", token, "--kms", kid);
    check(true, `kms, ${algorithm}: KMS verifies it as well`);
  }
  await importedLife(env);
  await moves(env);
  if (other !== undefined) await motoLife(other, { ...env, AWS_ENDPOINT_URL: other });
  const cwd = mkdtempSync(join(scratch, "stack-"));
  await stackLife({ url: aws, root, cwd, check });
  const tools = join(cache, "python/bin");
  await outputsLife({ url: aws, root, cwd: mkdtempSync(join(scratch, "outputs-")), tools, check });
  await authorizerLife({ url: aws, root, cwd: mkdtempSync(join(scratch, "authorizer-")), port: await freePort(), check });
  stackSession(aws);
  if (s3 === undefined) return;
  const withBucket = { ...env, AWS_ENDPOINT_URL_S3: s3 };
  await wholeLife("kms, with a keyring in S3", withBucket, "kms", "parameter-store", "--keyring", "s3://keyrings/moves");
  const { signet } = await life("a keyring in S3", withBucket, "--custody", "parameter-store", "--keyring", "s3://keyrings/prod");
  const ticks = await Promise.allSettled(Array.from({ length: 16 }, () => signet("keys", "rotate")));
  const history = await signet("audit", "verify").then(() => true);
  check(
    history && ticks.some(({ status }) => status === "fulfilled"),
    "sixteen managers at once leave one keyring and a whole log",
  );
  await functions(withBucket);
}

try {
  await main();
  console.log(`\n${passed} passed, 0 failed`);
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
}
