import type { PublicJwk } from "../algorithms/jwk.js";
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

/** How long anybody may keep a public document; rotation waits for longer. */
export const PUBLIC_CACHE_CONTROL = `public, ${OWN_CACHES.map(([seconds, name]) => `${name}=${seconds}`).join(", ")}`;

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
  return wellKnownUrl(issuer, JWKS_PATH);
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

/** The URL of a well-known document (OpenID Connect Discovery 1.0 section 4: a trailing slash of the issuer is dropped). */
function wellKnownUrl(issuer: string, path: string): string {
  return (issuer.endsWith("/") ? issuer.slice(0, -1) : issuer) + path;
}
