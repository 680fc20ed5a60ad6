import { createHash, createHmac } from "node:crypto";
import { ownMember } from "../encoding/own-member.js";

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
  const date = new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const digest = sha256(request.body);
  const headers: Record<string, string> = { ...request.headers, host: request.host, "x-amz-date": date };
  if (credentials.sessionToken !== undefined) headers["x-amz-security-token"] = credentials.sessionToken;
  if (service === "s3") headers["x-amz-content-sha256"] = digest;
  const names = Object.keys(headers).sort();
  const signed = names.join(";");
  const path = service === "s3" ? request.path : encodedAgain(request.path);
  const lines = names.map((name) => `${name}:${ownMember(headers, name)?.trim().replace(/ +/g, " ")}\n`);
  const canonical = [request.method, path, canonicalQuery(request.query), lines.join(""), signed, digest].join("\n");
  const credentialScope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, credentialScope, sha256(canonical)].join("\n");
  const signature = hmac(keyOf(credentials.secretAccessKey, credentialScope)).update(text).digest("hex");
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${credentialScope}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}

/** The key that was derived last: it is good for a day, a region and a service. */
let derived: { readonly secret: string; readonly credentialScope: string; readonly key: Buffer } | undefined;

function keyOf(secret: string, credentialScope: string): Buffer {
  if (derived?.secret === secret && derived.credentialScope === credentialScope) return derived.key;
  const [day = "", ...parts] = credentialScope.split("/");
  const key = parts.reduce((last, part) => hmac(last).update(part).digest(), hmac(`AWS4${secret}`).update(day).digest());
  derived = { secret, credentialScope, key };
  return key;
}

/** Encodes a text for a path's segment or a query: everything but RFC 3986's unreserved characters. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A query as it goes over the wire, and as it is signed: sorted by the encoded name. */
export function canonicalQuery(query: Readonly<Record<string, string>> = {}): string {
  const encoded = Object.entries(query).map(([name, value]) => [percentEncoded(name), percentEncoded(value)] as const);
  return encoded
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join("="))
    .join("&");
}

// Every service but S3 wants its path encoded twice.
function encodedAgain(path: string): string {
  return path.split("/").map(percentEncoded).join("/");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: string | Buffer): ReturnType<typeof createHmac> {
  return createHmac("sha256", key);
}
