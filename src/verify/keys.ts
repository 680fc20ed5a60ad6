import type { KeyObject } from "node:crypto";
import { type PublicJwk, publicKeyFromJwk } from "../algorithms/jwk.js";
import { signatureChecker } from "../algorithms/signature.js";
import { ALGORITHMS, type Algorithm, findAlgorithm } from "../algorithms/table.js";
import { isSignetError, SignetError } from "../errors.js";
import type { TokenHeader } from "./header.js";

/** Tells whether a signature belongs to a signing input. */
export type SignatureCheck = (signingInput: string, signature: Uint8Array) => boolean;

interface Candidate {
  readonly algorithm: Algorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
  check?: SignatureCheck;
}

/**
 * Binds a JWKS, and answers the function that finds the check for a header. The algorithm is the key's, never the token's: a
 * key whose JWK names none is used with those of its type.
 *
 * @throws (the bound function) SignetError `token_key_unknown`, `token_algorithm_refused` or `algorithm_unavailable`
 */
export function keyFinder(jwks: { readonly keys: readonly object[] }): (header: TokenHeader) => SignatureCheck {
  if (!Array.isArray(jwks?.keys))
    throw new SignetError("config_invalid", 'keys must be a JWKS: {"keys": [...]}', { field: "keys" });
  const byKid = new Map<string, Candidate[]>();
  for (const jwk of jwks.keys as Readonly<Record<string, unknown>>[]) {
    if (typeof jwk?.kid !== "string" || !isForSignatures(jwk)) continue;
    byKid.set(jwk.kid, [...(byKid.get(jwk.kid) ?? []), ...algorithmsOf(jwk).map((algorithm) => ({ algorithm, jwk }))]);
  }
  return ({ alg, kid }) => {
    const candidates = byKid.get(kid);
    if (candidates === undefined)
      throw new SignetError("token_key_unknown", "the token names a key that the issuer does not publish");
    const candidate = candidates.find(({ algorithm }) => algorithm.name === alg);
    if (candidate === undefined) throw new SignetError("token_algorithm_refused", "the token's alg is not its key's");
    candidate.check ??= checkOf(candidate);
    return candidate.check;
  };
}

function isForSignatures({ use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean {
  const allowsVerify = operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
  return (use === undefined || use === "sig") && allowsVerify;
}

function algorithmsOf({ alg, kty, crv }: Readonly<Record<string, unknown>>): readonly Algorithm[] {
  if (alg !== undefined) {
    const named = findAlgorithm(alg);
    return named === undefined ? [] : [named];
  }
  return ALGORITHMS.filter((algorithm) => algorithm.kty === kty && algorithm.crv === crv && algorithm.kty !== "AKP");
}

function checkOf({ algorithm, jwk }: Candidate): SignatureCheck {
  let key: KeyObject;
  try {
    key = publicKeyFromJwk({ ...jwk, alg: algorithm.name } as PublicJwk);
  } catch (error) {
    if (isSignetError(error, "algorithm_unavailable")) throw error;
    throw new SignetError("token_key_unknown", "the key that the token names is published, but is not a valid key", {
      cause: error,
    });
  }
  return signatureChecker(algorithm, key);
}
