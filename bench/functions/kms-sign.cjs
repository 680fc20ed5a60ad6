/** One call of KMS. */
const { answerTo, requestFor } = require("./aws-call.cjs");

/** A request for a signature of a digest, with its headers. */
exports.requestFor = (digest) =>
  requestFor("kms", "TrentService.Sign", {
    KeyId: process.env.BENCH_KMS_KEY,
    Message: digest.toString("base64"),
    MessageType: "DIGEST",
    SigningAlgorithm: "ECDSA_SHA_256",
  });

/** The signature that KMS answers, in DER. */
exports.answerTo = async (request) => Buffer.from((await answerTo(request)).Signature, "base64");
