/** One call of KMS, signed by aws4, over a connection that stays open. */
const https = require("node:https");
const aws4 = require("aws4");

const agent = new https.Agent({ keepAlive: true });

/** A request for a signature of a digest, with its headers. */
exports.requestFor = (digest) => {
  const { hostname, port } = new URL(process.env.AWS_ENDPOINT_URL);
  const body = JSON.stringify({
    KeyId: process.env.BENCH_KMS_KEY,
    Message: digest.toString("base64"),
    MessageType: "DIGEST",
    SigningAlgorithm: "ECDSA_SHA_256",
  });
  const request = {
    service: "kms",
    region: process.env.AWS_REGION,
    hostname,
    port,
    method: "POST",
    path: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.Sign" },
    body,
  };
  return { ...aws4.sign(request), agent };
};

/** The signature that KMS answers, in DER. */
exports.answerTo = (request) =>
  new Promise((resolve, reject) => {
    const outgoing = https.request(request, (incoming) => {
      const chunks = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => resolve(Buffer.from(JSON.parse(Buffer.concat(chunks).toString()).Signature, "base64")));
    });
    outgoing.on("error", reject);
    outgoing.end(request.body);
  });
