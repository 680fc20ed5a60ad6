import { decodeBase64url } from "../encoding/base64url.js";
import { decodeUtf8, findDuplicateMember } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";

/** A compact JWS (RFC 7515 section 3.1), taken apart but not believed. */
export interface TokenParts {
  /** The header's base64url text. */
  readonly header: string;
  /** The payload's base64url text. */
  readonly payload: string;
  /** Header and payload as they were signed. */
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Takes a token apart.
 *
 * @throws SignetError `token_malformed`
 */
export function splitToken(token: unknown, longest: number): TokenParts {
  if (typeof token !== "string") throw malformed("is not a text");
  if (token.length > longest) throw malformed(`is longer than ${longest} characters`);
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first <= 0 || second <= first + 1 || second === token.length - 1 || token.includes(".", second + 1)) {
    throw malformed("is not three parts with dots between them");
  }
  const signature = decodeBase64url(token.slice(second + 1));
  if (signature === undefined) throw malformed("has a signature that is not base64url");
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signingInput: token.slice(0, second),
    signature,
  };
}

/**
 * Decodes one part as a JSON object.
 *
 * @throws SignetError `token_malformed` for anything that different parsers could read differently
 */
export function parseObject(part: string, name: "header" | "payload"): Record<string, unknown> {
  const bytes = decodeBase64url(part);
  if (bytes === undefined) throw malformed(`has a ${name} that is not base64url`);
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed(`has a ${name} that is not UTF-8`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(`has a ${name} that is not JSON`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(`has a ${name} that is not an object`);
  if (findDuplicateMember(text) !== undefined) throw malformed(`has a ${name} that names a member twice`);
  return value as Record<string, unknown>;
}

/** The payload of a token whose signature is good. */
export function parsePayload(part: string): Record<string, unknown> {
  return parseObject(part, "payload");
}

function malformed(what: string): SignetError {
  return new SignetError("token_malformed", `the token ${what}`);
}
