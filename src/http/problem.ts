import { type ErrorCode, type SignetError, tellable } from "../errors.js";
import type { Notes } from "./call.js";

/** A failure as it is told over HTTP (RFC 9457). */
interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The stable name of the failure. */
  readonly code: ErrorCode;
  /** The path of the member at fault. */
  readonly field?: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** Answers a failure. */
export function problemResponse(error: unknown, notes: Notes, more: Readonly<Record<string, string>> = {}): Response {
  const told = tellable(error);
  notes.code = told.code;
  if (told !== error || told.cause !== undefined) notes.failure = error;
  const { code, status, message: detail, field } = told;
  const problem: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail,
    code,
    ...(field && { field }),
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headersOf(told), ...more },
  });
}

function headersOf(error: SignetError): Record<string, string> {
  if (error.code.startsWith("token_")) return { "www-authenticate": 'Bearer error="invalid_token"' };
  if (error.code === "caller_secret_missing") return { "www-authenticate": 'Bearer realm="signet"' };
  if (error.status === 401) return { "www-authenticate": 'Bearer realm="signet", error="invalid_token"' };
  if (error.status === 429) return { "retry-after": String(Math.max(1, error.retryAfterSeconds ?? 1)) };
  return {};
}
