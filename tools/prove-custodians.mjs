/**
 * Proves the examples of examples/custodians with the built command: an issuer whose keys each of them keeps is made, issues, rotates, loses
 * a key by revocation and is audited; its private keys stand nowhere in its own folder.
 *
 *   node tools/prove-custodians.mjs
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { skip } from "./installed.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

function assert(isTrue, what) {
  if (!isTrue) throw new Error(what);
}

/** An issuer's life with a custodian. */
async function live(cwd, name, flags, env) {
  const all = { ...process.env, ...env };
  const signet = async (...args) => (await run(process.execPath, [join(root, "bin/signet"), ...args], { cwd, env: all })).stdout;
  await signet("init", "--issuer", "https://issuer.example", "--custody", "command", ...flags);
  const verifies = async (token) => signet("verify", token, "--issuer", "https://issuer.example", "--audience", "api");
  const token = (await signet("issue", "sub=alice", "aud=api", "-n", "3")).trim().split("\n");
  assert(token.length === 3, `${name}: three tokens were asked for`);
  await verifies(token[2]);
  const keys = async () => JSON.parse(await signet("keys", "list", "--json")).keys;
  const active = (await keys()).find(({ state }) => state === "active");
  await signet("keys", "revoke", active.kid, "--yes");
  assert(
    (await keys()).every(({ kid }) => kid !== active.kid),
    `${name}: the revoked key has left`,
  );
  await verifies((await signet("issue", "sub=bob", "aud=api")).trim());
  await signet("keys", "tick");
  await signet("audit", "verify");
  for (const entry of readdirSync(join(cwd, ".signet"), { recursive: true, withFileTypes: true })) {
    const text = entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), "utf8") : "";
    assert(!/pkcs8|"d":|PRIVATE KEY/.test(text), `${name}: ${entry.name} holds a private key`);
  }
  console.log(`ok: ${name}`);
}

async function encryptedStore(scratch) {
  const program = [join(root, "examples/custodians/encrypted-store.mjs"), join(scratch, "store")];
  const cwd = join(scratch, "kept");
  mkdirSync(cwd);
  const flags = flagsOf({ program, environment: ["STORE_PASSPHRASE"] });
  await live(cwd, "encrypted-store.mjs", flags, { STORE_PASSPHRASE: "correct horse" });
  const stored = readdirSync(join(scratch, "store"));
  assert(stored.length > 0, "the store holds the keys");
  for (const name of stored) {
    assert(!readFileSync(join(scratch, "store", name), "latin1").includes("pkcs8"), `${name} is encrypted`);
  }
}

async function softHsm(scratch) {
  const library = await softHsmModule();
  if (library === undefined)
    return skip("softhsm.mjs: there is no softhsm2 or no pkcs11-tool (Debian: apt-get install softhsm2 opensc)");
  const tokens = join(scratch, "tokens");
  mkdirSync(tokens);
  const env = { SOFTHSM2_CONF: join(scratch, "softhsm2.conf"), HSM_PIN: "1234" };
  writeFileSync(env.SOFTHSM2_CONF, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const made = ["--init-token", "--free", "--label", "signet", "--pin", env.HSM_PIN, "--so-pin", "5678"];
  await run("softhsm2-util", made, { env: { ...process.env, ...env } });
  const program = [join(root, "examples/custodians/softhsm.mjs"), library, "signet"];
  const cwd = join(scratch, "signed");
  mkdirSync(cwd);
  const flags = flagsOf({ program, signs: true, environment: ["HSM_PIN", "SOFTHSM2_CONF"] });
  return live(cwd, "softhsm.mjs", flags, env);
}

/** Where SoftHSM's module is; on a machine of CI that lacks it, it is installed first. */
async function softHsmModule() {
  const found = async () => {
    if (!(await isThere("softhsm2-util")) || !(await isThere("pkcs11-tool"))) return undefined;
    return MODULES.find((path) => readable(path));
  };
  if ((await found()) === undefined && process.env.CI === "true" && process.getuid?.() === 0) {
    console.log("installing softhsm2 and opensc");
    const apt = (...words) => run("apt-get", words, { timeout: 180_000 });
    const install = () => apt("install", "--yes", "--no-install-recommends", "softhsm2", "opensc");
    // A machine that is new knows no package until it has asked for the lists.
    await install()
      .catch(() => apt("update").then(install))
      .catch(({ stderr, message }) => console.log(stderr || message));
  }
  return found();
}

// What it exits with says nothing: pkcs11-tool ends with 1 when it has shown its help.
const isThere = (tool) =>
  run(tool, ["--help"]).then(
    () => true,
    ({ code }) => code !== "ENOENT",
  );

function readable(path) {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

function flagsOf({ program, signs = false, environment }) {
  const words = ["--command", JSON.stringify(program), "--command-environment", JSON.stringify(environment)];
  return [...words, "--command-timeout-seconds", "120", ...(signs ? ["--command-signs"] : [])];
}

const scratch = mkdtempSync(join(tmpdir(), "signet-custodians-"));
try {
  await encryptedStore(scratch);
  await softHsm(scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
