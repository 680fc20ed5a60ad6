import { PROBLEM_TYPE, problemText, retryAfter } from "../encoding/problem.js";
import { type SignetError, toPublicError } from "../errors.js";
import type { RequestLog } from "./request-context.js";

/** Answers a failure. */
export function problemResponse(error: unknown, log: RequestLog, more: Readonly<Record<string, string>> = {}): Response {
  const publicError = toPublicError(error);
  log.code = publicError.code;
  if (publicError !== error || publicError.cause !== undefined) log.failure = error;
  return new Response(problemText(publicError), {
    status: publicError.status,
    headers: { "content-type": PROBLEM_TYPE, "cache-control": "no-store", ...headersOf(publicError), ...more },
  });
}

function headersOf(error: SignetError): Record<string, string> {
  if (error.code.startsWith("token_")) return { "www-authenticate": 'Bearer error="invalid_token"' };
  if (error.code === "caller_secret_missing") return { "www-authenticate": 'Bearer realm="signet"' };
  if (error.status === 401) return { "www-authenticate": 'Bearer realm="signet", error="invalid_token"' };
  return retryAfter(error);
}
