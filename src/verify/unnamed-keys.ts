import { isForSignatures } from "../algorithms/jwk-purpose.js";
import { isSignetError } from "../errors.js";
import { createVerifier } from "./create-verifier.js";
import { signatureInvalid } from "./token.js";
import type { Verifier, VerifierOptions } from "./verifier.js";

/**
 * A verifier of tokens that may name no key although there are several: then each is asked. For an issuer's own few keys, since the work
 * grows with their number.
 *
 * @throws as `createVerifier`
 */
export function verifierWithoutKid(options: VerifierOptions): Verifier {
  const named = createVerifier(options);
  const each = options.keys.keys.filter(isForSignatures).flatMap((jwk) => verifierOf(jwk, options) ?? []);
  return Object.freeze<Verifier>({
    verify(token, purpose) {
      try {
        return named.verify(token, purpose);
      } catch (error) {
        if (!isSignetError(error, "token_kid_missing")) throw error;
      }
      for (const { verify } of each) {
        try {
          return verify(token, purpose);
        } catch (error) {
          // Another one may have signed it.
          if (!isSignetError(error, "token_signature_invalid", "token_algorithm_refused")) throw error;
        }
      }
      throw signatureInvalid();
    },
  });
}

// One that this Node cannot use has signed no token that is good.
function verifierOf(jwk: VerifierOptions["keys"]["keys"][number], options: VerifierOptions): Verifier | undefined {
  try {
    return createVerifier({ ...options, keys: { keys: [jwk] } });
  } catch (error) {
    if (isSignetError(error)) return undefined;
    throw error;
  }
}
