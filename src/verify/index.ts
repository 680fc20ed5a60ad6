/**
 * Verifies tokens of an issuer by its public keys.
 *
 * @module
 */
export type { PublicJwk } from "../algorithms/jwk.js";
export type { AlgorithmName } from "../algorithms/table.js";
export { type ErrorCode, isSignetError, isTokenRefusal, SignetError } from "../errors.js";
export type { VerifiedClaims } from "./claims.js";
export type { TokenHeader } from "./header.js";
export { createVerifier, type VerifiedToken, type Verifier, type VerifierOptions } from "./verifier.js";
