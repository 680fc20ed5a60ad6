import { createPublicKey, KeyObject, sign, verify } from "node:crypto";
import { ecdsaFromDer, ecdsaToDer } from "../encoding/ecdsa-der.js";
import { A_TEXT, type OptionChecks, readOptions } from "../encoding/options.js";
import { SignetError } from "../errors.js";
import { cryptoInput } from "./crypto-terms.js";
import { type PublicJwk, publicJwk } from "./jwk.js";
import { assertKeyFits } from "./keys.js";
import { type Algorithm, algorithmNamed } from "./table.js";

const OPTIONS: OptionChecks<{ privateKey: KeyObject; alg: string; kid?: string }> = {
  privateKey: ["a private KeyObject of node:crypto", (value) => value instanceof KeyObject && value.type === "private"],
  alg: null,
  kid: A_TEXT,
};

/** A key in this process's memory that signs. It has the shape of a custodian's signer. */
export interface LocalSigner {
  readonly kid: string;
  readonly alg: Algorithm["name"];
  readonly publicJwk: PublicJwk;
  /** Signs a JWS signing input (ASCII) and answers the signature in JWS form. */
  sign(signingInput: string): Buffer;
}

/**
 * Makes a signer from a private key.
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from "node:crypto";
 * import { localSigner } from "signet-jwt";
 *
 * const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
 * const signer = localSigner({ privateKey, alg: "RS256", kid: "2026-11" });
 * console.log(signer.publicJwk.kid); // 2026-11
 * ```
 *
 * @param options.privateKey the key
 * @param options.alg the JOSE algorithm
 * @param options.kid the key's name; the RFC 7638 thumbprint when absent
 * @throws SignetError `unsupported_algorithm`, `invalid_key` or `key_too_weak`
 */
export function localSigner(options: { privateKey: KeyObject; alg: string; kid?: string }): LocalSigner {
  const { privateKey, alg, kid } = readOptions(options, "localSigner", OPTIONS);
  if (privateKey === undefined) {
    throw new SignetError("config_invalid", `privateKey must be ${OPTIONS.privateKey?.[0]}`, { field: "privateKey" });
  }
  const algorithm = algorithmNamed(alg);
  const jwk = publicJwk(privateKey, algorithm, kid);
  return Object.freeze({
    kid: jwk.kid,
    alg: algorithm.name,
    publicJwk: jwk,
    sign: signatureMaker(algorithm, privateKey),
  });
}

/*
 * node:crypto is given the KeyObject alone wherever the algorithm allows, never an object of options around it. On Node 24.21 the
 * object costs more than an ES256 signature itself: 49 us against 23 to sign, 92 against 63 to verify, RS256 33 against 20 to verify,
 * Ed25519 116 against 102. On 20.20, 22.23 and 26.10 both forms are level. ECDSA then speaks DER, which is converted here.
 * `npm run bench` measures both forms on each Node; where they are level on all of them, this can go.
 */

/** Binds a private key that fits: the answer signs ASCII text. The parameters are put together once, outside the hot path. */
function signatureMaker(algorithm: Algorithm, privateKey: KeyObject): (signingInput: string) => Buffer {
  const { digest, kty, signatureBytes } = algorithm;
  const input = cryptoInput(algorithm, privateKey);
  if (kty !== "EC") return (signingInput) => sign(digest, bytesOf(signingInput), input);
  return (signingInput) => ecdsaFromDer(sign(digest, bytesOf(signingInput), input), signatureBytes as number) as Buffer;
}

const room = Buffer.allocUnsafeSlow(16_384);

// One buffer for all texts saves 2 % of an ES256 signature. Its bytes are good until the next text, so callers must not keep them.
function bytesOf(ascii: string): Buffer {
  return ascii.length > room.length ? Buffer.from(ascii, "latin1") : room.subarray(0, room.write(ascii, "latin1"));
}

/** Binds a public key: the answer tells whether a signature in JWS form belongs to an ASCII text. */
export function signatureChecker(algorithm: Algorithm, key: KeyObject): (signingInput: string, signature: Uint8Array) => boolean {
  assertKeyFits(algorithm, key);
  const { digest, kty } = algorithm;
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const input = cryptoInput(algorithm, publicKey);
  const length = algorithm.signatureBytes ?? Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  const formOf = kty === "EC" ? ecdsaToDer : (signature: Uint8Array) => signature;
  return (signingInput, signature) =>
    signature.length === length && verify(digest, bytesOf(signingInput), input, formOf(signature));
}
