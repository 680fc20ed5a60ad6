/**
 * Verifies tokens of an issuer by its public keys.
 *
 * @module
 */
export type { PublicJwk } from "../algorithms/jwk.js";
export type { AlgorithmName } from "../algorithms/table.js";
export { type ErrorCode, isSignetError, isTokenRefusal, SignetError } from "../errors.js";
export { authorize } from "./authorize.js";
export { type BearerGuard, type BearerOptions, type BearerOutcome, type BearerRefusal, bearerGuard } from "./bearer.js";
export type { ClaimValue, VerifiedClaims } from "./claims.js";
export { createVerifier } from "./create-verifier.js";
export type { IgnorableHeader, TokenHeader, TokenPurpose } from "./header.js";
export type { IssuersVerifierOptions } from "./issuers.js";
export type { IssuersVerifier } from "./issuers-verifier.js";
export type { VerifiedToken, Verifier, VerifierOptions } from "./verifier.js";
