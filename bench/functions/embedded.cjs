/** The smallest function that signs: its key is there from the start, and nothing is checked. */
const { createPrivateKey } = require("node:crypto");
const { issueBy } = require("./unchecked.cjs");

exports.handler = issueBy(createPrivateKey(process.env.BENCH_KEY));
