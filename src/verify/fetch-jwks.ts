import { isLoopback } from "../encoding/loopback-host.js";
import { readBounded } from "../encoding/read-bounded.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError, shortened } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";
import { type JudgedFetch, judgedByText } from "./judged-by-text.js";
import { judgedFetch } from "./judged-fetch.js";
import { isWithin, REACH_WORDS, type Reach, reachOfHost } from "./reach.js";

/** Within which bounds something is fetched. */
export interface FetchBounds {
  /** How long an answer may take, with its body, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** The largest body, in bytes, unpacked. Default 153,600: the most that a load balancer of AWS takes of a JWKS. */
  readonly maxBytes?: number | undefined;
  /**
   * Instead of Signet's own, which connects to no address that is more private than the issuer's (in Node; elsewhere, and with a
   * `fetch` of yours, only the URL's text can be judged).
   */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** @internal Who can reach the issuer that led to the URL. */
  readonly issuersReach?: Reach | undefined;
  /** @internal What tests put in place of the network. */
  readonly judged?: JudgedFetch | undefined;
}

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 150 * 1_024;

/**
 * Fetches a JWKS (RFC 7517 section 5).
 *
 * @param url https, or http on this machine; no redirect is followed: it could lead to other keys
 * @throws SignetError `jwks_unavailable`, which says what was wrong
 */
export async function fetchJwks(url: string, bounds: FetchBounds = {}): Promise<Jwks> {
  return ((await fetchJwksUnless(url, undefined, bounds)) as FetchedJwks).jwks;
}

/** A JWKS with the name of this very text, where the server has one. */
export interface FetchedJwks {
  readonly jwks: Jwks;
  readonly etag: string | undefined;
}

/**
 * Fetches a JWKS unless it is still the one of an ETag (RFC 9110 section 13.1.2).
 *
 * @returns `undefined` where it is
 * @throws SignetError `jwks_unavailable`
 */
export async function fetchJwksUnless(
  url: string,
  etag: string | undefined,
  bounds: FetchBounds = {},
): Promise<FetchedJwks | undefined> {
  const fetched = await fetchObject(url, bounds, etag);
  if (fetched === undefined) return undefined;
  const { keys } = fetched.value;
  if (Array.isArray(keys)) return { jwks: { keys } as Jwks, etag: fetched.etag };
  throw unavailable(url, 'its answer is no JWKS: it has no list "keys"');
}

/** Where an issuer's keys are. */
export interface DiscoveredJwks {
  readonly url: string;
  /** Who can reach the issuer: its keys are fetched from no address that is more private. */
  readonly issuersReach: Reach;
}

/**
 * Finds out where an issuer publishes its keys (OpenID Connect Discovery 1.0 section 4).
 *
 * @returns the URL of its JWKS, and how far it may lead
 * @throws SignetError `jwks_unavailable`, also where the document is another issuer's, or leads to a more private place
 */
export async function discoverJwks(issuer: string, bounds: FetchBounds = {}): Promise<DiscoveredJwks> {
  const url = discoveryUrlOf(issuer);
  const { value: found, reach: issuersReach } = (await fetchObject(url, bounds)) as FetchedObject;
  // Section 4.3: it must be identical, so that a writer below an issuer's path cannot pass for it.
  if (found.issuer !== issuer) throw unavailable(url, "it is the document of another issuer; is the issuer's URL exactly right?");
  const { jwks_uri: jwksUrl } = found;
  if (typeof jwksUrl !== "string" || !URL.canParse(jwksUrl)) throw unavailable(url, "it names no jwks_uri");
  const { href, hostname } = new URL(jwksUrl);
  const reach = reachOfHost(hostname);
  if (reach !== undefined && !isWithin(reach, issuersReach)) {
    throw unavailable(url, `its jwks_uri is ${REACH_WORDS[reach]}, and it is not`);
  }
  // As a URL is written: what the document says may be meant for a terminal.
  return { url: href, issuersReach };
}

/** The URL of an issuer's JWKS. @throws SignetError `jwks_unavailable` */
export async function discoverJwksUrl(issuer: string, bounds: FetchBounds = {}): Promise<string> {
  return (await discoverJwks(issuer, bounds)).url;
}

/** Where an issuer's discovery document is (OpenID Connect Discovery 1.0 section 4: a trailing slash of the issuer is dropped). */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

interface FetchedObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly etag: string | undefined;
  readonly reach: Reach;
}

async function fetchObject(url: string, bounds: FetchBounds, etag?: string): Promise<FetchedObject | undefined> {
  assertFetchable(url);
  const answer = await answerOf(url, bounds, etag);
  if (answer === undefined) return undefined;
  try {
    const value: unknown = parseStrictJson(answer.body, "the answer");
    if (typeof value === "object" && value !== null) {
      return { value: value as Record<string, unknown>, etag: answer.etag, reach: answer.reach };
    }
  } catch (error) {
    throw unavailable(url, isSignetError(error) ? error.message : "its answer cannot be read", error);
  }
  throw unavailable(url, "its answer is no JSON object");
}

function assertFetchable(url: string): void {
  if (!URL.canParse(url)) throw unavailable(url, "this is no URL");
  const { protocol, username, password, hostname } = new URL(url);
  if (username !== "" || password !== "") throw unavailable(hostname, "a URL with a password is not fetched");
  if (protocol === "https:" || (protocol === "http:" && isLoopback(hostname))) return;
  throw unavailable(url, "keys are fetched over https alone (or over http on this machine)");
}

async function answerOf(
  url: string,
  bounds: FetchBounds,
  known: string | undefined,
): Promise<{ readonly body: Uint8Array; readonly etag: string | undefined; readonly reach: Reach } | undefined> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, fetch, judged = judgedFetch } = bounds;
  const signal = AbortSignal.timeout(timeoutMs);
  const send = fetch === undefined ? judged : judgedByText(fetch);
  const headers = {
    accept: "application/json, application/jwk-set+json",
    ...(known !== undefined && { "if-none-match": known }),
  };
  try {
    const { answer, reach } = await send(url, { headers, signal }, bounds.issuersReach);
    if (answer.status === 304 && known !== undefined) {
      await answer.body?.cancel();
      return undefined;
    }
    if (answer.status !== 200) {
      await answer.body?.cancel();
      const isRedirect = answer.status >= 300 && answer.status < 400;
      throw unavailable(
        url,
        `it answers ${answer.status}${isRedirect ? "; a redirect is not followed, give the URL behind it" : ""}`,
      );
    }
    return { body: await bodyOf(url, answer, maxBytes), etag: answer.headers.get("etag") ?? undefined, reach };
  } catch (error) {
    if (isSignetError(error)) throw error;
    const isLate = signal.aborted || (error instanceof Error && error.name === "TimeoutError");
    throw unavailable(url, isLate ? `no answer within ${timeoutMs} ms` : `it cannot be reached${reasonOf(error)}`, error);
  }
}

async function bodyOf(url: string, { body }: Response, maxBytes: number): Promise<Uint8Array> {
  const bytes = body === null ? new Uint8Array() : await readBounded(body, maxBytes);
  if (bytes === undefined) throw unavailable(url, `its answer is larger than ${maxBytes} bytes`);
  return bytes;
}

// Node's fetch hides "ECONNREFUSED" and "CERT_HAS_EXPIRED" in the cause.
function reasonOf(error: unknown): string {
  const { code } = (((error as Error).cause ?? error) || {}) as { readonly code?: unknown };
  return typeof code === "string" ? ` (${code})` : "";
}

function unavailable(url: string, why: string, cause?: unknown): SignetError {
  return new SignetError("jwks_unavailable", `${shortened(url)}: ${why}`, { cause });
}
