/**
 * Stands for the native part of AWS's runtime clients (`rapid-client.node`, an HTTP client in C++), which needs a compiler and minutes:
 * asks for events and posts answers as it does, over node:http. Everything else of the clients is theirs.
 */
const { Agent, request } = require("node:http");
const Module = require("node:module");

const agent = new Agent({ keepAlive: true });
const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? "").split(":");
let posted = Promise.resolve();

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: incoming.headers }));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

const client = {
  next: () => posted.then(() => call("GET", "next")),
  done(id, body) {
    posted = call("POST", `${id}/response`, body);
  },
  error(id, body) {
    posted = call("POST", `${id}/error`, body);
  },
};

const load = Module._load;
Module._load = (name, ...more) => (name.endsWith("rapid-client.node") ? client : load(name, ...more));
