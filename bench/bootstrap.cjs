/**
 * What Lambda's Node runtime does, as far as it takes time: loads a handler, asks the Runtime API for events one by one, and posts
 * what the handler answers.
 *
 *   AWS_LAMBDA_RUNTIME_API=HOST:PORT node bench/bootstrap.cjs FILE
 */
const http = require("node:http");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/${path}` }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function serve() {
  // As the runtime's client 3 does: a function's file may export a promise.
  const { handler } = await require(process.argv[2]);
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    const context = {
      awsRequestId: id,
      invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
      getRemainingTimeInMillis: () => Number(headers["lambda-runtime-deadline-ms"]) - Date.now(),
    };
    try {
      const answer = await handler(JSON.parse(body), context);
      await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      const told = { errorType: error.name, errorMessage: error.message, stackTrace: error.stack.split("\n").slice(1) };
      await call("POST", `invocation/${id}/error`, JSON.stringify(told));
    }
  }
}

serve().catch(() => process.exit(1));
