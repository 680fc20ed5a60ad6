/**
 * Runs each adapter of examples/adapters with its library as it comes from npm, against a server that plays the other side by what its
 * documentation says (test/relying-parties/validators), or against a real one; and compares what those libraries sign with what we sign.
 *
 *   node tools/prove-parties.mjs
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { check, checked, tellChecked } from "./checks.mjs";
import { ADAPTERS } from "./parties/adapters.mjs";
import { KIND_NAMES, makeIssuer, makePublishedIssuer } from "./parties/issuers.mjs";
import { compareWitnesses } from "./parties/witnesses.mjs";
import { sourceModule } from "./source-module.mjs";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("../examples/adapters/", import.meta.url));
const built = join(folder, "node_modules/.examples");
const FILES = [
  "apns",
  "app-store-server",
  "better-auth",
  "google-auth-library",
  "msal-node",
  "octokit",
  "openid-client",
  "snowflake-sdk",
  "snowflake-sql-api",
];
const VALIDATORS = ["apns", "app-store", "client-assertion", "github-app", "google-service-account", "snowflake-keypair"];
const MOST_LINES = 19;
const ISSUER = "https://issuer.example";

async function install() {
  await run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder });
  await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: folder });
  check("the adapters' types are those of the libraries", true);
  mkdirSync(built, { recursive: true });
  const entryPoints = FILES.map((name) => join(folder, `${name}.ts`));
  await build({
    entryPoints,
    outdir: built,
    outExtension: { ".js": ".mjs" },
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  for (const path of entryPoints) {
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").length;
    check(`${path} has less than twenty lines`, lines <= MOST_LINES, lines);
  }
}

/** Each adapter opens the issuer that SIGNET_CONFIG names, when it is loaded. */
async function adapter(name, config) {
  process.env.SIGNET_CONFIG = config;
  const module = await import(pathToFileURL(join(built, `${name}.mjs`)).href);
  delete process.env.SIGNET_CONFIG;
  return module;
}

const product = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const { openIssuer } = await product("index.js");
const { createVerifier } = await product("verify/index.js");
const { resolve } = createRequire(join(folder, "package.json"));
const library = (name) => import(pathToFileURL(resolve(name)).href);

const base = mkdtempSync(join(tmpdir(), "signet-parties-"));
try {
  await install();
  const made = await Promise.all(KIND_NAMES.map(async (name) => [name, await makeIssuer(base, name)]));
  const { config } = await makePublishedIssuer(base, ISSUER);
  const verifierFor = async (audience) => {
    const keys = await (await openIssuer({ config })).jwks();
    return createVerifier({ keys, issuer: ISSUER, audience });
  };
  const world = {
    issuers: Object.fromEntries(made),
    published: { config, url: ISSUER, createVerifier: verifierFor },
    validators: await sourceModule(...VALIDATORS.map((name) => `test/relying-parties/validators/${name}.ts`)),
    openIssuer,
    adapter,
    library,
    check,
  };
  await compareWitnesses(world);
  for (const [name, prove] of Object.entries(ADAPTERS)) {
    const done = checked();
    await prove(world);
    console.log(`${name}: ${checked() - done} checks`);
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}

tellChecked();
