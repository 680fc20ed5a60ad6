import { retryAfter } from "../../encoding/problem.js";
import { SignetError } from "../../errors.js";
import { publicErrorIn } from "../problem.js";
import type { RequestContext } from "../request-context.js";

/** What a client gets (RFC 6749 section 5.1, RFC 8693 section 2.2.1). */
interface AccessTokenAnswer {
  readonly access_token: string;
  readonly issued_token_type?: string | undefined;
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly scope?: string | undefined;
}

/** Answers a token. */
export function accessTokenAnswer(body: AccessTokenAnswer, { log }: RequestContext): Response {
  log.tokens = 1;
  return oauthJson(body, 200);
}

/** Answers a failure: RFC 6749 section 5.2, for its target RFC 8707 section 2, for its tokens RFC 7521 section 4 and RFC 8693 section 2.2.2. */
export function oauthError(error: unknown, context: RequestContext): Response {
  const publicError = publicErrorIn(context, error);
  const { status, message } = publicError;
  const word = wordOf(publicError);
  const challenge = word === "invalid_client" ? { "www-authenticate": 'Basic realm="signet"' } : {};
  const body = { error: word, error_description: message };
  return oauthJson(body, word === "invalid_client" ? 401 : oauthStatus(status), { ...retryAfter(publicError), ...challenge });
}

/**
 * `GET /authorize`, which metadata has to name: whatever is asked for, there is none. It redirects to no place, since no redirect_uri is
 * registered (RFC 6749 section 4.1.2.1), and says nothing of what was sent.
 */
export function authorizationRoute(_request: Request, context: RequestContext): Response {
  const message = "there is no login here: ask POST /token for a token, by a grant of /.well-known/oauth-authorization-server";
  return oauthError(new SignetError("grant_not_supported", message, { field: "response_type" }), context);
}

/** What the refusal of a token is called, by the parameter that it stood in; elsewhere it was to say who the client is. */
const REFUSED_TOKENS: ReadonlyMap<string | undefined, string> = new Map([
  ["assertion", "invalid_grant"],
  ["subject_token", "invalid_request"],
  ["actor_token", "invalid_request"],
]);

function wordOf({ code, field, status }: SignetError): string {
  if (code.startsWith("proof_")) return REFUSED_TOKENS.get(field) ?? "invalid_client";
  if (status === 401 || code === "issuing_closed") return "invalid_client";
  if (code === "caller_not_allowed") return "unauthorized_client";
  if (code === "grant_not_supported") return field === "response_type" ? "unsupported_response_type" : "unsupported_grant_type";
  if (field === "claims.aud") return "invalid_target";
  if (field === "claims.scope") return "invalid_scope";
  if (status === 429 || status === 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}

// What a client did wrong is 400, whatever finer status we have for it.
function oauthStatus(status: number): number {
  return status >= 500 || status === 429 || status === 413 || status === 415 ? status : 400;
}

function oauthJson(value: object, status: number, more: Readonly<Record<string, string>> = {}): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache", ...more };
  return new Response(JSON.stringify(value), { status, headers });
}
