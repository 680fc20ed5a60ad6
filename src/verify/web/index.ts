/**
 * Verifies tokens of an issuer in browsers, at the edge, and wherever else there is the Web Cryptography API.
 *
 * @module
 */
export type { PublicJwk } from "../../algorithms/jwk-members.js";
export type { AlgorithmName } from "../../algorithms/table.js";
export { type ErrorCode, isSignetError, isTokenRefusal, SignetError } from "../../errors.js";
export { type BearerGuard, type BearerOptions, type BearerOutcome, type BearerRefusal, bearerGuard } from "../bearer.js";
export type { ClaimValue, VerifiedClaims } from "../claims.js";
export type { IgnorableHeader, TokenHeader, TokenPurpose } from "../header.js";
export type { IssuersVerifierOptions } from "../issuers.js";
export type { VerifiedToken, VerifierOptions } from "../verifier.js";
export { createVerifier, type WebIssuersVerifier, type WebVerifier } from "./web-verifier.js";
