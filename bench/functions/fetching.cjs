/** The smallest function that fetches its key and signs: one call of Parameter Store. */
const { createPrivateKey } = require("node:crypto");
const { answerTo, requestFor } = require("./aws-call.cjs");
const { issueBy } = require("./unchecked.cjs");

const wanted = { Names: [process.env.BENCH_PARAMETER], WithDecryption: true };
const issuing = answerTo(requestFor("ssm", "AmazonSSM.GetParameters", wanted)).then(({ Parameters: [{ Value: pem }] }) =>
  issueBy(createPrivateKey(pem)),
);
exports.handler = async (event, context) => (await issuing)(event, context);
