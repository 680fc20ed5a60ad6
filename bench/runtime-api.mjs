/**
 * Lambda's Runtime API on loopback (Lambda developer guide, "Using the Lambda runtime API"): one environment at a time gets events, and
 * answers them.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

const PREFIX = "/2018-06-01/runtime/";
const ARN = "arn:aws:lambda:eu-central-1:111122223333:function:issuer";

/**
 * @param {() => number} now the time that the environment sees, in milliseconds
 * @returns an API to which environments connect; `invoke` answers what the function answered, and throws what it threw; `initialized` is
 *   kept when INIT is over, and answers what the environment told where it failed
 */
export async function startRuntimeApi(now = Date.now) {
  const events = [];
  const pending = new Map();
  let waiting;
  const init = latch();

  function deliver() {
    if (waiting === undefined || events.length === 0) return;
    const { id, event, alias } = events.shift();
    const headers = {
      "lambda-runtime-aws-request-id": id,
      "lambda-runtime-deadline-ms": String(now() + 60_000),
      "lambda-runtime-invoked-function-arn": alias === undefined ? ARN : `${ARN}:${alias}`,
      "content-type": "application/json",
    };
    waiting.writeHead(200, headers);
    waiting.end(event);
    waiting = undefined;
  }

  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? "").slice(PREFIX.length);
    if (path === "invocation/next") {
      waiting = outgoing;
      init.open(undefined);
      return deliver();
    }
    const [, id, what] = path.split("/");
    const chunks = [];
    incoming.on("data", (chunk) => chunks.push(chunk));
    incoming.on("end", () => {
      const answer = JSON.parse(Buffer.concat(chunks).toString() || "null");
      const settle = pending.get(id);
      pending.delete(id);
      outgoing.writeHead(202).end();
      if (path === "init/error") init.open(answer);
      if (what === "response") settle?.resolve(answer);
      else settle?.reject(Object.assign(new Error(answer?.errorMessage ?? path), { name: answer?.errorType ?? "init" }));
    });
    return undefined;
  });
  server.keepAliveTimeout = 600_000;
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    address: `127.0.0.1:${port}`,
    initialized: init.opened,
    /** @param {string} event JSON @param {string} [alias] */
    invoke(event, alias) {
      const id = randomUUID();
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        events.push({ id, event, alias });
        deliver();
      });
    },
    close: () => server.closeAllConnections() ?? server.close(),
  };
}

function latch() {
  const made = {};
  made.opened = new Promise((resolve) => {
    made.open = resolve;
  });
  return made;
}
