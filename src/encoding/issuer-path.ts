import { urlOf } from "./url-of.js";

/**
 * The path below which an issuer's documents are: `/tenant/a` of `https://issuer.example/tenant/a`, and nothing of a URL without a path. A
 * slash at its end is dropped (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1).
 */
export function issuerPath(issuer: string | undefined): string {
  const path = urlOf(issuer ?? "")?.pathname.replace(/\/$/, "") ?? "";
  return path.startsWith("/") ? path : "";
}
