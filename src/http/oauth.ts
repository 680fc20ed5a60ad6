import { SignetError, tellable } from "../errors.js";
import type { IssueRequest } from "../issue/request.js";
import type { Limits } from "../settings/limits.js";
import type { Authenticator } from "./authenticate.js";
import { assertMediaType, withBody } from "./body.js";
import type { Call, Handler, Notes } from "./call.js";

const MOST_BYTES = 16 * 1024;
const ACCESS_TOKEN_TYPE = "at+jwt";
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A client as it says who it is (RFC 6749 section 2.3.1). */
interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/**
 * `POST /token`: OAuth 2.0's client credentials grant (RFC 6749 section 4.4), by client_secret_basic or client_secret_post. The
 * client is a caller. Its token is an RFC 9068 access token where its limits allow the type `at+jwt`.
 */
export function tokenRoute(authenticate: Authenticator): Handler {
  return async (request, call) => {
    try {
      return await withBody(request, call, MOST_BYTES, (body) => grant(authenticate, request, call, body));
    } catch (error) {
      return oauthError(error, call.notes);
    }
  };
}

async function grant(authenticate: Authenticator, request: Request, call: Call, body: Uint8Array): Promise<Response> {
  assertMediaType(request, "application/x-www-form-urlencoded");
  const form = formOf(body);
  const { id, secret } = credentialsOf(request, form);
  const caller = authenticate.bySecret(secret, call);
  if (caller.name !== id) throw new SignetError("caller_unknown", "client_id is not the caller that this secret belongs to");
  if (form.get("grant_type") !== "client_credentials") {
    throw new SignetError("grant_not_supported", "grant_type must be client_credentials", { field: "grant_type" });
  }
  const asked = requestOf(form, caller.limits);
  const { token } = await caller.clientIssuer.issue(asked);
  call.notes.tokens = 1;
  const { scope } = asked.claims;
  return oauthJson({ access_token: token, token_type: "Bearer", expires_in: asked.ttl, scope }, 200);
}

function formOf(body: Uint8Array): URLSearchParams {
  let form: URLSearchParams;
  try {
    form = new URLSearchParams(decoder.decode(body));
  } catch {
    throw new SignetError("invalid_request", "the form is not valid UTF-8");
  }
  for (const name of form.keys()) {
    // RFC 6749 section 3.2: no parameter more than once.
    if (form.getAll(name).length > 1) throw new SignetError("invalid_request", "a parameter is given twice");
  }
  return form;
}

function credentialsOf(request: Request, form: URLSearchParams): Credentials {
  const header = request.headers.get("authorization");
  const id = form.get("client_id");
  const secret = form.get("client_secret");
  if (header === null) {
    if (id !== null && secret !== null) return { id, secret };
    throw new SignetError("caller_secret_missing", "send client_id and client_secret, by Basic or in the form");
  }
  if (secret !== null)
    throw new SignetError("invalid_request", "the client says twice who it is: leave the header or the form out");
  const basic = basicCredentials(header);
  if (basic === undefined) throw new SignetError("caller_secret_missing", "the header authorization is not Basic credentials");
  return basic;
}

// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
function basicCredentials(header: string): Credentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  try {
    const decoded = [id, secret].map((half = "") => decodeURIComponent(half.replaceAll("+", " ")));
    return { id: decoded[0] as string, secret: decoded[1] as string };
  } catch {
    return undefined;
  }
}

function requestOf(form: URLSearchParams, limits: Limits): IssueRequest & { readonly ttl: number } {
  const audience = form.get("audience") ?? form.get("resource") ?? onlyAudience(limits.allowedAudiences);
  const scope = form.get("scope");
  const isAccessToken = limits.allowedTypes?.includes(ACCESS_TOKEN_TYPE) === true;
  if (isAccessToken && audience === undefined && limits.fixedClaims?.aud === undefined) {
    // RFC 9068 section 2.2 requires aud.
    throw new SignetError("claim_required", "say with audience, or resource (RFC 8707), for whom the token is", {
      field: "claims.aud",
    });
  }
  const claims = { ...(audience !== undefined && { aud: audience }), ...(scope !== null && { scope }) };
  const ttl = Math.min(limits.defaultTtlSeconds ?? limits.maxTtlSeconds, limits.maxTtlSeconds);
  return { claims, ttl, setIat: true, setJti: true, ...(isAccessToken && { typ: ACCESS_TOKEN_TYPE }) };
}

function onlyAudience(allowed: readonly string[] = []): string | undefined {
  const [only, ...more] = allowed;
  return only === undefined || more.length > 0 || only.endsWith("*") ? undefined : only;
}

// RFC 6749 section 5.2, and RFC 8707 section 2 for the target.
function oauthError(error: unknown, notes: Notes): Response {
  const told = tellable(error);
  notes.code = told.code;
  if (told !== error || told.cause !== undefined) notes.failure = error;
  const { status, message, retryAfterSeconds = 1 } = told;
  const word = wordOf(told);
  const retry = status === 429 ? { "retry-after": String(Math.max(1, retryAfterSeconds)) } : {};
  const challenge = word === "invalid_client" ? { "www-authenticate": 'Basic realm="signet"' } : {};
  const body = { error: word, error_description: message };
  return oauthJson(body, word === "invalid_client" ? 401 : oauthStatus(status), { ...retry, ...challenge });
}

function wordOf({ code, field, status }: SignetError): string {
  if (status === 401 || code === "issuing_closed") return "invalid_client";
  if (code === "grant_not_supported") return "unsupported_grant_type";
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
