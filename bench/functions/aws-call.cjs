/** Calls of AWS in its JSON protocol, signed by aws4, over a connection that stays open. */
const https = require("node:https");
const aws4 = require("aws4");

const agent = new https.Agent({ keepAlive: true });

/** A request with its headers. */
exports.requestFor = (service, target, input) => {
  const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL);
  const request = {
    service,
    region: process.env.AWS_REGION,
    hostname,
    port,
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body: JSON.stringify(input),
  };
  return { ...aws4.sign(request), agent };
};

/** What AWS answers. */
exports.answerTo = (request) =>
  new Promise((resolve, reject) => {
    const outgoing = https.request(request, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
