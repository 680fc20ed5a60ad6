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
}

/**
 * Makes the routes of JWKS and discovery document. Their bytes are those that were published, the same from every replica.
 *
 * @param documents answers what is published now; `undefined` before the first key
 * @param absent answers for a document that is not there
 */
export function documentRoutes(documents: () => PublicTexts | undefined, absent: Handler): DocumentRoutes {
  const jwksOf = remembered<Jwks>();
  const discoveryOf = remembered<DiscoveryDocument>();
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
  });
}

/** Answers a text that anybody may read and keep, with its ETag; 304 to who has it already (RFC 9110 section 13.1.2). */
export function send(request: Request, { text, etag }: Representation, own: Readonly<Record<string, string>>): Response {
  const headers = { "access-control-allow-origin": "*", "cache-control": PUBLIC_CACHE_CONTROL, etag, ...own };
  if (isKnown(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

/** Makes the representation of a value, once for as long as the value is the same. */
export function remembered<T extends object>(): (value: T) => Representation {
  let last: { readonly value: T; readonly representation: Representation } | undefined;
  return (value) => {
    if (last?.value !== value) {
      const text = JSON.stringify(value);
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
