import { decodeBase64url } from "../encoding/base64url.js";
import { isObject } from "../encoding/object-schema.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { isSignetError, SignetError } from "../errors.js";
import type { IssueRequest } from "../issue/request.js";

/** What an issuer has answered. */
export interface Answered {
  readonly token: string;
  /** When it answered, by its own clock, in milliseconds since 1970; a header cuts that to the second. */
  readonly issuersTimeMs?: number | undefined;
  /** What it says of the token's life itself (`expires_in`), in seconds. */
  readonly saysSeconds?: number | undefined;
}

/** A header cuts the time to the second. */
const CUT_SECONDS = 1;

/**
 * How long a token lives from the moment that it was asked for, by the clock of its issuer: whatever this machine's clock says, no less is
 * left than this. Where the issuer's time is known in several ways, the shortest life is taken: its header may come from a cache, and `iat`
 * may stand in the past.
 *
 * @param nowMs this machine's clock when the token was asked for; it counts where nothing else says the time, as with an issuer of this process
 * @returns seconds; zero or less for a token that is over
 * @throws SignetError `issuer_unavailable` for what is no token, `config_invalid` for one without an end
 */
export function lifeSecondsOf(answered: Answered, request: Pick<IssueRequest, "ttl" | "setIat">, nowMs: number): number {
  const { exp, iat } = claimsOf(answered.token);
  const lives = [request.ttl, answered.saysSeconds].filter((each) => each !== undefined);
  if (exp !== undefined) {
    if (answered.issuersTimeMs !== undefined) lives.push(exp - answered.issuersTimeMs / 1_000 - CUT_SECONDS);
    if (iat !== undefined && request.setIat === true) lives.push(exp - iat);
    else if (answered.issuersTimeMs === undefined) lives.push(exp - nowMs / 1_000);
  }
  if (lives.length > 0) return Math.min(...lives);
  throw new SignetError("config_invalid", "the token has no exp: say in request.ttl how long it may be used", {
    field: "request.ttl",
  });
}

/**
 * The end of a token, NumericDate; `undefined` where it says none, or is no token. Nothing is verified.
 *
 * @param ttl how long one without `exp` is used from its `iat`, in seconds
 */
export function endOf(token: string, ttl?: number): number | undefined {
  try {
    const { exp, iat } = claimsOf(token);
    return exp ?? (iat !== undefined && ttl !== undefined ? iat + ttl : undefined);
  } catch {
    return undefined;
  }
}

function claimsOf(token: string): { readonly exp?: number | undefined; readonly iat?: number | undefined } {
  const parts = token.split(".");
  const payload = parts.length === 3 && parts[0] !== "" ? decodeBase64url(parts[1] ?? "") : undefined;
  if (payload === undefined) throw noToken();
  const claims = objectIn(payload);
  const { exp, iat } = claims;
  return { exp: typeof exp === "number" ? exp : undefined, iat: typeof iat === "number" ? iat : undefined };
}

function objectIn(payload: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value = parseStrictJson(payload, "the token's claims");
    if (isObject(value)) return value;
  } catch (error) {
    if (!isSignetError(error)) throw error;
  }
  throw noToken();
}

function noToken(): SignetError {
  return new SignetError("issuer_unavailable", "what was answered is no JWT: is this the issuer, and not something before it?");
}
