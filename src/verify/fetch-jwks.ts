import { hasMembers, isText } from "../encoding/list-of.js";
import { isLoopback } from "../encoding/loopback-host.js";
import { readBounded } from "../encoding/read-bounded.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { urlOf } from "../encoding/url-of.js";
import { isSignetError } from "../errors.js";
import type { Jwks } from "../keyring/documents.js";
import { type JudgedFetch, judgedByText, misconfigured, unavailable } from "./judged-by-text.js";
import { judgedFetch } from "./judged-fetch.js";
import { isWithin, type Reach, reachInWords, reachOfHost } from "./reach.js";

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
  /**
   * Takes an issuer, and a `jwksUrl`, of http beside this machine, as inside a compose network or a cluster. Its price: an attacker between
   * here and there can give other keys, and sign what is then taken for the issuer's tokens. What an issuer of https leads to stays https.
   * Default false.
   */
  readonly allowInsecureIssuer?: boolean | undefined;
  /** @internal Who can reach the issuer that led to the URL. */
  readonly issuersReach?: Reach | undefined;
  /** @internal What tests put in place of the network. */
  readonly judged?: JudgedFetch | undefined;
}

/**
 * Fetches a JWKS (RFC 7517 section 5).
 *
 * @param url https, or http on this machine (elsewhere with `allowInsecureIssuer`); no redirect is followed: it could lead to other keys
 * @throws SignetError `jwks_unavailable`, or `jwks_misconfigured` where another try changes nothing; it says what was wrong
 */
export async function fetchJwks(url: string, bounds: FetchBounds = {}): Promise<Jwks> {
  return ((await fetchJwksUnless(url, null, bounds)) as FetchedJwks).jwks;
}

/** A JWKS with the name of this very text, where the server has one. */
export interface FetchedJwks {
  readonly jwks: Jwks;
  readonly etag: string | null;
}

/**
 * Fetches a JWKS unless it is still the one of an ETag (RFC 9110 section 13.1.2).
 *
 * @returns `undefined` where it is
 * @throws SignetError `jwks_unavailable`, `jwks_misconfigured`
 */
export async function fetchJwksUnless(
  url: string,
  etag: string | null | undefined,
  bounds: FetchBounds = {},
): Promise<FetchedJwks | undefined> {
  const fetched = await fetchObject(url, bounds, etag);
  if (fetched && !Array.isArray(fetched.value.keys)) throw misconfigured(url, 'its answer is no JWKS: it has no list "keys"');
  return fetched && { jwks: { keys: fetched.value.keys } as Jwks, etag: fetched.etag };
}

/** Where an issuer's keys are. */
export interface DiscoveredJwks {
  readonly url: string;
  /** Who can reach the issuer: its keys are fetched from no address that is more private. */
  readonly issuersReach: Reach;
  /** Whether its keys may come over http: only where it is of http itself, and that is allowed. */
  readonly allowInsecureIssuer: boolean;
}

/**
 * Finds out where an issuer publishes its keys (OpenID Connect Discovery 1.0 section 4).
 *
 * @returns the URL of its JWKS, and how far it may lead
 * @throws SignetError `jwks_unavailable`; `jwks_misconfigured`, also where the document is another issuer's, or leads to a more private place
 */
export async function discoverJwks(issuer: string, bounds: FetchBounds = {}): Promise<DiscoveredJwks> {
  const url = discoveryUrlOf(issuer);
  const { value: found, reach: issuersReach } = (await fetchObject(url, bounds)) as FetchedObject;
  // Section 4.3: it must be identical, so that a writer below an issuer's path cannot pass for it.
  if (found.issuer !== issuer)
    throw misconfigured(url, "it is the document of another issuer; is the issuer's URL exactly right?");
  const { jwks_uri: jwksUrl } = found;
  const read = isText(jwksUrl) && urlOf(jwksUrl);
  if (!read) throw misconfigured(url, "it names no jwks_uri");
  const { href, hostname } = read;
  const reach = reachOfHost(hostname);
  if (reach && !isWithin(reach, issuersReach)) {
    throw misconfigured(url, `its jwks_uri is ${reachInWords(reach)}, and it is not`);
  }
  // As a URL is written: what the document says may be meant for a terminal.
  return { url: href, issuersReach, allowInsecureIssuer: bounds.allowInsecureIssuer === true && issuer.startsWith("http:") };
}

/** The URL of an issuer's JWKS. @throws SignetError as `discoverJwks` */
export async function discoverJwksUrl(issuer: string, bounds: FetchBounds = {}): Promise<string> {
  return (await discoverJwks(issuer, bounds)).url;
}

/** Where an issuer's discovery document is (OpenID Connect Discovery 1.0 section 4: a trailing slash of the issuer is dropped). */
export function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

interface FetchedObject {
  readonly value: Readonly<Record<string, unknown>>;
  readonly etag: string | null;
  readonly reach: Reach;
}

async function fetchObject(
  url: string,
  { timeoutMs = 5_000, maxBytes = 153_600, fetch, judged = judgedFetch, issuersReach, allowInsecureIssuer }: FetchBounds,
  known?: string | null,
): Promise<FetchedObject | undefined> {
  assertFetchable(url, allowInsecureIssuer);
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { accept: "application/json, application/jwk-set+json", ...(known && { "if-none-match": known }) };
  try {
    const { answer, reach } = await (fetch ? judgedByText(fetch) : judged)(
      url,
      { headers, signal, allowInsecureIssuer },
      issuersReach,
    );
    const { status, body } = answer;
    if (status !== 200) {
      await body?.cancel();
      if (status === 304 && known) return undefined;
      const more = status >= 300 && status < 400 ? "; a redirect is not followed, give the URL behind it" : "";
      // A server in trouble, or one that is asked too often or too slowly, answers otherwise later.
      const fault = status >= 500 || status === 429 || status === 408 ? unavailable : misconfigured;
      throw fault(url, `it answers ${status}${more}`);
    }
    const bytes = body ? await readBounded(body, maxBytes) : new Uint8Array();
    if (!bytes) throw misconfigured(url, `its answer is larger than ${maxBytes} bytes`);
    const value = parseStrictJson(bytes, "the answer");
    if (!hasMembers(value)) throw misconfigured(url, "its answer is no JSON object");
    return { value, etag: answer.headers.get("etag"), reach };
  } catch (cause) {
    // What a caller's fetch says of its own accord stays as it is.
    if (isSignetError(cause) && !isSignetError(cause, "invalid_json", "duplicate_member")) throw cause;
    if (isSignetError(cause)) throw misconfigured(url, cause.message, { cause });
    const aborted = signal.aborted || (cause as Error)?.name === "TimeoutError";
    const code = aborted ? "" : codeOf(cause as Error);
    const words = aborted ? `no answer within ${timeoutMs} ms` : `it cannot be reached${code && ` (${code})`}`;
    // A certificate stays as it is until it is renewed or trusted.
    throw (/CERT|VERIFY/.test(code) ? misconfigured : unavailable)(url, words, { cause });
  }
}

function codeOf(error: Error): string {
  // Node's fetch hides "ECONNREFUSED" and "CERT_HAS_EXPIRED" in the cause.
  const { code } = ((error?.cause ?? error) || {}) as { readonly code?: unknown };
  return isText(code) ? code : "";
}

function assertFetchable(url: string, allowInsecureIssuer = false): void {
  const read = urlOf(url);
  if (!read) throw misconfigured(url, "this is no URL");
  const { protocol, username, password, hostname } = read;
  if (username || password) throw misconfigured(hostname, "a URL with a password is not fetched");
  if (protocol === "https:" || (protocol === "http:" && (allowInsecureIssuer || isLoopback(hostname)))) return;
  throw misconfigured(url, "keys are fetched over https (over http on this machine alone, or with allowInsecureIssuer)");
}
