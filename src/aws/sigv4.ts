import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

/** What signs requests to AWS. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A request before it is signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** As it goes over the wire: every segment is percent-encoded. */
  readonly path: string;
  /** Names and values before encoding. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** Lower-case names. Each of them is signed, `host` and the date beside them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Where and when a signature is good. */
export interface SigningScope {
  readonly service: string;
  readonly region: string;
  /** Milliseconds since 1970, by the service's clock. */
  readonly time: number;
}

/**
 * Signs a request (AWS Signature Version 4, as the IAM User Guide describes it).
 *
 * @returns the headers to send, `authorization` among them
 */
export function signedHeaders(request: UnsignedRequest, credentials: Credentials, scope: SigningScope): Record<string, string> {
  const { service, region, time } = scope;
  const date = basicDate(time);
  const digest = sha256(request.body);
  const unsorted: Record<string, string> = { ...request.headers, host: request.host, "x-amz-date": date };
  if (credentials.sessionToken !== undefined) unsorted["x-amz-security-token"] = credentials.sessionToken;
  if (service === "s3") unsorted["x-amz-content-sha256"] = digest;
  const sorted = Object.entries(unsorted).sort(byName);
  // They go out in the order in which they are signed, the same for each call.
  const headers = Object.fromEntries(sorted);
  const signed = Object.keys(headers).join(";");
  let lines = "";
  for (const [name, value] of sorted) lines += `${name}:${withSingleSpaces(value.trim())}\n`;
  const path = service === "s3" ? request.path : encodedAgain(request.path);
  const canonical = `${request.method}\n${path}\n${canonicalQuery(request.query)}\n${lines}\n${signed}\n${digest}`;
  const credentialScope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${date}\n${credentialScope}\n${sha256(canonical)}`;
  const signature = hmac(keyOf(credentials.secretAccessKey, credentialScope), text).toString("hex");
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${credentialScope}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}

/** Enough for each service that is called, by the credentials of before and after a renewal. */
const MAX_KEYS = 16;
/** The keys that were derived: each is good for a day, a region and a service. On Node 24 a key in bytes costs seven times the HMAC. */
const derived = new Map<string, KeyObject>();

function keyOf(secret: string, credentialScope: string): KeyObject {
  const name = `${secret}/${credentialScope}`;
  const known = derived.get(name);
  if (known !== undefined) return known;
  const key = credentialScope
    .split("/")
    .reduce((last, part) => createSecretKey(hmac(last, part)), createSecretKey(`AWS4${secret}`, "utf8"));
  if (derived.size >= MAX_KEYS) derived.clear();
  derived.set(name, key);
  return key;
}

/** Encodes a text for a path's segment or a query: everything but RFC 3986's unreserved characters. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A query as it goes over the wire, and as it is signed: sorted by the encoded name. */
export function canonicalQuery(query?: Readonly<Record<string, string>>): string {
  if (query === undefined) return "";
  const encoded = Object.entries(query).map(([name, value]) => [percentEncoded(name), percentEncoded(value)] as const);
  return encoded
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join("="))
    .join("&");
}

/** ISO 8601's basic format, by slices: expressions are slow for as long as they are young. */
function basicDate(time: number): string {
  const iso = new Date(time).toISOString();
  const day = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  return `${day}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
}

function byName(a: readonly [name: string, value: string], b: typeof a): number {
  return a[0] < b[0] ? -1 : 1;
}

// Hardly any value has two: a regular expression is slow for as long as it is young.
function withSingleSpaces(text: string): string {
  return text.includes("  ") ? text.replace(/ +/g, " ") : text;
}

// Every service but S3 wants its path encoded twice.
function encodedAgain(path: string): string {
  return path === "/" ? path : path.split("/").map(percentEncoded).join("/");
}

function sha256(data: string | Uint8Array): string {
  return hash("sha256", data, "hex");
}

function hmac(key: KeyObject, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
