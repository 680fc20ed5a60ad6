import type { PublicJwk } from "../algorithms/jwk.js";
import { ALGORITHMS } from "../algorithms/table.js";
import { OWN_CACHES } from "../settings/times.js";
import type { KeyRecord, KeyState } from "./key-record.js";
import type { Keyring } from "./keyring.js";

/** A JWK Set (RFC 7517 section 5) as Signet publishes it. */
export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

/** OpenID Connect Discovery 1.0 metadata, as far as an issuer of tokens without a login page has it. */
export interface DiscoveryDocument {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly ["id_token"];
  readonly subject_types_supported: readonly ["public"];
  readonly id_token_signing_alg_values_supported: readonly string[];
  readonly claims_supported: readonly string[];
}

/** Where clients of OAuth 2.0 get tokens, and how: members of RFC 8414 that both documents have where `/token` is served. */
export interface TokenMetadata {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly grant_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly scopes_supported?: readonly string[];
}

/** OAuth 2.0 Authorization Server Metadata (RFC 8414). */
export interface OAuthMetadata extends TokenMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly ["none"];
}

/** What a token endpoint takes. */
export interface TokenEndpoint {
  /** False where clients prove who they are by signatures alone; true by default. */
  readonly takesSecrets?: boolean;
  /** The scopes that callers' exchanges may be asked for. Client credentials get what their caller's limits let through, which has no list. */
  readonly scopes?: readonly string[];
}

/** How long anybody may keep a public document; rotation waits for longer. */
export const PUBLIC_CACHE_CONTROL = `public, ${OWN_CACHES.map(([seconds, name]) => `${name}=${seconds}`).join(", ")}`;

const TOKEN_PATH = "/token";
/** The grants of the token endpoint: RFC 6749 section 4.4, RFC 7523 section 2.1, RFC 8693. */
export const CLIENT_CREDENTIALS = "client_credentials";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
export const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
export const GRANT_TYPES: readonly string[] = [CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE];
const SECRET_METHODS = ["client_secret_basic", "client_secret_post"];
const AUTHORIZATION_PATH = "/authorize";

/** Where the JWKS stands below the issuer's URL. */
const JWKS_PATH = "/.well-known/jwks.json";

// The key that signs comes first, for the many clients that take the first key they find.
const PUBLISHED: readonly KeyState[] = ["active", "pending", "retired"];

/** The records whose keys belong in the JWKS, in the order in which they are published. */
export function publishedRecords(keyring: Keyring): readonly KeyRecord[] {
  return PUBLISHED.flatMap((state) => keyring.keys.filter((key) => key.state === state && key.publicJwk !== undefined));
}

/** The JWKS of a keyring. */
export function jwksOf(keyring: Keyring): Jwks {
  return { keys: publishedRecords(keyring).map((record) => record.publicJwk as PublicJwk) };
}

/** Where an issuer of ours publishes its keys. */
export function jwksUrlOf(issuer: string): string {
  return urlBelow(issuer, JWKS_PATH);
}

/** The discovery document of a keyring; `undefined` for an issuer without a URL. */
export function discoveryOf(keyring: Keyring): DiscoveryDocument | undefined {
  if (keyring.issuer === null) return undefined;
  return {
    issuer: keyring.issuer,
    jwks_uri: jwksUrlOf(keyring.issuer),
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    // Pending keys count: a verifier that reads this once must know the algorithm before the first token comes.
    id_token_signing_alg_values_supported: [...new Set(publishedRecords(keyring).map((record) => record.alg))],
    claims_supported: ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"],
  };
}

/**
 * A discovery document that also says where clients get tokens. What verifiers read in it stays as it was, first and in its order; the
 * document that is published as a file names no endpoint, since a server of files serves none.
 */
export function withTokenEndpoint(document: DiscoveryDocument, endpoint: TokenEndpoint = {}): DiscoveryDocument & TokenMetadata {
  return { ...document, ...tokenMetadata(document.issuer, endpoint) };
}

/** The OAuth 2.0 metadata of the issuer of a discovery document. */
export function oauthMetadataOf({ issuer, jwks_uri }: DiscoveryDocument, endpoint: TokenEndpoint = {}): OAuthMetadata {
  // The list is required and may not be empty (RFC 8414 sections 2 and 3.2): `none` is the registered type of an answer that holds nothing.
  return { issuer, jwks_uri, response_types_supported: ["none"], ...tokenMetadata(issuer, endpoint) };
}

function tokenMetadata(issuer: string, { takesSecrets = true, scopes = [] }: TokenEndpoint): TokenMetadata {
  return {
    // There is no login. But MCP's SDK refuses metadata that names no such endpoint, whatever the grant; ours answers
    // `unsupported_response_type`, and clients that wanted a code see in the response types that there is none.
    authorization_endpoint: urlBelow(issuer, AUTHORIZATION_PATH),
    token_endpoint: tokenEndpointOf(issuer),
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: [...(takesSecrets ? SECRET_METHODS : []), "private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: proofAlgorithms(),
    // Left out rather than empty (RFC 8414 section 3.2).
    ...(scopes.length > 0 && { scopes_supported: scopes }),
  };
}

// ML-DSA is left out: whether it is there depends on the Node of each replica, and their documents are to be the same bytes.
function proofAlgorithms(): readonly string[] {
  return ALGORITHMS.filter(({ kty }) => kty !== "AKP").map(({ name }) => name);
}

/** The URL of an issuer's token endpoint. */
export function tokenEndpointOf(issuer: string): string {
  return urlBelow(issuer, TOKEN_PATH);
}

/** The URL of what is below an issuer's (OpenID Connect Discovery 1.0 section 4: a trailing slash of the issuer is dropped). */
function urlBelow(issuer: string, path: string): string {
  return (issuer.endsWith("/") ? issuer.slice(0, -1) : issuer) + path;
}
