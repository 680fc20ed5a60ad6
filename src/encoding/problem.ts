import type { SignetError } from "../errors.js";

/** The media type of problem details. */
export const PROBLEM_TYPE = "application/problem+json";

/** A failure as it is told over HTTP (RFC 9457): the one form of it, for server, functions and guards. */
interface Problem {
  readonly type: "about:blank";
  /** The status in words, which is what `about:blank` promises (RFC 9457 section 4.2.1). */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The stable name of the failure. */
  readonly code: string;
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
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** The body of an answer that tells a failure, as JSON. */
export function problemText({ status, message, field, code }: Told): string {
  const title = TITLES[status] ?? "Error";
  const problem: Problem = { type: "about:blank", title, status, detail: message, code, ...(field && { field }) };
  return JSON.stringify(problem);
}

/** The header that says when another try may succeed (RFC 9110 section 10.2.3), where that is known; after too much was asked, always. */
export function retryAfter({
  status,
  retryAfterSeconds,
}: Pick<SignetError, "status" | "retryAfterSeconds">): Record<string, string> {
  const seconds = retryAfterSeconds ?? (status === 429 ? 1 : undefined);
  return seconds === undefined ? {} : { "retry-after": String(Math.max(1, seconds)) };
}

/** What is told: an error of ours, or what is known of a refusal. */
type Told = Pick<SignetError, "status" | "message" | "field"> & { readonly code: string };
