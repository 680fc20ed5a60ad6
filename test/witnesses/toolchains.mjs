/**
 * Puts each toolchain's libraries into git-ignored places, once: a stamp tells for which pins and which toolchain it was done.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { once } from "../../tools/installed.mjs";

const run = promisify(execFile);
const here = fileURLToPath(new URL("./", import.meta.url));
const cache = join(here, ".cache");
const python = join(cache, "python/bin/python");
const goProgram = join(cache, "go/witness");
const jars = join(cache, "java/lib");

/** Node's WebCrypto, which jose uses, has ML-DSA from 24.7 on. */
function hasMlDsa(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 7);
}

const TOOLCHAINS = {
  node: {
    needs: [["npm", "--version"]],
    pins: ["package.json", "package-lock.json"],
    makes: join(here, "node_modules/jose"),
    install: () => execute("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: here }),
    command: (program, node) => [node.path, resolve(here, "node", program)],
  },
  python: {
    needs: [["python3", "--version"]],
    pins: ["python/requirements.txt"],
    makes: python,
    async install() {
      await rm(join(cache, "python"), { recursive: true, force: true });
      await execute("python3", ["-m", "venv", join(cache, "python")]);
      // The pins are complete: what they do not name is not wanted.
      const quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
      await execute(python, ["-m", "pip", "install", ...quiet, "-r", join(here, "python/requirements.txt")]);
    },
    command: (program) => [python, resolve(here, "python", program)],
  },
  go: {
    needs: [["go", "version"]],
    pins: ["go"],
    makes: goProgram,
    install: () => buildGo({ folder: join(here, "go"), packages: ".", output: goProgram }),
    command: (program) => [goProgram, program],
  },
  java: {
    needs: [
      ["java", "-version"],
      ["mvn", "--version"],
    ],
    pins: ["java/pom.xml"],
    makes: jars,
    async install() {
      await rm(jars, { recursive: true, force: true });
      const settings = ["--batch-mode", "--quiet", "--strict-checksums", `-Dmaven.repo.local=${join(cache, "java/repository")}`];
      const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${jars}`];
      await execute("mvn", [...settings, "-f", join(here, "java/pom.xml"), ...goal]);
    },
    // One file: compiling it anew costs a second, and there is nothing to keep in step.
    command: (program) => ["java", "-cp", join(jars, "*"), resolve(here, "java", program)],
  },
};

/**
 * The command line of a witness; of any other program of its toolchain by an absolute path.
 *
 * @param {{ toolchain: string, program: string, node?: any }} witness
 */
export function commandOf({ toolchain, program, node }) {
  return TOOLCHAINS[toolchain].command(program, node);
}

/** Where Python's own commands are, `aws` among them. */
export const pythonCommands = dirname(python);

/** Builds Go programs with the modules that are kept here. */
export async function buildGo({ folder, packages, output }) {
  const env = { ...process.env, GOMODCACHE: join(cache, "go/mod"), GOCACHE: join(cache, "go/build") };
  await execute("go", ["build", "-modcacherw", "-mod=readonly", "-buildvcs=false", "-o", output, packages], { cwd: folder, env });
}

/** The command line that runs a Python module. */
export function pythonModule(name, args) {
  return [python, "-m", name, ...args];
}

/** Installs a toolchain's libraries where that was not done yet. Answers the name of the tool that is missing, if one is. */
export async function prepare(name) {
  const { needs, pins, makes, install } = TOOLCHAINS[name];
  const found = [];
  for (const [tool, argument] of needs) {
    const version = await run(tool, [argument]).catch((error) => error);
    if (version.code === "ENOENT") return tool;
    found.push(version.stdout, version.stderr);
  }
  const pinned = [process.platform, process.arch, ...found, ...(await Promise.all(pins.map(textOf)))].join("\0");
  await once(cache, name, pinned, install, makes);
  return undefined;
}

/** This Node and, where it lacks ML-DSA, the one of the packages; only the first where no package suits this machine. */
export function nodes() {
  const own = { path: process.execPath, version: process.versions.node, hasMlDsa: hasMlDsa(process.versions.node) };
  const packaged = `node-${process.platform}-${process.arch}`;
  const path = join(here, "node_modules", packaged, "bin/node");
  if (own.hasMlDsa || !existsSync(path)) return [own];
  return [own, { path, version: pinned(packaged), hasMlDsa: true }];
}

function pinned(name) {
  return manifest.optionalDependencies[name];
}

const manifest = JSON.parse(await readFile(join(here, "package.json"), "utf8"));

async function textOf(path) {
  const whole = join(here, path);
  const names = await readdir(whole).catch(() => undefined);
  if (names === undefined) return readFile(whole, "utf8");
  return (await Promise.all(names.sort().map((name) => readFile(join(whole, name), "utf8")))).join("");
}

async function execute(command, args, options = {}) {
  try {
    await run(command, args, { ...options, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const said = `${error.stdout ?? ""}${error.stderr ?? ""}`.trim() || error.message;
    throw new Error(`${command} ${args[0]} failed:\n${said.slice(-3_000)}`);
  }
}
