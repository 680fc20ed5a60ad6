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

/** Says to which stack the function belongs, and where its answers go: the endpoint of everything that has none of its own. */
function settle(url) {
  for (const service of ["KMS", "SSM", "SECRETS_MANAGER", "LAMBDA", "S3"]) {
    process.env[`AWS_ENDPOINT_URL_${service}`] ??= process.env.AWS_ENDPOINT_URL;
  }
  Object.assign(process.env, { AWS_ENDPOINT_URL: url, SIGNET_STACK_ID: STACK });
}

/** A stack's creation, which alone makes the first key. */
function creation(url) {
  const names = { StackId: STACK, RequestId: "r", ResourceType: "Custom::SignetKeys", LogicalResourceId: "Keys" };
  return { RequestType: "Create", ResponseURL: `${url}/answer`, ...names, ResourceProperties: {} };
}

async function live() {
  const answers = createServer((incoming, outgoing) => incoming.resume().on("end", () => outgoing.end()));
  await new Promise((resolve) => answers.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${answers.address().port}`;
  settle(url);
  const manage = require(join(dist, "key-manager.cjs")).handler;
  await manage(creation(url), context);
  answers.close();
  const before = await token();
  const { kid } = JSON.parse(Buffer.from(before.split(".")[0], "base64url").toString());
  await manage({ action: "revoke", kid }, context);
  const { keys } = await manage({ action: "explain" }, context);
  return { tokens: [before, await token()], keys };
}

live().then((lived) => process.stderr.write(`\n${JSON.stringify(lived)}`));
