/**
 * What becomes of tokens that the obvious code makes with kms:Sign, and how long they may be: the figures of README and docs/comparison.md.
 *
 *   node tools/naive-signatures.mjs [COUNT]   computes them, and signs COUNT texts (20,000) to see
 *
 * KMS answers an ECDSA signature in DER, where a number has as many bytes as it needs. A token has r and s of 32 bytes each (RFC 7518,
 * section 3.4). Code that takes the two numbers as they come, and puts them side by side, leaves the padding out.
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The order of P-256: r and s are numbers from 1 to one less than this, any as likely as any other. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** How many of them leave at least one of 32 bytes empty. */
const SHORT = 2n ** 248n - 1n;

/** The most bytes of a message that KMS takes as it is (Sign, "Message"). */
const KMS_MESSAGE_BYTES = 4_096;
/** A token's header with a KMS key's id in it. */
export const HEADER = '{"alg":"ES256","typ":"JWT","kid":"00000000-0000-0000-0000-000000000000"}';

/**
 * The two numbers of a signature in DER, without the zero that says that they are not negative, side by side.
 *
 * @param {Buffer} der of P-256
 */
export function naiveSignature(der) {
  const r = der.subarray(4, 4 + der[3]);
  const s = der.subarray(6 + der[3]);
  return Buffer.concat([r, s].map((number) => (number[0] === 0 ? number.subarray(1) : number)));
}

/** The share of ES256 tokens whose signature has no 64 bytes when it is made so. */
export function shareLost() {
  const whole = Number(ORDER - 1n - SHORT) / Number(ORDER - 1n);
  return 1 - whole ** 2;
}

/**
 * The most bytes of claims, as JSON, in a token whose signing input is given to KMS as it is.
 *
 * @param {string} header as JSON
 */
export function mostClaimsBytes(header) {
  const room = KMS_MESSAGE_BYTES - Math.ceil((Buffer.byteLength(header) * 4) / 3) - 1;
  return Math.floor((room * 3) / 4);
}

/**
 * Signs so many texts, and counts the naive signatures that do not verify.
 *
 * @param {number} count
 */
export function countLost(count) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let lost = 0;
  for (let at = 0; at < count; at++) {
    const text = Buffer.from(String(at));
    const signature = naiveSignature(sign("sha256", text, privateKey));
    if (!verify("sha256", text, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)) lost += 1;
  }
  return lost;
}

function main() {
  const count = Number(process.argv[2] ?? 20_000);
  const inPercent = (/** @type {number} */ share) => `${(share * 100).toFixed(2)} %`;
  const lost = countLost(count);
  process.stdout.write(
    [
      `ES256 tokens whose r or s is short: ${inPercent(shareLost())}, one in ${Math.round(1 / shareLost())}`,
      `of ${count.toLocaleString("en")} that were signed, without padding, ${lost.toLocaleString("en")} do not verify: ${inPercent(lost / count)}`,
      `claims in a token that KMS signs as it is: ${mostClaimsBytes(HEADER).toLocaleString("en")} bytes at the most`,
      "",
    ].join("\n"),
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
