import type { IncomingMessage } from "node:http";
import { isMediaType } from "../encoding/media-type.js";
import { SignetError } from "../errors.js";

/** What a request is for: the public files of the page, or data. */
type Purpose = "page" | "data";

/** A header that two readers could understand in two ways. */
const SINGLE = [
  "host",
  "origin",
  "content-type",
  "content-length",
  "sec-fetch-site",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "signet-session",
  "signet-nonce",
];

/**
 * Lets only the console's own page, and who opens it, ask. A page of another site can send requests here, and can give its own name this
 * machine's address (DNS rebinding): Host shows that, and Origin and Sec-Fetch-Site who asks.
 *
 * @param origin the console's own: `http://127.0.0.1:PORT`
 * @throws SignetError `origin_refused`
 */
export function assertFromHere(request: IncomingMessage, origin: string, purpose: Purpose): void {
  const { headers } = request;
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  if (SINGLE.some((name) => names.filter((each) => each === name).length > 1)) throw refused("a header stands twice");
  if (!request.url?.startsWith("/")) throw refused("the request names another server");
  if (headers.host !== origin.slice("http://".length)) throw refused(`it is served under ${origin} alone`);
  if (headers.origin !== undefined && headers.origin !== origin) throw refused("another page asks");
  if (!isFetchedFromHere(request, purpose)) throw refused("another site asks");
}

/*
 * The file that leads here is of another site than this one, as whatever a person opens it from: a page may be opened from anywhere, but
 * as the whole of a tab. What is fetched, and what is put into another page, may not.
 */
function isFetchedFromHere({ headers, url }: IncomingMessage, purpose: Purpose): boolean {
  const { "sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest } = headers;
  if (site === undefined || site === "same-origin") return true;
  if (purpose === "data") return false;
  return site === "none" || (url === "/" && mode === "navigate" && dest === "document");
}

/**
 * Asserts that a body is JSON, by its headers alone: a form of another page cannot send that without asking first.
 *
 * @throws SignetError `unsupported_media_type`
 */
export function assertJson({ headers }: IncomingMessage): void {
  const coding = headers["content-encoding"] ?? "identity";
  if (isMediaType(headers["content-type"], "application/json") && coding.toLowerCase() === "identity") return;
  throw new SignetError("unsupported_media_type", "the body must be application/json in UTF-8, and not packed");
}

function refused(why: string): SignetError {
  return new SignetError("origin_refused", `the console answers its own page alone: ${why}`);
}
