import { failureWithSelf } from "../encoding/command-hints.js";
import { PROBLEM_TYPE, problemText, retryAfter } from "../encoding/problem.js";
import { type SignetError, toPublicError } from "../errors.js";
import type { RequestContext } from "./request-context.js";

/** What of a context a failure needs. */
export type FailureContext = Pick<RequestContext, "log" | "self">;

/** A failure as it is told to who asked, with commands as they are called here; the log has the rest of it. */
export function publicErrorIn({ log, self = "signet" }: FailureContext, error: unknown): SignetError {
  const publicError = toPublicError(error);
  log.code = publicError.code;
  if (publicError !== error || publicError.cause !== undefined) log.failure = error;
  return failureWithSelf(publicError, self);
}

/** Answers a failure. */
export function problemResponse(error: unknown, context: FailureContext, more: Readonly<Record<string, string>> = {}): Response {
  const publicError = publicErrorIn(context, error);
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
