/** Signs what it is asked for, by the fastest form that node:crypto has, and writes a line of its log. */
const { sign } = require("node:crypto");
const { rawOf } = require("./raw-signature.cjs");

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const header = encoded({ alg: "ES256", kid: "bench", typ: "JWT" });

exports.issueBy = (key) => async (event, context) => {
  const began = performance.now();
  const iat = Math.floor(Date.now() / 1_000);
  const input = `${header}.${encoded({ ...event.claims, iat, exp: iat + event.ttl })}`;
  const token = `${input}.${rawOf(sign("sha256", Buffer.from(input), key)).toString("base64url")}`;
  console.log(JSON.stringify({ message: "issued", requestId: context.awsRequestId, ms: performance.now() - began }));
  return { token };
};
