import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { SignetError } from "../../errors.js";
import { publicKeyFromJwk } from "../jwk.js";
import { PUBLIC_PARAMETERS } from "../jwk-members.js";
import { isAbsent } from "../jwk-purpose.js";
import { algorithmsFor } from "../keys.js";
import type { AlgorithmName } from "../table.js";
import { assertBase64url, ownAlgorithm } from "./open-private.js";
import type { DerPiece, JwkPiece } from "./pieces.js";
import { unsupportedKeyObject } from "./refusals.js";
import { fromPss } from "./rsa-pss.js";

/** A public key that was opened. */
export interface OpenedPublicKey {
  readonly key: KeyObject;
  readonly algs: readonly AlgorithmName[];
}

/**
 * Opens a public key in DER; of a certificate the one that it is about.
 *
 * @throws SignetError `invalid_key`
 */
export function openPublicDer({ kind, block: { bytes } }: DerPiece): OpenedPublicKey {
  let found: KeyObject;
  try {
    found =
      kind === "certificate"
        ? new X509Certificate(bytes).publicKey
        : createPublicKey({ key: bytes, format: "der", type: kind === "rsa-public" ? "pkcs1" : "spki" });
  } catch {
    throw new SignetError("invalid_key", "the public key is damaged, or this Node lacks its algorithm; export it again");
  }
  const { key, algs } = found.asymmetricKeyType === "rsa-pss" ? fromPss(found) : { key: found, algs: algorithmsFor(found) };
  if (algs.length > 0) return { key, algs };
  throw unsupportedKeyObject(key);
}

/**
 * Opens the public part of a JWK.
 *
 * @throws SignetError `invalid_key`, `key_too_weak`, `unsupported_algorithm` or `algorithm_unavailable`
 */
export function openPublicJwk({ jwk }: JwkPiece): OpenedPublicKey {
  if (!isAbsent(jwk.use) && jwk.use !== "sig") {
    throw new SignetError("invalid_key", 'the JWK\'s "use" is not "sig": it is not a key for signatures', { field: "use" });
  }
  const algorithm = ownAlgorithm(jwk);
  assertBase64url(jwk, PUBLIC_PARAMETERS[algorithm.kty]);
  const key = publicKeyFromJwk({ ...jwk, alg: algorithm.name } as never);
  return { key, algs: isAbsent(jwk.alg) ? algorithmsFor(key) : [algorithm.name] };
}
