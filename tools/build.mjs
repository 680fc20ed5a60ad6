/**
 * Builds dist/: the library and the command with esbuild, the declarations with tsc, the config's JSON Schema from its module.
 *
 *   node tools/build.mjs             always
 *   node tools/build.mjs --if-stale  only when a source is newer than dist/
 *
 * Everything is made in a staging directory that replaces dist/ at the end, so a failed build never leaves half of one.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { bundleCommand } from "./command-bundle.mjs";
import { buildConsolePage } from "./console-page.mjs";
import { minifiedFunctions, readableFunctions } from "./functions.mjs";
import { parametersIn, templateOf } from "./template.mjs";
import { webBuild } from "./web-bundle.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const dist = join(root, "dist");
const run = promisify(execFile);
const { version, exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));

const entryPoints = ["src/index.ts", "src/open-custody.ts", "src/verify/index.ts", "src/client/index.ts"];
const schemaModule = "src/config/json-schema.ts";
/** What else decides how dist/ looks. */
const buildInputs = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "tools/build.mjs",
  "tools/command-bundle.mjs",
  "tools/console-page.mjs",
  "tools/functions.mjs",
  "tools/source-module.mjs",
  "tools/template.mjs",
  "tools/web-bundle.mjs",
];

async function newestMtime(path) {
  const info = await stat(path);
  if (!info.isDirectory()) return info.mtimeMs;
  const entries = await readdir(path);
  // A directory's own time moves when a file in it is deleted.
  return Math.max(info.mtimeMs, ...(await Promise.all(entries.map((name) => newestMtime(join(path, name))))));
}

async function isStale() {
  if (!existsSync(dist)) return true;
  const inputs = ["src", ...buildInputs].map((path) => newestMtime(join(root, path)));
  return Math.max(...(await Promise.all(inputs))) > (await stat(dist)).mtimeMs;
}

/**
 * What the library's bundles and the command's have in common.
 *
 * @type {import("esbuild").BuildOptions}
 */
const forNode = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  define: { __SIGNET_VERSION__: JSON.stringify(version) },
  sourcemap: false,
  legalComments: "none",
  logLevel: "error",
};

function bundle(outdir, entries) {
  return build({
    ...forNode,
    entryPoints: entries,
    packages: "external",
    outbase: "src",
    outdir,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
  });
}

/** Checking types is the work of `npm run check`; here it would only make every build slower. */
async function declarations(outDir) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    await run(process.execPath, [tsc, "-p", "tsconfig.build.json", "--noCheck", "--outDir", outDir], { cwd: root });
  } catch (error) {
    throw new Error(`the declarations could not be made:\n${error.stdout || error.message}`);
  }
  await keepPublic(outDir);
}

/** Removes the declarations that no export of the package leads to: those of the command, the server and the functions. */
async function keepPublic(outDir) {
  const entries = Object.values(exports).flatMap(({ types }) => types?.replace("./dist/types/", "") ?? []);
  const kept = new Set();
  const waiting = entries.map((entry) => join(outDir, entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (kept.has(file)) continue;
    kept.add(file);
    for (const [, module] of (await readFile(file, "utf8")).matchAll(/\b(?:from|import)[ (]"(\.[^"]+)\.js"/g)) {
      waiting.push(join(dirname(file), `${module}.d.ts`));
    }
  }
  const all = (await readdir(outDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  await Promise.all(all.map((entry) => join(entry.parentPath, entry.name)).map((file) => kept.has(file) || rm(file)));
}

/**
 * The functions, and the templates that hold their text. Who installs the template can read what will hold their keys; the authorizer
 * holds none, and its template is short enough to go to CloudFormation without a bucket where it is minified.
 */
async function lambda(staging) {
  const [minified, readable] = await Promise.all([minifiedFunctions(root), readableFunctions(root)]);
  const source = (name) => readFile(join(root, "src/deploy", name), "utf8");
  const installation = templateOf(await source("template.yaml"), version, {
    issuer: readable.issuer,
    manager: readable["key-manager"],
    decoder: readable.decoder,
    token: readable.token,
    ...(await lambdaCustodies(staging)),
  });
  const authorizer = templateOf(await source("authorizer.yaml"), version, { authorizer: minified.authorizer });
  await mkdir(join(staging, "lambda"), { recursive: true });
  const files = Object.entries(minified).map(([name, text]) => writeFile(join(staging, `lambda/${name}.cjs`), text));
  await Promise.all([
    ...files,
    writeFile(join(staging, "template.yaml"), installation),
    writeFile(join(staging, "authorizer.yaml"), authorizer),
    writeFile(join(staging, "template-parameters.json"), `${JSON.stringify(parametersIn(installation), null, 2)}\n`),
  ]);
}

/** What the template knows of the custodians of the registry that run in Lambda: what they are called, and the memory that they take. */
async function lambdaCustodies(staging) {
  const scratch = join(staging, ".registry");
  await bundle(scratch, ["src/custody/registry.ts", "src/custody/facts.ts"]);
  const [{ CUSTODIES }, { megabytesFor }] = await Promise.all(
    ["registry", "facts"].map((name) => import(pathToFileURL(join(scratch, `custody/${name}.js`)).href)),
  );
  await rm(scratch, { recursive: true });
  const running = CUSTODIES.filter(({ runsInLambda }) => runsInLambda);
  return {
    custodies: running.map(({ templateValue }) => templateValue).join(", "),
    megabytes: running.map((custody) => `${custody.templateValue}: { Megabytes: ${megabytesFor(custody.usage(1))} }`).join(", "),
  };
}

async function jsonSchema(staging) {
  const scratch = join(staging, ".schema");
  await bundle(scratch, [schemaModule]);
  const { configJsonSchema } = await import(pathToFileURL(join(scratch, "config/json-schema.js")).href);
  if (configJsonSchema === null || typeof configJsonSchema !== "object") {
    throw new Error(`${schemaModule} must export the object configJsonSchema`);
  }
  await writeFile(join(staging, "signet.schema.json"), `${JSON.stringify(configJsonSchema, null, 2)}\n`);
  await rm(scratch, { recursive: true });
}

/** Unlike Promise.all it waits for the others after a failure, so that nobody writes into a directory being removed. */
async function allDone(promises) {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}

/** `rename` cannot replace a filled directory, so the old one steps aside first; another build may do the same at this moment. */
async function replaceDist(staging, attempts = 5) {
  const aside = `${staging}-old`;
  await rename(dist, aside).catch(ignore("ENOENT"));
  try {
    await rename(staging, dist);
  } catch (error) {
    if (attempts === 0 || (error.code !== "ENOTEMPTY" && error.code !== "EEXIST")) throw error;
    await rm(aside, { recursive: true, force: true });
    return replaceDist(staging, attempts - 1);
  }
  await rm(aside, { recursive: true, force: true });
}

function ignore(code) {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

async function main() {
  if (process.argv.includes("--if-stale") && !(await isStale())) return;
  const startedAt = new Date();
  const staging = await mkdtemp(join(root, ".build-"));
  try {
    await allDone([
      bundle(staging, entryPoints),
      bundleCommand(forNode, root, staging),
      build({ ...webBuild(root), outdir: staging }),
      buildConsolePage(root, join(staging, "console")),
      lambda(staging),
      declarations(join(staging, "types")),
      jsonSchema(staging),
    ]);
    await chmod(staging, 0o755);
    // Dated at the start: what was edited while the build ran is still newer than its result.
    await utimes(staging, startedAt, startedAt);
    await replaceDist(staging);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    const left = existsSync(dist) ? "dist/ still holds the build before" : "there is no dist/";
    process.stderr.write(`build failed, ${left}: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  process.stderr.write(`built dist/ in ${((Date.now() - startedAt.getTime()) / 1000).toFixed(1)} s\n`);
}

await main();
