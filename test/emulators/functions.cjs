// Lets the two functions that ship live together: the key manager makes a key, the issuer signs with it, it is revoked, and the next
// one signs. Prints the tokens and the public keys as JSON.
const { join } = require("node:path");

const dist = join(__dirname, "../../dist/lambda");
const manage = require(join(dist, "key-manager.cjs")).handler;
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

async function live() {
  await manage({ "detail-type": "Scheduled Event", source: "aws.events" }, context);
  const before = await token();
  const { kid } = JSON.parse(Buffer.from(before.split(".")[0], "base64url").toString());
  await manage({ action: "revoke", kid }, context);
  const { keys } = await manage({ action: "explain" }, context);
  return { tokens: [before, await token()], keys };
}

live().then((lived) => process.stderr.write(`\n${JSON.stringify(lived)}`));
