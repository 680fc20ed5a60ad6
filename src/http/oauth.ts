import { retryAfter } from "../encoding/problem.js";
import { decodeUtf8 } from "../encoding/strict-json.js";
import { SignetError } from "../errors.js";
import type { KnownCaller } from "../issue/callers.js";
import type { IssueRequest } from "../issue/request.js";
import type { Limits } from "../settings/limits.js";
import type { Authenticator } from "./authenticate.js";
import { assertMediaType, withBody } from "./body.js";
import { decodeFormText, type Form, parseForm } from "./form.js";
import { countingRefusals, type IssueRouteOptions } from "./issue.js";
import { publicErrorIn } from "./problem.js";
import type { Handler, RequestContext } from "./request-context.js";
import { targetOf } from "./target.js";

const MAX_BYTES = 16 * 1024;
const ACCESS_TOKEN_TYPE = "at+jwt";
/** RFC 6749 section 3.3: scope tokens with one space between them. */
const SCOPE = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;
/** RFC 8707 section 2: an absolute URI without a fragment. */
const RESOURCE = /^[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-[\]_a-z~]+$/;

/** A client as it says who it is (RFC 6749 section 2.3.1). */
interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/**
 * `POST /token`: OAuth 2.0's client credentials grant (RFC 6749 section 4.4), by client_secret_basic or client_secret_post. The
 * client is a caller. Its token is an RFC 9068 access token where its limits allow the type `at+jwt`.
 */
export function tokenRoute({ authenticate, clock }: IssueRouteOptions): Handler {
  return async (request, context) => {
    try {
      assertMediaType(request, "application/x-www-form-urlencoded");
      if (targetOf(request, context).query !== undefined)
        throw new SignetError("invalid_request", "send the parameters in the body, not in the URL (RFC 6749, section 2.3.1)");
      const header = request.headers.get("authorization");
      const basic = header === null ? undefined : basicCredentials(header);
      // Of a client with a wrong secret not even the form is read.
      const caller = basic === undefined ? undefined : await known(authenticate, basic, context);
      return await withBody(request, context, MAX_BYTES, async (body) => {
        if (basic === undefined || caller === undefined) {
          const form = parseForm(body);
          const client = await known(authenticate, postedCredentials(form), context);
          return countingRefusals(client, clock, context, () => grant(client, form, context));
        }
        return countingRefusals(caller, clock, context, () => {
          const form = parseForm(body);
          assertOneClient(form, basic);
          return grant(caller, form, context);
        });
      });
    } catch (error) {
      return oauthError(error, context);
    }
  };
}

/**
 * `GET /authorize`, which metadata has to name: whatever is asked for, there is none. It redirects to no place, since no redirect_uri is
 * registered (RFC 6749 section 4.1.2.1), and says nothing of what was sent.
 */
export function authorizationRoute(_request: Request, context: RequestContext): Response {
  const message = "there is no login here: ask POST /token for a token, by a grant of /.well-known/oauth-authorization-server";
  return oauthError(new SignetError("grant_not_supported", message, { field: "response_type" }), context);
}

/** A client that has shown who it is. */
async function known(authenticate: Authenticator, { id, secret }: Credentials, context: RequestContext): Promise<KnownCaller> {
  const caller = await authenticate.bySecret(secret, context);
  if (caller.name !== id) throw new SignetError("caller_unknown", "client_id is not the caller that this secret belongs to");
  return caller;
}

async function grant(caller: KnownCaller, form: Form, context: RequestContext): Promise<Response> {
  if (form.get("grant_type") !== "client_credentials") {
    throw new SignetError("grant_not_supported", "grant_type must be client_credentials", { field: "grant_type" });
  }
  const asked = requestOf(form, caller.limits);
  const { token } = await caller.clientIssuer.issue(asked);
  context.log.tokens = 1;
  const { scope } = asked.claims;
  return oauthJson({ access_token: token, token_type: "Bearer", expires_in: asked.ttl, scope }, 200);
}

function postedCredentials(form: Form): Credentials {
  const id = form.get("client_id");
  const secret = form.get("client_secret");
  if (secret !== undefined && form.has("client_assertion"))
    throw new SignetError("invalid_request", "the client says twice who it is: leave client_assertion out");
  if (id !== undefined && secret !== undefined) return { id, secret };
  throw new SignetError("caller_secret_missing", "send client_id and client_secret, by Basic or in the form");
}

// RFC 6749 section 2.3: one way of authentication a request.
function assertOneClient(form: Form, { id }: Credentials): void {
  if (form.has("client_secret") || form.has("client_assertion"))
    throw new SignetError("invalid_request", "the client says twice who it is: leave the header or the form out");
  if ((form.get("client_id") ?? id) !== id)
    throw new SignetError("invalid_request", "client_id is not the client of the header authorization: leave it out", {
      field: "client_id",
    });
}

// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
function basicCredentials(header: string): Credentials {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(header)?.[1];
  const bytes = Buffer.from(encoded ?? "", "base64");
  const text = bytes.toString("base64") === encoded ? decodeUtf8(bytes) : undefined;
  const at = text?.indexOf(":") ?? -1;
  const [id, secret] = at < 0 ? [] : [text?.slice(0, at), text?.slice(at + 1)].map((half = "") => decodeFormText(half));
  if (id !== undefined && secret !== undefined) return { id, secret };
  throw new SignetError("caller_secret_missing", "the header authorization is not Basic credentials");
}

function requestOf(form: Form, limits: Limits): IssueRequest & { readonly ttl: number } {
  const audience = targetAudience(form) ?? onlyAudience(limits.allowedAudiences);
  const scope = form.get("scope");
  if (scope !== undefined && !SCOPE.test(scope))
    throw new SignetError("invalid_claim", "scope must be names with one space between them", { field: "claims.scope" });
  const isAccessToken = limits.allowedTypes?.includes(ACCESS_TOKEN_TYPE) === true;
  if (isAccessToken && audience === undefined && limits.fixedClaims?.aud === undefined) {
    // RFC 9068 section 2.2 requires aud.
    throw new SignetError("claim_required", "give audience, or resource (RFC 8707): whom the token is for", {
      field: "claims.aud",
    });
  }
  const claims = { ...(audience !== undefined && { aud: audience }), ...(scope !== undefined && { scope }) };
  const ttl = Math.min(limits.defaultTtlSeconds ?? limits.maxTtlSeconds, limits.maxTtlSeconds);
  return { claims, ttl, setIat: true, setJti: true, ...(isAccessToken && { typ: ACCESS_TOKEN_TYPE }) };
}

function targetAudience(form: Form): string | undefined {
  const audience = form.get("audience");
  const resource = form.get("resource");
  if (resource !== undefined && !RESOURCE.test(resource)) throw invalidTarget("resource must be an absolute URI (RFC 8707)");
  if (audience !== undefined && /\p{Cc}/u.test(audience)) throw invalidTarget("audience must have no control characters");
  if (audience !== undefined && resource !== undefined && audience !== resource)
    throw invalidTarget("audience and resource differ: leave one of them out");
  return audience ?? resource;
}

function invalidTarget(message: string): SignetError {
  return new SignetError("invalid_claim", message, { field: "claims.aud" });
}

function onlyAudience(allowed: readonly string[] = []): string | undefined {
  const [only, ...more] = allowed;
  return only === undefined || more.length > 0 || only.endsWith("*") ? undefined : only;
}

// RFC 6749 section 5.2, and RFC 8707 section 2 for the target.
function oauthError(error: unknown, context: RequestContext): Response {
  const publicError = publicErrorIn(context, error);
  const { status, message } = publicError;
  const word = wordOf(publicError);
  const challenge = word === "invalid_client" ? { "www-authenticate": 'Basic realm="signet"' } : {};
  const body = { error: word, error_description: message };
  return oauthJson(body, word === "invalid_client" ? 401 : oauthStatus(status), { ...retryAfter(publicError), ...challenge });
}

function wordOf({ code, field, status }: SignetError): string {
  if (status === 401 || code === "issuing_closed") return "invalid_client";
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
