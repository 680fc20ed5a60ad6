/** Environments of Lambda, with AWS's own runtime clients for Node in them. */
import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startRuntimeApi } from "../bench/runtime-api.mjs";
import { has, once } from "./installed.mjs";

const folder = fileURLToPath(new URL("lambda-clients/", import.meta.url));
const modules = join(folder, "node_modules");
const pins = join(folder, "package.json");
const run = promisify(execFile);

/** How each client is started, and where its native part is looked for. */
const CLIENTS = {
  3: { program: "client-3/bin/index.mjs", args: ["index.handler"], native: "client-3/dist/rapid-client.node" },
  4: { program: "client-4/index.mjs", args: [], native: "client-4/rapid-client.node" },
};

/** Installs the clients, once for each set of pins. */
export async function installClients() {
  await once(modules, "lambda-clients", readFileSync(pins), async () => {
    await run("npm", ["install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  });
}

/**
 * Compiles the clients' native part, from the sources that they bring, as their installation would; both have the same. Takes a minute or
 * two, once for each set of pins.
 *
 * @returns {Promise<boolean>} false where it cannot be done, which is said: `native.cjs` then stands for it
 */
export async function compileNativePart() {
  for (const tool of ["cmake", "make", "g++"]) {
    if (process.platform === "linux" && (await has(tool, "--version"))) continue;
    process.stderr.write(`the clients' native part takes Linux and ${tool}: JavaScript stands for it\n`);
    return false;
  }
  const [first, ...others] = Object.values(CLIENTS).map(({ native }) => join(modules, native));
  const compiled = async () => {
    const client = join(modules, "client-4");
    await run("sh", ["scripts/preinstall.sh"], { cwd: client, maxBuffer: 1 << 26 });
    const artifacts = join(client, "deps/artifacts");
    const include = join(artifacts, "include");
    // Its source includes Node's own headers too, and uses nothing of them: with those of Node-API alone it fits every Node.
    for (const name of ["node.h", "uv.h", "v8.h"]) writeFileSync(join(include, name), "");
    const headers = [include, join(modules, "node-addon-api"), join(modules, "node-api-headers/include")].map(
      (path) => `-I${path}`,
    );
    const libraries = ["libaws-lambda-runtime.a", "libcurl.a"].map((name) => join(artifacts, "lib", name));
    const how = ["-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-DNODE_GYP_MODULE_NAME=rapid_client"];
    await run("g++", [...how, ...headers, join(client, "src/native/rapid-client.cc"), "-o", first, ...libraries]);
    for (const other of others) copyFileSync(first, other);
  };
  await once(modules, "lambda-clients-native", readFileSync(pins), compiled, first);
  return true;
}

/**
 * Starts an environment: the text of a function as `index.js`, as CloudFormation writes inline code, or a program of its own.
 *
 * @param {({ client: 3 | 4, node: string, text: string } | { program: string }) & { env: Record<string, string>, isNeverFrozen?: boolean }} options
 *   `isNeverFrozen`: it has its own clock, which costs it nothing to read
 */
export async function startEnvironment(options) {
  const { env } = options;
  const task = mkdtempSync(join(tmpdir(), "signet-task-"));
  const ahead = join(task, "ahead");
  writeFileSync(ahead, "0");
  let aheadMs = 0;
  const api = await startRuntimeApi(() => Date.now() + aheadMs);
  const [command, ...args] = "program" in options ? [options.program] : underClient(options, task);
  const child = spawn(command, args, {
    cwd: task,
    env: { ...lambdaVariables(task, api.address), ...env, CLOCK_AHEAD: ahead },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return {
    task,
    pid: /** @type {number} */ (child.pid),
    /** Answers what INIT failed with; nothing where the environment asks for its first event. */
    initialized: api.initialized,
    invoke: api.invoke,
    /** All that it has written, without the line in which client 3 says whence it starts. */
    said: () => said.replace(/^Executing .*\n/, ""),
    ended,
    /** Lets time pass while it is frozen. @param {number} seconds @param {() => void} meanwhile */
    freeze(seconds, meanwhile = () => undefined) {
      if (options.isNeverFrozen) throw new Error("its clock would not have moved");
      child.kill("SIGSTOP");
      meanwhile();
      aheadMs += seconds * 1_000;
      writeFileSync(ahead, String(aheadMs));
      child.kill("SIGCONT");
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      api.close();
      rmSync(task, { recursive: true });
    },
  };
}

function underClient({ client, node, text, isNeverFrozen = false }, task) {
  const { program, args, native } = CLIENTS[client];
  writeFileSync(join(task, "index.js"), text);
  const preloaded = [...(isNeverFrozen ? [] : ["clock.cjs"]), ...(existsSync(join(modules, native)) ? [] : ["native.cjs"])];
  return [node, ...preloaded.flatMap((name) => ["--require", join(folder, name)]), join(modules, program), ...args];
}

function lambdaVariables(task, address) {
  return {
    AWS_LAMBDA_RUNTIME_API: address,
    LAMBDA_TASK_ROOT: task,
    _HANDLER: "index.handler",
    AWS_LAMBDA_FUNCTION_NAME: "issuer",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/issuer",
    AWS_LAMBDA_LOG_STREAM_NAME: "1",
    AWS_LAMBDA_LOG_FORMAT: "JSON",
  };
}
