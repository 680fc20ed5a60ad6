/**
 * Signet: issues JSON Web Tokens with keys that stay in your custody.
 *
 * @module
 */

export type { PublicJwk } from "./algorithms/jwk.js";
export { type LocalSigner, localSigner } from "./algorithms/signature.js";
export { ALGORITHM_NAMES, type AlgorithmName } from "./algorithms/table.js";
export type { Signer } from "./custody/contract.js";
export { type ErrorCode, isSignetError, isTokenRefusal, SignetError } from "./errors.js";
export { type BatchResult, createIssuer, type IssuedToken, type Issuer, type IssuerOptions } from "./issue/issuer.js";
export type { Claims, IssueRequest } from "./issue/request.js";
export type { Jwks } from "./keyring/documents.js";
export { type OpenIssuer, type OpenIssuerOptions, openIssuer } from "./open-issuer.js";
export type { Limits } from "./settings/limits.js";
export type { Tokens } from "./settings/tokens.js";
