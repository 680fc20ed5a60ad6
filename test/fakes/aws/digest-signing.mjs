/**
 * Signatures over a digest, which node:crypto does not offer: it hashes what it is given. RSA goes through the bare operation with
 * padding made here (RFC 8017 sections 9.1 and 9.2), ECDSA through the curve's arithmetic by way of a message that is its own hash.
 */
import { constants, createHash, privateEncrypt, publicDecrypt, randomBytes, verify } from "node:crypto";
import { ecdsaSign, ecdsaVerify } from "./ecdsa.mjs";

// RFC 8017 section 9.2, note 1.
const DIGEST_INFO = {
  256: "3031300d060960864801650304020105000420",
  384: "3041300d060960864801650304020205000430",
  512: "3051300d060960864801650304020305000440",
};

/** @param {Buffer} digest */
export function signDigest(key, digest, bits, parameters) {
  if (!key.spec.startsWith("RSA")) return ecdsaSign(key.pair.privateKey, digest);
  const { modulusLength } = key.pair.privateKey.asymmetricKeyDetails;
  if (parameters.padding === constants.RSA_PKCS1_PADDING) {
    return privateEncrypt(
      { key: key.pair.privateKey, padding: constants.RSA_PKCS1_PADDING },
      Buffer.concat([Buffer.from(DIGEST_INFO[bits], "hex"), digest]),
    );
  }
  return privateEncrypt({ key: key.pair.privateKey, padding: constants.RSA_NO_PADDING }, pssEncoded(digest, bits, modulusLength));
}

/** @param {Buffer} message */
export function verifyAs(key, message, messageType, bits, parameters, signature) {
  const { publicKey } = key.pair;
  if (messageType === "RAW")
    return verify(
      key.spec.startsWith("ECC_NIST_P") || key.spec.startsWith("RSA") ? `sha${bits}` : null,
      message,
      { key: publicKey, ...parameters },
      signature,
    );
  try {
    if (!key.spec.startsWith("RSA")) return ecdsaVerify(publicKey, message, signature);
    if (parameters.padding === constants.RSA_PKCS1_PADDING) {
      return publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature).equals(
        Buffer.concat([Buffer.from(DIGEST_INFO[bits], "hex"), message]),
      );
    }
    return pssHolds(publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature), message, bits);
  } catch {
    return false;
  }
}

function mgf1(seed, length, bits) {
  const blocks = [];
  for (let counter = 0; blocks.length * (bits / 8) < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    blocks.push(createHash(`sha${bits}`).update(seed).update(number).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const hashOf = (digest, salt, bits) =>
  createHash(`sha${bits}`)
    .update(Buffer.concat([Buffer.alloc(8), digest, salt]))
    .digest();

// RFC 8017 section 9.1.1, the salt as long as the digest.
function pssEncoded(digest, bits, modulusLength) {
  const size = modulusLength / 8;
  const salt = randomBytes(bits / 8);
  const hash = hashOf(digest, salt, bits);
  const db = Buffer.concat([Buffer.alloc(size - salt.length - hash.length - 2), Buffer.from([1]), salt]);
  const mask = mgf1(hash, db.length, bits);
  const masked = db.map((byte, index) => byte ^ mask[index]);
  masked[0] &= 0x7f;
  return Buffer.concat([masked, hash, Buffer.from([0xbc])]);
}

function pssHolds(encoded, digest, bits) {
  const length = bits / 8;
  const masked = encoded.subarray(0, encoded.length - length - 1);
  const hash = encoded.subarray(masked.length, masked.length + length);
  const mask = mgf1(hash, masked.length, bits);
  const db = Buffer.from(masked.map((byte, index) => byte ^ mask[index]));
  db[0] &= 0x7f;
  const salt = db.subarray(db.length - length);
  return db[db.length - length - 1] === 1 && encoded.at(-1) === 0xbc && hashOf(digest, salt, bits).equals(hash);
}
