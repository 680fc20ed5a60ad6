import { decodeBase64url } from "../encoding/base64url.js";
import { isObject, isText } from "../encoding/list-of.js";
import { decodeUtf8, readJsonOrNone } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/** A compact JWS (RFC 7515 section 3.1), taken apart but not believed. */
export interface TokenParts {
  /** The header's base64url text. */
  readonly header: string;
  /** The payload's base64url text. */
  readonly payload: string;
  /** Header and payload as they were signed. */
  readonly signingInput: string;
  /** Empty in an unsecured token, whose algorithm is refused by its name. */
  readonly signature: Uint8Array;
}

/**
 * Takes a token apart.
 *
 * @param token what was presented; anything but a text is refused
 * @param longest the longest token that is looked at, in characters
 * @throws SignetError `token_malformed`
 */
export function splitToken(token: unknown, longest = 32_768): TokenParts {
  if (!isText(token)) throw malformed("is not a text");
  if (token.length > longest) throw malformed(`is longer than ${longest} characters`);
  // Slices share the token's characters: parts that are split off and put together again cost twice as much.
  const headerEnd = token.indexOf(".");
  const payloadEnd = token.indexOf(".", headerEnd + 1);
  // Encrypted tokens have five parts, and the JSON serialization, which may carry several signatures, has no such dots.
  if (headerEnd < 1 || payloadEnd < headerEnd + 2 || token.includes(".", payloadEnd + 1)) {
    throw malformed("is not three parts with dots between them");
  }
  return {
    header: token.slice(0, headerEnd),
    payload: token.slice(headerEnd + 1, payloadEnd),
    signingInput: token.slice(0, payloadEnd),
    signature: decodePart(token.slice(payloadEnd + 1), "signature"),
  };
}

/** A token whose payload was read, and not believed. */
export interface ReadToken {
  readonly parts: TokenParts;
  /** What it claims. */
  readonly value: Record<string, unknown>;
}

/**
 * Takes a token apart and reads its payload, for what has to look at claims to find the keys that verify it.
 *
 * @throws SignetError `token_malformed`
 */
export function readToken(token: unknown, longest: number): ReadToken {
  const parts = splitToken(token, longest);
  const { value, inexact } = readPart(decodePart(parts.payload, "payload"), "payload");
  // A verifier can be told to take it as a text (integersAsText), and a rule of a caller cannot.
  if (inexact !== undefined) throw malformed("has an integer beyond 2^53: its issuer has to send a text");
  return { parts, value };
}

/**
 * Decodes the base64url of one part.
 *
 * @throws SignetError `token_malformed`
 */
export function decodePart(part: string, name: "header" | "payload" | "signature"): Uint8Array {
  const bytes = decodeBase64url(part);
  if (!bytes) throw malformed(`has a ${name} that is not base64url`);
  return bytes;
}

/**
 * Decodes one part as a JSON object.
 *
 * @throws SignetError `token_malformed` for anything that different parsers could read differently
 */
export function parseObject(part: string, name: "header" | "payload"): Record<string, unknown> {
  return objectFrom(decodePart(part, name), name);
}

/**
 * Reads the bytes of one part as a JSON object. Its errors do not even quote a member's name: they end up in logs.
 *
 * @throws SignetError `token_malformed`
 */
export function objectFrom(bytes: Uint8Array, name: "header" | "payload"): Record<string, unknown> {
  return readPart(bytes, name).value;
}

/**
 * Reads the bytes of a payload as claims: integers of those that are named as texts, and never one that has lost digits.
 *
 * @throws SignetError `token_malformed`, or `token_claims_malformed` for an integer beyond 2^53
 */
export function claimsFrom(bytes: Uint8Array, integersAsText: readonly string[] | undefined): Record<string, unknown> {
  const { value: claims, inexact } = readPart(bytes, "payload", integersAsText);
  if (inexact === undefined) return claims;
  const words = "the token has an integer beyond 2^53, which would lose digits: name its claim in integersAsText";
  throw new SignetError("token_claims_malformed", words, { field: inexact });
}

function readPart(bytes: Uint8Array, name: "header" | "payload", integersAsText?: readonly string[]) {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed(`has a ${name} that is not UTF-8`);
  const reading = readJsonOrNone(text, integersAsText);
  if (!reading) throw malformed(`has a ${name} that is not JSON`);
  const { value, duplicate } = reading;
  if (!isObject(value)) throw malformed(`has a ${name} that is not an object`);
  if (duplicate !== undefined) throw malformed(`has a ${name} that names a member twice`);
  return reading as typeof reading & { readonly value: typeof value };
}

/** The refusal of a token that another party has signed, or changed. */
export function signatureInvalid(): SignetError {
  return new SignetError("token_signature_invalid", "the token's signature does not belong to it and to the issuer's key");
}

function malformed(what: string): SignetError {
  return new SignetError("token_malformed", `the token ${what}`);
}
