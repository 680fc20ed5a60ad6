import { isMediaType } from "../encoding/media-type.js";
import { readBounded } from "../encoding/read-bounded.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import type { RequestContext } from "./request-context.js";

/** Bodies up to this size, in bytes, are parsed as a whole. */
export const MAX_SMALL_BODY = 64 * 1024;

/** The bytes that a request says its body has; `undefined` where it does not say. */
export function declaredLength(request: Request): number | undefined {
  const length = request.headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/**
 * Reads a request's body, and stops at the limit.
 *
 * @param most in bytes
 * @throws SignetError `request_too_large`, or `invalid_request` for one that was cut off
 */
function readBody(request: Request, context: RequestContext, most: number): Uint8Array | Promise<Uint8Array> {
  if (context.body !== undefined) return within(context.body, most);
  if ((declaredLength(request) ?? 0) > most) throw tooLarge(most);
  return request.body === null ? new Uint8Array() : collect(request.body, most);
}

/** Hands the body to `next`: at once where it is at hand, so that nothing waits that need not. */
export function withBody<T>(
  request: Request,
  context: RequestContext,
  most: number,
  next: (body: Uint8Array) => T | Promise<T>,
): T | Promise<T> {
  const body = readBody(request, context, most);
  return body instanceof Promise ? body.then(next) : next(body);
}

/**
 * Parses a JSON body.
 *
 * @throws SignetError `unsupported_media_type`, `invalid_json` or `duplicate_member`
 */
export function parseJsonBody(request: Request, body: Uint8Array): unknown {
  assertMediaType(request, "application/json");
  return parseStrictJson(body, "the request");
}

/**
 * Asserts that a body is what it has to be, by its headers alone.
 *
 * @throws SignetError `unsupported_media_type`
 */
export function assertMediaType({ headers }: Request, wanted: string): void {
  if (!isMediaType(headers.get("content-type"), wanted))
    throw new SignetError("unsupported_media_type", `the body must be ${wanted} in UTF-8: send the header content-type`);
  // A proxy in front that unpacks would read another body than we do.
  const coding = headers.get("content-encoding");
  if (coding !== null && coding !== "" && coding.toLowerCase() !== "identity")
    throw new SignetError("unsupported_media_type", "the body must not be packed: leave the header content-encoding out");
}

function within(body: Uint8Array, most: number): Uint8Array {
  if (body.byteLength > most) throw tooLarge(most);
  return body;
}

async function collect(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const body = await readBounded(stream, most).catch(() => {
    throw cutOff();
  });
  if (body === undefined) throw tooLarge(most);
  return body;
}

/** The refusal of a body that is larger than it may be. */
export function tooLarge(most: number): SignetError {
  return new SignetError("request_too_large", `the body is larger than ${most} bytes`);
}

/** The refusal of a body that did not come to its end, or not in time. */
export function cutOff(): SignetError {
  return new SignetError("invalid_request", "the request ended before its body was complete");
}
