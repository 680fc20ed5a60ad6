import { closedObject, isObject, requestChecker, requestFault } from "../encoding/object-schema.js";

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
export const MAX_REQUESTS = 1_000;

/** The largest payload, in bytes of UTF-8 JSON, that is signed. */
export const MAX_PAYLOAD_BYTES = 16_384;

/** The request for one token, as it is checked and as the API's document describes it. */
export const ISSUE_REQUEST = closedObject(["claims"], {
  claims: { type: "object", title: "an object" },
  ttl: {
    type: "integer",
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    title: "a whole number of seconds, at least 1",
  },
  setIat: { type: "boolean", title: "true or false" },
  setJti: { type: "boolean", title: "true or false" },
  setNbf: { type: "boolean", title: "true or false" },
  typ: { type: "string", title: "a text" },
});

/** The request for many tokens. */
export const BATCH_REQUEST = closedObject(["requests"], {
  requests: {
    type: "array",
    maxItems: MAX_REQUESTS,
    title: `a list of at most ${MAX_REQUESTS}`,
  },
});

const checkedBatch = requestChecker(BATCH_REQUEST, '{"requests": [...]}');
const checkedRequest = requestChecker(ISSUE_REQUEST, '{"claims": {...}}');
const NAMES = new Set(Object.keys(ISSUE_REQUEST.properties));

/**
 * Checks the shape of a request. A field that is misspelt is an error, not ignored: a caller who writes `setIAT` expects an `iat`.
 *
 * @throws SignetError `invalid_request` or `unknown_field`, naming the field
 */
export function checkRequest(value: unknown): IssueRequest {
  if (!isObject(value)) return checkedRequest(value) as never;
  for (const name in value) if (!NAMES.has(name)) throw requestFault({ field: name }, ISSUE_REQUEST);
  // Each member is read here, once: what a getter answers later is not what was checked.
  const { claims, ttl, setIat, setJti, setNbf, typ } = value;
  return checkedRequest({ claims, ttl, setIat, setJti, setNbf, typ }) as unknown as IssueRequest;
}

/** Tells a batch from a request for one token. */
export function isBatch(value: unknown): value is Record<string, unknown> {
  return isObject(value) && Object.hasOwn(value, "requests");
}

/**
 * Checks the shape of a batch. What it asks for is checked one by one, so that one fault does not stop the others.
 *
 * @throws SignetError `invalid_request` or `unknown_field`, naming the field
 */
export function checkBatch(value: Readonly<Record<string, unknown>>): readonly IssueRequest[] {
  return checkedBatch(value).requests as readonly IssueRequest[];
}
