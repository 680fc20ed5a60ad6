import { createHash } from "node:crypto";
import {
  type DiscoveryDocument,
  type Jwks,
  oauthMetadataOf,
  PUBLIC_CACHE_CONTROL,
  type TokenEndpoint,
  withTokenEndpoint,
} from "../keyring/documents.js";
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

/** What the routes of documents are made of. */
export interface DocumentRoutesOptions {
  /** Answers what is published now; `undefined` before the first key. */
  readonly documents: () => PublicTexts | undefined;
  /** The scopes that callers' exchanges may be asked for now; the same list for as long as nothing else is. */
  readonly scopes: () => readonly string[];
  /** Answers for a document that is not there. */
  readonly absent: Handler;
}

/**
 * Makes the routes of JWKS, discovery document and OAuth metadata. The JWKS has the bytes that were published; the other two also name the
 * token endpoint, which is here always. All are the same from every replica.
 */
export function documentRoutes({ documents, scopes, absent }: DocumentRoutesOptions): DocumentRoutes {
  const jwksOf = remembered<[Jwks]>();

  function metadataRoute(metadataOf: (document: DiscoveryDocument, endpoint: TokenEndpoint) => object): Handler {
    const textOf = remembered((document: DiscoveryDocument, offered: readonly string[]) =>
      metadataOf(document, { scopes: offered }),
    );
    return (request, context) => {
      const document = documents()?.discovery;
      if (document === undefined) return absent(request, context);
      return send(request, textOf(document, scopes()), { "content-type": "application/json" });
    };
  }

  return Object.freeze<DocumentRoutes>({
    jwks(request, context) {
      const found = documents();
      if (found === undefined) return absent(request, context);
      // Some clients of JWKS accept only application/json; who names the registered type (RFC 7517 section 8.5.2) gets it.
      const type = request.headers.get("accept")?.includes(JWK_SET) === true ? JWK_SET : "application/json";
      return send(request, jwksOf(found.jwks), { "content-type": type, vary: "accept" });
    },
    discovery: metadataRoute(withTokenEndpoint),
    oauthMetadata: metadataRoute(oauthMetadataOf),
  });
}

/** Answers a text that anybody may read and keep, with its ETag; 304 to who has it already (RFC 9110 section 13.1.2). */
export function send(request: Request, { text, etag }: Representation, own: Readonly<Record<string, string>>): Response {
  const headers = { "access-control-allow-origin": "*", "cache-control": PUBLIC_CACHE_CONTROL, etag, ...own };
  if (isKnown(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

/** Makes the representation of a value, or of what is made of some, once for as long as these are the same. */
export function remembered<T extends readonly unknown[]>(
  make: (...values: T) => object = (...[value]) => value as object,
): (...values: T) => Representation {
  let last: { readonly values: T; readonly representation: Representation } | undefined;
  return (...values) => {
    if (last === undefined || values.some((value, index) => value !== last?.values[index])) {
      const text = JSON.stringify(make(...values));
      const digest = createHash("sha256").update(text).digest("base64url");
      last = { values, representation: { text, etag: `"${digest}"` } };
    }
    return last.representation;
  };
}

function isKnown(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}
