import { issuerPath } from "../encoding/issuer-path.js";

/** Metadata of OAuth 2.0 (RFC 8414), which names the token endpoint. */
export const OAUTH_METADATA = "/.well-known/oauth-authorization-server";
export const DISCOVERY = "/.well-known/openid-configuration";
export const JWKS = "/.well-known/jwks.json";

/** The documents that are looked for before the issuer's path as well (RFC 8414 sections 3.1 and 5). */
const BEFORE_PATH: readonly string[] = [OAUTH_METADATA, DISCOVERY];

/**
 * The paths of a route. Below an issuer's own path verifiers and clients look for it; without that path asks a proxy in front that has taken
 * it away, and who asks for this server's health.
 */
export function pathsOf(route: string, issuer: string | undefined): readonly string[] {
  const base = issuerPath(issuer);
  if (base === "") return [route];
  if (!BEFORE_PATH.includes(route)) return [route, base + route];
  // Some clients (Authlib) leave the slash at the issuer's end where RFC 8414 has it removed.
  const before = issuer?.endsWith("/") ? [base, `${base}/`] : [base];
  return [route, base + route, ...before.map((path) => route + path)];
}
