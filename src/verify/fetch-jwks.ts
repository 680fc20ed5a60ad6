import { isLoopback } from "../encoding/loopback-host.js";
import { readBounded } from "../encoding/read-bounded.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";

/** Within which bounds something is fetched. */
export interface FetchBounds {
  /** How long an answer may take, with its body, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number | undefined;
  /** The largest body, in bytes, unpacked. Default 153,600: the most that a load balancer of AWS takes of a JWKS. */
  readonly maxBytes?: number | undefined;
  /** Default: this runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 150 * 1_024;

/**
 * Fetches a JWKS (RFC 7517 section 5).
 *
 * @param url https, or http on this machine; no redirect is followed: whoever could redirect it could give other keys
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

/**
 * Finds out where an issuer publishes its keys (OpenID Connect Discovery 1.0 section 4).
 *
 * @returns the URL of its JWKS
 * @throws SignetError `jwks_unavailable`, also where the document is another issuer's
 */
export async function discoverJwksUrl(issuer: string, bounds: FetchBounds = {}): Promise<string> {
  const url = discoveryUrlOf(issuer);
  const found = (await fetchObject(url, bounds))?.value ?? {};
  // Section 4.3: it must be identical, so that nobody passes for an issuer under whose path he can write.
  if (found.issuer !== issuer) throw unavailable(url, "it is the document of another issuer; is the issuer's URL exactly right?");
  const { jwks_uri: jwksUrl } = found;
  if (typeof jwksUrl !== "string" || !URL.canParse(jwksUrl)) throw unavailable(url, "it names no jwks_uri");
  if (isOnLoopback(jwksUrl) && !isOnLoopback(issuer)) throw unavailable(url, "its jwks_uri is on this machine, and it is not");
  // As a URL is written: what the document says may be meant for a terminal.
  return new URL(jwksUrl).href;
}

/** Where an issuer's discovery document is (OpenID Connect Discovery 1.0 section 4: a trailing slash of the issuer is dropped). */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

interface FetchedObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly etag: string | undefined;
}

async function fetchObject(url: string, bounds: FetchBounds, etag?: string): Promise<FetchedObject | undefined> {
  assertFetchable(url);
  const answer = await answerOf(url, bounds, etag);
  if (answer === undefined) return undefined;
  try {
    const value: unknown = parseStrictJson(answer.body, "the answer");
    if (typeof value === "object" && value !== null) return { value: value as Record<string, unknown>, etag: answer.etag };
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
  { timeoutMs = TIMEOUT_MS, maxBytes = MOST_BYTES, fetch = globalThis.fetch }: FetchBounds,
  known: string | undefined,
): Promise<{ readonly body: Uint8Array; readonly etag: string | undefined } | undefined> {
  const headers = {
    accept: "application/json, application/jwk-set+json",
    ...(known !== undefined && { "if-none-match": known }),
  };
  try {
    const answer = await fetch(url, {
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
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
    return { body: await bodyOf(url, answer, maxBytes), etag: answer.headers.get("etag") ?? undefined };
  } catch (error) {
    if (isSignetError(error)) throw error;
    const isLate = error instanceof Error && error.name === "TimeoutError";
    throw unavailable(url, isLate ? `no answer within ${timeoutMs} ms` : `it cannot be reached${reasonOf(error)}`, error);
  }
}

async function bodyOf(url: string, { body }: Response, maxBytes: number): Promise<Uint8Array> {
  const bytes = body === null ? new Uint8Array() : await readBounded(body, maxBytes);
  if (bytes === undefined) throw unavailable(url, `its answer is larger than ${maxBytes} bytes`);
  return bytes;
}

function isOnLoopback(url: string): boolean {
  return URL.canParse(url) && isLoopback(new URL(url).hostname);
}

// Node's fetch hides "ECONNREFUSED" and "CERT_HAS_EXPIRED" in the cause.
function reasonOf(error: unknown): string {
  const { code } = (((error as Error).cause ?? error) || {}) as { readonly code?: unknown };
  return typeof code === "string" ? ` (${code})` : "";
}

function unavailable(url: string, why: string, cause?: unknown): SignetError {
  return new SignetError("jwks_unavailable", `${url}: ${why}`, { cause });
}
