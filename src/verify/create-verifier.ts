import type { IssuersVerifierOptions } from "./issuers.js";
import { type IssuersVerifier, issuersVerifier } from "./issuers-verifier.js";
import { localVerifier, type Verifier, type VerifierOptions } from "./verifier.js";
import { hasKeys, readVerifierOptions } from "./verifier-options.js";

/**
 * Makes a verifier: over `keys` that are at hand, or by the URL of each `issuer`, whose keys it then finds, fetches and follows by itself.
 *
 * @example
 * ```ts
 * import { generateKeyPairSync } from "node:crypto";
 * import { createIssuer, localSigner } from "signet-jwt";
 * import { createVerifier } from "signet-jwt/verify";
 *
 * const issuer = "https://issuer.example";
 * const signer = localSigner({ privateKey: generateKeyPairSync("ed25519").privateKey, alg: "EdDSA" });
 * const { token } = await createIssuer({ signer, issuer }).issue({ claims: { sub: "alice", aud: "api" } });
 *
 * // By the URL alone, without `keys`, it fetches them, and `verify` answers a promise.
 * const verifier = createVerifier({ keys: { keys: [signer.publicJwk] }, issuer, audience: "api" });
 * console.log(verifier.verify(token).claims.sub); // alice
 * ```
 *
 * @throws SignetError `config_invalid`, above all where issuer or audience is neither given nor waived by `null`;
 *   `unsupported_algorithm`; the fault of the keys where not one of them can be used
 */
export function createVerifier(options: VerifierOptions): Verifier;
export function createVerifier(options: IssuersVerifierOptions): IssuersVerifier;
export function createVerifier(options: VerifierOptions | IssuersVerifierOptions): Verifier | IssuersVerifier {
  const read = readVerifierOptions(options);
  return hasKeys(read) ? localVerifier(read) : issuersVerifier(read);
}
