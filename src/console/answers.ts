import type { ServerResponse } from "node:http";
import { isSignetError, SignetError } from "../errors.js";
import type { ErrorAnswer } from "./contract.js";
import { plainFailure } from "./plain-names.js";

/** What every answer says: nothing runs or is loaded but the page's own files, nothing frames it, and nothing is kept. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Answers JSON. */
export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response
    .writeHead(status, { ...HEADERS, "content-type": "application/json", "content-length": String(body.byteLength), ...more })
    .end(body);
}

/** Answers a failure, whatever it is. What is left of the request is not read. */
export function answerFailure(response: ServerResponse, failure: unknown, more: Readonly<Record<string, string>> = {}): void {
  const error = told(failure);
  answerJson(response, error.status, answerOf(error), { connection: "close", ...more });
}

/** A failure as the page is told it. Who looks after an issuer is told the words of its own faults too. */
export function answerOf(failure: unknown): ErrorAnswer {
  const error = told(failure);
  const { code, field } = error;
  return { error: { code, message: plainFailure(error), ...(field !== undefined && { field }) } };
}

// What is unexpected may hold anything in its words.
function told(failure: unknown): SignetError {
  if (isSignetError(failure)) return failure;
  const kind = failure instanceof Error ? failure.name : typeof failure;
  return new SignetError("internal", `something unexpected failed (${kind}): the terminal of \`signet console\` says more`);
}
