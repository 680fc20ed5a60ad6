import { SignetError } from "../errors.js";
import { MAX_REQUESTS } from "../issue/request.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const HEAD = /^[ \t\r\n]*\{[ \t\r\n]*"requests"[ \t\r\n]*:[ \t\r\n]*\[/;
/** White space before the list may take no more, in bytes. */
const MAX_HEAD = 256;

/** Tells by its first bytes whether a body can be a batch. */
export function beginsAsBatch(bytes: Uint8Array): boolean {
  return headOf(bytes) !== undefined;
}

function headOf(bytes: Uint8Array): string | undefined {
  return HEAD.exec(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEAD)).toString("latin1"))?.[0];
}

/**
 * Finds the requests of a batch in its bytes: `{"requests": [...]}` and nothing else. What lies between two commas is no JSON yet, but
 * each can be parsed by itself, so that a large body never becomes as many objects as it has room for. One pass.
 *
 * @returns the bytes of each request
 * @throws SignetError `request_too_large` for a body that is no batch, `invalid_request`, `invalid_json`
 */
export function splitBatch(bytes: Uint8Array): readonly Uint8Array[] {
  const head = headOf(bytes);
  if (head === undefined) throw notABatch();
  const requests: Uint8Array[] = [];
  let depth = 0;
  let start = head.length;
  for (let index = start; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) index = endOfString(bytes, index + 1);
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if ((byte === COMMA || byte === CLOSE_LIST) && depth === 0) {
      const isEmpty = byte === CLOSE_LIST && requests.length === 0 && isBlank(bytes.subarray(start, index));
      if (!isEmpty) requests.push(bytes.subarray(start, index));
      if (requests.length > MAX_REQUESTS) {
        throw new SignetError("invalid_request", `requests must be a list of at most ${MAX_REQUESTS}`, { field: "requests" });
      }
      if (byte === CLOSE_LIST) return ended(bytes.subarray(index + 1), requests);
      start = index + 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  throw new SignetError("invalid_json", "the request is not valid JSON; it ends too early");
}

/** The refusal of a large body that is not `{"requests": [...]}`. */
export function notABatch(): SignetError {
  return new SignetError("request_too_large", 'a body of more than 64 KB must be a batch, {"requests": [...]}, and nothing else');
}

function ended(rest: Uint8Array, requests: readonly Uint8Array[]): readonly Uint8Array[] {
  const close = rest.indexOf(CLOSE_OBJECT);
  if (close < 0 || !isBlank(rest.subarray(0, close)) || !isBlank(rest.subarray(close + 1))) throw notABatch();
  return requests;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function endOfString(bytes: Uint8Array, from: number): number {
  for (let index = from; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index++;
  }
  return bytes.length;
}
