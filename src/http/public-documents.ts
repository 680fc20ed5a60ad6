import { createHash } from "node:crypto";
import { type DiscoveryDocument, type Jwks, PUBLIC_CACHE_CONTROL } from "../keyring/documents.js";
import type { Handler } from "./request-context.js";

/** What verifiers read. */
export interface PublicTexts {
  readonly jwks: Jwks;
  /** Absent for an issuer without a URL. */
  readonly discovery?: DiscoveryDocument | undefined;
}

/** One document, ready to be sent. */
interface Representation {
  readonly text: string;
  readonly etag: string;
}

const JWK_SET = "application/jwk-set+json";

/** The routes of the public documents. */
export interface DocumentRoutes {
  readonly jwks: Handler;
  readonly discovery: Handler;
  readonly oauthMetadata: Handler;
}

/**
 * Makes the routes of JWKS, discovery document and OAuth metadata. Their bytes are those that were published, the same from every replica.
 *
 * @param documents answers what is published now; `undefined` before the first key
 * @param absent answers for a document that is not there
 */
export function documentRoutes(documents: () => PublicTexts | undefined, absent: Handler): DocumentRoutes {
  const jwksOf = remembered<Jwks>();
  const discoveryOf = remembered<DiscoveryDocument>();
  const oauthMetadataOf = remembered(oauthMetadata);
  return Object.freeze<DocumentRoutes>({
    jwks(request, context) {
      const found = documents();
      if (found === undefined) return absent(request, context);
      // Some clients of JWKS accept only application/json; who names the registered type (RFC 7517 section 8.5.2) gets it.
      const type = request.headers.get("accept")?.includes(JWK_SET) === true ? JWK_SET : "application/json";
      return send(request, jwksOf(found.jwks), { "content-type": type, vary: "accept" });
    },
    discovery(request, context) {
      const document = documents()?.discovery;
      if (document === undefined) return absent(request, context);
      return send(request, discoveryOf(document), { "content-type": "application/json" });
    },
    oauthMetadata(request, context) {
      const document = documents()?.discovery;
      if (document === undefined) return absent(request, context);
      return send(request, oauthMetadataOf(document), { "content-type": "application/json" });
    },
  });
}

/**
 * What clients of `/token` look for (RFC 8414 section 2). There is no authorization endpoint; `none` is the registered response type of an
 * answer that holds nothing.
 */
function oauthMetadata({ issuer, jwks_uri }: DiscoveryDocument): object {
  return {
    issuer,
    token_endpoint: `${issuer.replace(/\/$/, "")}/token`,
    jwks_uri,
    response_types_supported: ["none"],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  };
}

/** Answers a text that anybody may read and keep, with its ETag; 304 to who has it already (RFC 9110 section 13.1.2). */
export function send(request: Request, { text, etag }: Representation, own: Readonly<Record<string, string>>): Response {
  const headers = { "access-control-allow-origin": "*", "cache-control": PUBLIC_CACHE_CONTROL, etag, ...own };
  if (isKnown(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

/** Makes the representation of a value, or of what is made of it, once for as long as the value is the same. */
export function remembered<T extends object>(make: (value: T) => object = (value) => value): (value: T) => Representation {
  let last: { readonly value: T; readonly representation: Representation } | undefined;
  return (value) => {
    if (last?.value !== value) {
      const text = JSON.stringify(make(value));
      const digest = createHash("sha256").update(text).digest("base64url");
      last = { value, representation: { text, etag: `"${digest}"` } };
    }
    return last.representation;
  };
}

function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}
