import type { KeyObject } from "node:crypto";
import { parsePrivateKeyText } from "../../algorithms/private-key-text.js";
import { parsePublicKeyText } from "../../algorithms/public-key-text.js";
import { isObject } from "../../encoding/list-of.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError } from "../../errors.js";
import { MAX_KEY_BYTES, readGivenFile, readingGiven } from "../given-file.js";
import { type KeySourceOptions, withKeyPassphrase } from "../key-source.js";
import type { Surroundings } from "../surroundings.js";
import { algorithmFor } from "./sealing.js";

/**
 * Reads the public key for whose owner a backup is sealed: an RSA or EC key as PEM, DER, a certificate or a JWK.
 *
 * @throws SignetError `usage`, `invalid_key`, `key_too_weak`
 */
export async function recipientIn(surroundings: Surroundings, path: string): Promise<KeyObject> {
  const content = await readGivenFile(surroundings, path, "--recipient", MAX_KEY_BYTES);
  const { publicKey, hasPrivate } = readingGiven("--recipient", path, () =>
    parsePublicKeyText(withoutPurpose(content, "--recipient")),
  );
  if (hasPrivate) {
    const words =
      "the recipient's private key stays where backups are opened; give its public key: openssl pkey -in FILE -pubout -out FILE.pub.pem";
    throw new SignetError("usage", `--recipient ${path}: it holds a private key: ${words}`);
  }
  algorithmFor(publicKey);
  return publicKey;
}

/**
 * Reads the private key of a backup's recipient: PEM, DER or a JWK, encrypted or not.
 *
 * @throws SignetError `usage`, `invalid_key`, `passphrase_wrong`
 */
export async function recipientsKeyIn(
  surroundings: Surroundings,
  path: string,
  options: Pick<KeySourceOptions, "keyPassphraseFile" | "askPassphrase">,
): Promise<KeyObject> {
  const content = await readGivenFile(surroundings, path, "--key", MAX_KEY_BYTES);
  return withKeyPassphrase(surroundings, path, options, (passphrase) =>
    readingGiven("--key", path, () => parsePrivateKeyText(withoutPurpose(content, "--key"), { passphrase }).privateKey),
  );
}

// A key that encrypts says so in a JWK (RFC 7517 section 4.2), and the readers of keys look for such as sign.
function withoutPurpose(content: Buffer, option: string): Buffer | string {
  if (!/^\s*\{/.test(content.toString("utf8"))) return content;
  const jwk = parseStrictJson(content, option);
  if (!isObject(jwk)) return content;
  const { use, alg, key_ops: _operations, ...key } = jwk;
  if (use === "sig" || (typeof alg === "string" && !/^(?:ECDH-ES|RSA-OAEP-256)$/.test(alg))) {
    throw new SignetError(
      "usage",
      `${option}: the JWK says that it is for something else (use, alg): a recipient's key encrypts`,
    );
  }
  return JSON.stringify(key);
}
