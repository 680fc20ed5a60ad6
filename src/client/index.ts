/**
 * Tokens that are always fresh: one for many requests, renewed in time.
 *
 * @module
 */

export { type ErrorCode, isSignetError, SignetError } from "../errors.js";
export type { IssueRequest } from "../issue/request.js";
export type { IssuerFunction } from "./ask-function.js";
export type { AsAssertion, AsAws, AskedAs, AsSecret, IssuerServer, TokenEndpoint } from "./ask-server.js";
export { type AuthorizedFetchOptions, authorizedFetch } from "./authorized-fetch.js";
export type { AwsIdentity } from "./identity.js";
export {
  createTokenSource,
  type LocalIssuer,
  type TakeOptions,
  type TokenSource,
  type TokenSourceOptions,
  type TokensFrom,
} from "./token-source.js";
