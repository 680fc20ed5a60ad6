import type { IssuersVerifierOptions } from "./issuers.js";
import { type IssuersVerifier, issuersVerifier } from "./issuers-verifier.js";
import { localVerifier, type Verifier, type VerifierOptions } from "./verifier.js";
import { hasKeys } from "./verifier-options.js";

/**
 * Makes a verifier: over `keys` that are at hand, or by the URL of each `issuer`, whose keys it then finds, fetches and follows by itself.
 *
 * @throws SignetError `config_invalid`, above all where issuer or audience is neither given nor waived by `null`;
 *   `unsupported_algorithm`; the fault of the keys where not one of them can be used
 */
export function createVerifier(options: VerifierOptions): Verifier;
export function createVerifier(options: IssuersVerifierOptions): IssuersVerifier;
export function createVerifier(options: VerifierOptions | IssuersVerifierOptions): Verifier | IssuersVerifier {
  return hasKeys(options) ? localVerifier(options) : issuersVerifier(options);
}
