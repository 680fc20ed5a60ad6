/** The smallest function that fetches its key and signs: one call of Parameter Store, signed by aws4. */
const { createPrivateKey } = require("node:crypto");
const https = require("node:https");
const aws4 = require("aws4");
const { issueBy } = require("./unchecked.cjs");

function parameter(name) {
  const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL);
  const request = {
    service: "ssm",
    region: process.env.AWS_REGION,
    hostname,
    port,
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameters" },
    body: JSON.stringify({ Names: [name], WithDecryption: true }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = https.request(aws4.sign(request), (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString()).Parameters[0].Value));
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
}

const issuing = parameter(process.env.BENCH_PARAMETER).then((pem) => issueBy(createPrivateKey(pem)));
exports.handler = async (event, context) => (await issuing)(event, context);
