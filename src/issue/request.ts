import { SignetError } from "../errors.js";

/** Claims of a token: a JSON object (RFC 7519 section 4). */
export type Claims = Readonly<Record<string, unknown>>;

/** What a caller asks for. */
export interface IssueRequest {
  readonly claims: Claims;
  /** Life of the token in whole seconds; sets `exp`. */
  readonly ttl?: number;
  /** Sets `iat` to the present. */
  readonly setIat?: boolean;
  /** Sets `jti` to a random UUID (version 4). */
  readonly setJti?: boolean;
  /** Sets `nbf` to the present. */
  readonly setNbf?: boolean;
  /** The header's `typ`: `JWT`, or one that the limits list. */
  readonly typ?: string;
}

/** At most so many requests in one batch. */
export const MOST_REQUESTS = 1_000;

/** The largest payload, in bytes of UTF-8 JSON, that is signed. */
export const MOST_PAYLOAD_BYTES = 16_384;

const KNOWN = new Set(["claims", "ttl", "setIat", "setJti", "setNbf", "typ"]);

/**
 * Checks the shape of a request. A field that is misspelt is an error, not ignored: whoever writes `setIAT` expects an `iat`.
 *
 * @throws SignetError `invalid_request` or `unknown_field`, naming the field
 */
export function checkRequest(value: unknown): IssueRequest {
  if (!isObject(value)) throw new SignetError("invalid_request", 'the request must be an object: {"claims": {...}}');
  for (const name in value) {
    if (!KNOWN.has(name)) {
      throw new SignetError("unknown_field", `the request has an unknown field; the fields are ${[...KNOWN].join(", ")}`, {
        field: name.slice(0, 64),
      });
    }
  }
  const request = value as unknown as IssueRequest;
  if (!isObject(request.claims)) throw invalid("claims", "must be an object");
  checkFlag(request.setIat, "setIat");
  checkFlag(request.setJti, "setJti");
  checkFlag(request.setNbf, "setNbf");
  const { ttl, typ } = request;
  if (ttl !== undefined && !(Number.isSafeInteger(ttl) && ttl > 0))
    throw invalid("ttl", "must be a whole number of seconds, at least 1");
  if (typ !== undefined && typeof typ !== "string") throw invalid("typ", "must be a text");
  return request;
}

function checkFlag(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== "boolean") throw invalid(field, "must be true or false");
}

function invalid(field: string, what: string): SignetError {
  return new SignetError("invalid_request", `${field} ${what}`, { field });
}

/** Tells a JSON object from lists, null and everything else. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
