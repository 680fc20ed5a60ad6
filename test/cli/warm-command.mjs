/**
 * The built command in a process that is warm: one run after another, each with a current folder, an environment, arguments and input of
 * its own. A start of Node costs more than most commands do. What a process alone has (descriptors, signals, an exit that waits for what
 * is still open) is tried with processes, by `signetProcess` and `spawn`.
 */
import { syncBuiltinESMExports } from "node:module";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import timers from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { quickenFiles } from "../contracts/quick-files.mjs";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";
import { quickenRsa } from "../contracts/quick-rsa.mjs";

const ENTRY = new URL("../../dist/cli/main.js", import.meta.url).href;
const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));

class Exit extends Error {
  /** @param {number | undefined} code */
  constructor(code) {
    super("the command asked to exit");
    this.code = code ?? 0;
  }
}

/** What a run listens to as a process. @type {any[]} */
const OWN_EVENTS = ["uncaughtException"];
/** @type {any[]} */
const EVENTS_OF_SERVERS = [...OWN_EVENTS, "exit", "SIGTERM", "SIGINT", "SIGHUP"];

/** @type {(code: number | undefined) => any} */
const exitByThrowing = (code) => {
  throw new Exit(code);
};
let exit = exitByThrowing;

/**
 * A server ends by its exit, and what it would do after that never comes.
 *
 * @param {Promise<number>} run
 */
function endOf(run) {
  return Promise.race([
    run,
    new Promise((resolve) => {
      exit = (code) => {
        resolve(code ?? 0);
        return new Promise(() => undefined);
      };
    }),
  ]);
}

/** @param {string} name @param {unknown} value */
function standsFor(name, value) {
  Object.defineProperty(process, name, { configurable: true, get: () => value });
}

/** A stream that keeps what is written to it. */
function kept() {
  const through = new PassThrough();
  const taken = text(through);
  return { through, taken };
}

/** What is waited for does not come: the waits between two looks at it are as short as timers are. */
function shortenWaits() {
  const { setTimeout: wait } = timers;
  timers.setTimeout = (_milliseconds, ...rest) => wait(1, ...rest);
  syncBuiltinESMExports();
  return () => {
    timers.setTimeout = wait;
    syncBuiltinESMExports();
  };
}

/** @param {{ args: string[], cwd: string, env: Record<string, string>, input: Uint8Array, shortWaits: boolean }} run */
async function answerTo({ args, cwd, env, input, shortWaits }) {
  const out = kept();
  const err = kept();
  const stdin = new PassThrough();
  stdin.end(input);
  const isServer = args[0] === "serve";
  const lengthenWaits = shortWaits ? shortenWaits() : () => undefined;
  const before = new Map((isServer ? EVENTS_OF_SERVERS : OWN_EVENTS).map((event) => [event, new Set(process.listeners(event))]));
  process.chdir(cwd);
  process.env = env;
  process.argv = [process.execPath, SIGNET, ...args];
  standsFor("stdin", stdin);
  standsFor("stdout", out.through);
  standsFor("stderr", err.through);
  /** @type {number} */
  let code;
  try {
    const { main } = await import(ENTRY);
    code = await (isServer ? endOf(main(args)) : main(args));
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  } finally {
    lengthenWaits();
    exit = exitByThrowing;
    for (const [event, listeners] of before) {
      for (const listener of process.listeners(event)) if (!listeners.has(listener)) process.off(event, listener);
    }
    for (const { through } of [out, err]) through.end();
  }
  return { code, signal: null, stdout: await out.taken, stderr: await err.taken };
}

process.exit = (code) => exit(Number(code));
quickenPassphrases();
if (process.argv.includes("--quick")) {
  quickenFiles();
  quickenRsa();
}
let last = Promise.resolve();
process.on("message", (/** @type {any} */ { id, ...run }) => {
  last = last.then(async () => {
    try {
      process.send?.({ id, ran: await answerTo(run) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
});
process.on("disconnect", () => process.reallyExit(0));
