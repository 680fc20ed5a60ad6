import { isObject } from "../encoding/object-schema.js";
import { SignetError } from "../errors.js";
import type { Limits } from "../settings/limits.js";
import type { Claims, IssueRequest } from "./request.js";

const TTL_SECONDS = 86_400;

/**
 * The request behind `/encode`: claims as they are, for a day, with `iat`, and `sub` from `userId`.
 *
 * @throws SignetError where the body is no object, or sets what the issuer sets
 */
export function encodeRequest(body: unknown, { maxTtlSeconds }: Pick<Limits, "maxTtlSeconds">): IssueRequest {
  return { claims: encodedClaims(body), ttl: Math.min(TTL_SECONDS, maxTtlSeconds), setIat: true };
}

function encodedClaims(value: unknown): Claims {
  if (!isObject(value)) throw new SignetError("invalid_request", 'the body must be an object of claims: {"userId": "alice"}');
  for (const name of ["exp", "iat"]) {
    if (Object.hasOwn(value, name)) {
      throw new SignetError("claim_not_allowed", `${name} is set by the issuer: leave it out`, { field: name });
    }
  }
  const { userId } = value;
  if (userId === undefined) return value;
  const sub = typeof userId === "number" && Number.isSafeInteger(userId) ? `${userId}` : userId;
  if (typeof sub !== "string") {
    throw new SignetError("invalid_claim", "userId must be a text or a whole number: it becomes sub", { field: "userId" });
  }
  if (value.sub !== undefined && value.sub !== sub) {
    throw new SignetError("invalid_claim", "sub and userId differ: leave one of them out", { field: "sub" });
  }
  return { ...value, sub };
}
