import { isLoopback } from "../encoding/loopback-host.js";
import { urlOf } from "../encoding/url-of.js";
import { SignetError } from "../errors.js";
import { problemResponse } from "./problem.js";
import type { Handler } from "./request-context.js";
import { publicDocumentReader } from "./routes.js";

/**
 * Lets only programs on this machine ask for more than public documents. A page of another site can make a browser send requests here, and can give its own
 * name this machine's address (DNS rebinding): both show in Host or Origin.
 *
 * @param issuer its URL, below whose path the documents are
 */
export function devGuard(handle: Handler, issuer?: string): Handler {
  const readsPublicDocument = publicDocumentReader(issuer);
  return (request, context) => {
    // A verifier in a browser is another origin always, and what is public tells a page nothing.
    if (readsPublicDocument(request, context)) return handle(request, context);
    const { hostname, host } = new URL(request.url);
    const origin = request.headers.get("origin");
    // The host of a target in absolute form is not the one of the header.
    const named = request.headers.get("host");
    const isHere = isLoopback(hostname) && (named === null || hostOf(`http://${named}`) === host);
    if (isHere && (origin === null || hostOf(origin) === host)) return handle(request, context);
    const error = new SignetError(
      "origin_refused",
      "in dev mode only programs on this machine are served, under localhost or 127.0.0.1",
    );
    return problemResponse(error, context);
  };
}

function hostOf(origin: string): string | undefined {
  return urlOf(origin)?.host;
}
