// Lets the two functions that ship live together: the key manager makes a key, the issuer signs with it, it is revoked, and the next
// one signs. Prints the tokens and the public keys as JSON.
const { createServer } = require("node:http");
const { join } = require("node:path");

const dist = join(__dirname, "../../dist/lambda");
const STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/functions/5f2e7c10-aaaa-bbbb-cccc-000000000001";
const context = {
  awsRequestId: "r",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:signet",
  getRemainingTimeInMillis: () => 60_000,
};

async function token() {
  // As a cold start does.
  const file = join(dist, "issuer.cjs");
  delete require.cache[file];
  return (await require(file).handler({ claims: { sub: "alice" } }, context)).token;
}

/** A stack's creation, which alone makes the first key. Its answer goes to the endpoint of everything that has none of its own. */
async function created(manage, answers) {
  const { address, port } = answers.address();
  const url = `http://${address}:${port}`;
  for (const service of ["KMS", "SSM", "SECRETS_MANAGER", "LAMBDA", "S3"]) {
    process.env[`AWS_ENDPOINT_URL_${service}`] ??= process.env.AWS_ENDPOINT_URL;
  }
  Object.assign(process.env, { AWS_ENDPOINT_URL: url, SIGNET_STACK_ID: STACK });
  const names = { StackId: STACK, RequestId: "r", ResourceType: "Custom::SignetKeys", LogicalResourceId: "Keys" };
  await manage({ RequestType: "Create", ResponseURL: `${url}/answer`, ...names, ResourceProperties: {} }, context);
}

async function live() {
  const answers = createServer((incoming, outgoing) => incoming.resume().on("end", () => outgoing.end()));
  await new Promise((resolve) => answers.listen(0, "127.0.0.1", resolve));
  const manage = require(join(dist, "key-manager.cjs")).handler;
  await created(manage, answers);
  answers.close();
  const before = await token();
  const { kid } = JSON.parse(Buffer.from(before.split(".")[0], "base64url").toString());
  await manage({ action: "revoke", kid }, context);
  const { keys } = await manage({ action: "explain" }, context);
  return { tokens: [before, await token()], keys };
}

live().then((lived) => process.stderr.write(`\n${JSON.stringify(lived)}`));
