/**
 * The built command in a process that is warm: one run after another, each with a current folder, an environment, arguments and input of
 * its own. A start of Node costs more than most commands do. What a process alone has (descriptors, signals, an exit that waits for what
 * is still open) is tried with processes, by `signetProcess` and `spawn`.
 */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { quickenPassphrases } from "../contracts/quick-passphrases.mjs";

const ENTRY = new URL("../../dist/cli/main.js", import.meta.url).href;
const SIGNET = fileURLToPath(new URL("../../bin/signet", import.meta.url));

class Exit extends Error {
  /** @param {number | undefined} code */
  constructor(code) {
    super("the command asked to exit");
    this.code = code ?? 0;
  }
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

/** @param {{ args: string[], cwd: string, env: Record<string, string>, input: Uint8Array }} run */
async function answerTo({ args, cwd, env, input }) {
  const out = kept();
  const err = kept();
  const stdin = new PassThrough();
  stdin.end(input);
  const before = new Set(process.listeners("uncaughtException"));
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
    code = await main(args);
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  } finally {
    for (const listener of process.listeners("uncaughtException")) {
      if (!before.has(listener)) process.off("uncaughtException", listener);
    }
    for (const { through } of [out, err]) through.end();
  }
  return { code, signal: null, stdout: await out.taken, stderr: await err.taken };
}

process.exit = (code) => {
  throw new Exit(Number(code));
};
quickenPassphrases();
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
