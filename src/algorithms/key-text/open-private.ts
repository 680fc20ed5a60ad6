import { createPrivateKey, type KeyObject } from "node:crypto";
import { derElement, derElements } from "../../encoding/der-elements.js";
import { ownMember } from "../../encoding/own-member.js";
import { SignetError } from "../../errors.js";
import { privateKeyFromJwk } from "../jwk.js";
import { PRIVATE_PARAMETERS, PUBLIC_PARAMETERS } from "../jwk-members.js";
import { isAbsent } from "../jwk-purpose.js";
import { algorithmsFor, assertHalvesMatch, assertKeyFits, unavailable } from "../keys.js";
import { ALGORITHMS, type Algorithm, type AlgorithmName, algorithmNamed, findAlgorithm } from "../table.js";
import { openEncrypted } from "./encrypted.js";
import type { DerPiece, JwkPiece } from "./pieces.js";
import { unsupportedKey, unsupportedKeyObject } from "./refusals.js";
import { withPrimes } from "./rsa-primes.js";
import { fromPss } from "./rsa-pss.js";

/** How a private key is opened. */
export interface OpenOptions {
  readonly alg?: AlgorithmName | undefined;
  readonly passphrase?: string | undefined;
}

/** A private key that was opened, whose halves belong together. */
export interface OpenedKey {
  readonly privateKey: KeyObject;
  readonly alg: AlgorithmName;
  /** All that it may be used with: of an RSA-PSS key fewer than its numbers allow. */
  readonly algs: readonly AlgorithmName[];
}

/**
 * Opens a private key in DER, whatever its label says it is.
 *
 * @throws SignetError `invalid_key`, `key_too_weak`, `passphrase_required`, `passphrase_wrong`, `algorithm_unavailable`
 */
export function openDer({ kind, block }: DerPiece, { alg, passphrase }: OpenOptions): OpenedKey {
  const isEncrypted = kind === "encrypted" || block.encryption !== undefined;
  const found = isEncrypted ? openEncrypted(block, passphrase) : plainKey(block.bytes);
  const { key, algs } = found.asymmetricKeyType === "rsa-pss" ? fromPss(found) : { key: found, algs: algorithmsFor(found) };
  const [usual] = algs;
  if (usual === undefined) throw unsupportedKeyObject(key);
  if (alg !== undefined && algorithmNamed(alg).kty === "RSA" && key !== found && !algs.includes(alg)) {
    throw new SignetError("invalid_key", `the key does not fit ${alg}: it is for RSA-PSS, and can sign ${algs.join(", ")}`);
  }
  const algorithm = algorithmNamed(alg ?? usual);
  assertKeyFits(algorithm, key);
  assertHalvesMatch(algorithm, key);
  return { privateKey: withNamedCurve(key), alg: algorithm.name, algs };
}

function plainKey(der: Buffer): KeyObject {
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    try {
      return createPrivateKey({ key: der, format: "der", type });
    } catch {
      // OpenSSL's words say nothing of use.
    }
  }
  const missing = ML_DSA.find(([oid]) => algorithmOf(der)?.equals(oid))?.[1];
  if (missing !== undefined) throw unavailable(algorithmNamed(missing));
  throw new SignetError(
    "invalid_key",
    "the PEM holds no private key in PKCS#8, SEC1 or PKCS#1 form, or it is damaged; export the key again",
  );
}

/** What PKCS #8 calls ML-DSA (RFC 9881), which only a newer Node reads. */
const ML_DSA = (["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"] as const).map(
  (name, at) => [Buffer.from(`60864801650304031${at + 1}`, "hex"), name] as const,
);

function algorithmOf(pkcs8: Buffer): Buffer | undefined {
  const parts = derElements(derElement(pkcs8)?.body ?? Buffer.alloc(0));
  return derElement(parts?.[1]?.body ?? Buffer.alloc(0))?.body;
}

// A curve that is written out in full would go on standing in every copy of the key, where other programs refuse it.
function withNamedCurve(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== "ec") return key;
  return createPrivateKey({ format: "jwk", key: key.export({ format: "jwk" }) });
}

/**
 * Opens a private JWK.
 *
 * @throws SignetError as `openDer`, and `unsupported_algorithm`
 */
export function openJwk({ jwk }: Pick<JwkPiece, "jwk">, { alg }: OpenOptions): OpenedKey {
  if (jwk.kty === "oct") {
    throw new SignetError(
      "invalid_key",
      "a symmetric key (kty oct) cannot be published; give an RSA, EC, OKP or AKP private key",
    );
  }
  assertForSigning(jwk);
  const algorithm = alg === undefined ? ownAlgorithm(jwk) : algorithmNamed(alg);
  assertPrivate(jwk, algorithm);
  const privateKey = privateKeyFromJwk(jwk.kty === "RSA" ? withPrimes(jwk) : jwk, algorithm);
  return { privateKey, alg: algorithm.name, algs: isAbsent(jwk.alg) ? algorithmsFor(privateKey) : [algorithm.name] };
}

/** Tells whether a JWK has a private part, or is secret as a whole. */
export function isPrivateJwk(jwk: JwkPiece["jwk"]): boolean {
  return jwk.kty === "oct" || !isAbsent(jwk.d) || !isAbsent(jwk.priv);
}

// RFC 7517 sections 4.2 to 4.4: a key that is meant for something else must not sign.
function assertForSigning({ use, key_ops: operations }: JwkPiece["jwk"]): void {
  if (!isAbsent(use) && use !== "sig") {
    throw new SignetError("invalid_key", 'the JWK\'s "use" is not "sig": it is not a key for signatures', { field: "use" });
  }
  if (isAbsent(operations) || (Array.isArray(operations) && operations.includes("sign"))) return;
  throw new SignetError("invalid_key", 'the JWK\'s "key_ops" has no "sign": it is not a key that signs', { field: "key_ops" });
}

/** The algorithm that a JWK names, else the usual one of its type. */
export function ownAlgorithm({ alg, kty, crv }: JwkPiece["jwk"]): Algorithm {
  if (isAbsent(alg)) {
    const usual = ALGORITHMS.find((each) => each.kty === kty && each.kty !== "AKP" && (each.kty === "RSA" || each.crv === crv));
    if (usual !== undefined) return usual;
    // RFC 9964 section 3: the algorithm is part of such a key.
    if (kty === "AKP") throw new SignetError("invalid_key", 'a JWK of kty "AKP" must have the member "alg"', { field: "alg" });
    throw unsupportedKey(kty, crv);
  }
  if (typeof alg !== "string") throw new SignetError("invalid_key", 'the JWK\'s "alg" is not a text', { field: "alg" });
  if (alg === "ES256K" || crv === "secp256k1" || crv === "P-256K") throw unsupportedKey(kty, crv);
  return findAlgorithm(alg) ?? algorithmNamed(alg);
}

function assertPrivate(jwk: JwkPiece["jwk"], { kty }: Algorithm): void {
  if (jwk.kty !== kty) return;
  const [secret] = PRIVATE_PARAMETERS[kty];
  if (isAbsent(jwk[secret])) {
    const words = `this JWK is a public key: it has no member "${secret}"; the private key is needed`;
    throw new SignetError("invalid_key", words, { field: secret });
  }
  assertBase64url(jwk, [...PUBLIC_PARAMETERS[kty], ...PRIVATE_PARAMETERS[kty]]);
}

/**
 * Refuses base64 in a JWK, and says how it is corrected.
 *
 * @throws SignetError `invalid_key`
 */
export function assertBase64url(jwk: JwkPiece["jwk"], names: readonly string[]): void {
  const odd = names.find((each) => /[=+/]/.test(textIn(ownMember(jwk, each))));
  if (odd === undefined) return;
  const words = `the JWK's member "${odd}" is not base64url: RFC 7515 leaves out padding (=), and has - and _ for + and /`;
  throw new SignetError("invalid_key", `${words}; correct it: tr -d '=' < FILE | tr '+/' '-_' > key.json`, { field: odd });
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}
