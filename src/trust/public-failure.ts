import { type ErrorCode, isSignetError, SignetError } from "../errors.js";

/** What says nothing of a proof: it stays as it is. */
const OTHERS: readonly ErrorCode[] = ["issuing_closed", "rate_exceeded", "request_too_large", "invalid_request"];
const RETRY_AFTER_SECONDS = 10;

/** Tells the refusal of a token that was shown from a failure to find out whether it is good. */
export function isTokenRefused(error: unknown): boolean {
  return isSignetError(error) && error.status < 500 && !OTHERS.includes(error.code);
}

/**
 * The failure of a proof, or of a token to be exchanged, as its sender may be told it: never which rule, which claim or whose keys it was.
 * The log has all of that: it is the cause.
 *
 * @param field where the token stood
 */
export function toPublicFailure(error: unknown, field?: string): unknown {
  if (!isSignetError(error) || OTHERS.includes(error.code)) return error;
  const { code, status, retryAfterSeconds = RETRY_AFTER_SECONDS } = error;
  const where = { cause: isSignetError(error.cause) ? error.cause : error, ...(field !== undefined && { field }) };
  const later = { ...where, retryAfterSeconds };
  switch (code) {
    case "proof_replayed":
      return new SignetError(code, "this token was shown before, and it is taken once: get a new one", where);
    case "replay_store_full":
    case "replay_store_failed":
      return new SignetError(code, "whether this token was shown before cannot be found out now: try again later", later);
    case "jwks_unavailable":
    case "jwks_misconfigured":
      return new SignetError("jwks_unavailable", "the keys that verify this token cannot be had now: try again later", later);
    default:
      return status < 500 ? new SignetError("proof_refused", refusalOf(field), where) : error;
  }
}

function refusalOf(field: string | undefined): string {
  if (field === "subject_token" || field === "actor_token")
    return "this token cannot be exchanged by this client; the issuer's log says why";
  return "this token proves no caller; the issuer's log says why";
}
