import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const PATIENCE_MILLISECONDS = 120_000;

/**
 * Starts a witness, which answers JSON lines in the order in which they are asked.
 *
 * @param {string[]} commandLine
 */
export function converse([command, ...args]) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const waiting = [];
  let complaint = "";
  let end;
  let timer;

  function finish(why) {
    end ??= { error: `the witness ${why}${complaint === "" ? "" : `: ${complaint.trim()}`}` };
    clearTimeout(timer);
    for (const resolve of waiting.splice(0)) resolve(end);
  }

  // Only the oldest question is being answered: the others wait for it, not for the witness.
  function watch() {
    clearTimeout(timer);
    if (waiting.length === 0) return;
    timer = setTimeout(() => {
      finish("did not answer in time");
      child.kill();
    }, PATIENCE_MILLISECONDS);
  }

  child.stderr.on("data", (text) => {
    complaint = (complaint + text).slice(-2_000);
  });
  child.stdin.on("error", () => undefined);
  child.on("error", (error) => finish(`could not be started (${error.message})`));
  child.on("close", (status) => finish(`ended (${status})`));
  createInterface({ input: child.stdout }).on("line", (line) => {
    waiting.shift()?.(JSON.parse(line));
    watch();
  });

  return {
    /** @returns {Promise<any>} the answer; `{ error }` from a witness that is gone */
    ask(request) {
      if (end !== undefined) return Promise.resolve(end);
      return new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) watch();
        child.stdin.write(`${JSON.stringify(request)}\n`);
      });
    },
    stop() {
      child.stdin.end();
    },
  };
}
