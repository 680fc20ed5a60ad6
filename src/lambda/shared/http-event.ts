import { issuerPath } from "../../encoding/issuer-path.js";
import { isMediaType } from "../../encoding/media-type.js";
import { isObject } from "../../encoding/object-schema.js";
import { PROBLEM_TYPE, problemText, retryAfter } from "../../encoding/problem.js";
import { parseStrictJson } from "../../encoding/strict-json.js";
import { SignetError, toPublicError } from "../../errors.js";
import { eventHeader } from "../../verify/event-header.js";

/** A request that came through API Gateway or a function URL. */
export interface HttpRequest {
  readonly route: string;
  /** The parsed body. */
  readonly body: unknown;
}

/** What API Gateway and function URLs take as an answer. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

type Members = Record<string, unknown>;

/** Such a request, as Lambda hands it over. */
export type HttpEvent = Members & { readonly requestContext: Members };

/** Tells an event of API Gateway (REST, or payload format 2.0) or of a function URL from a request for a token. */
export function isHttpEvent(event: unknown): event is HttpEvent {
  return isObject(event) && isObject(event.requestContext) && ("httpMethod" in event || event.version === "2.0");
}

/**
 * Reads such an event for one of the routes. Who asks is believed only where AWS has checked it by IAM and says so in the event.
 *
 * @param issuer its URL: a path of it may stand before the route's own, which a proxy in front of a function URL hands on
 * @throws SignetError `caller_unknown` where no caller was authenticated; `not_found`, `method_not_allowed` and what a body can have
 */
export function readHttpEvent(event: HttpEvent, routes: readonly string[], issuer?: string): HttpRequest {
  if (identityOf(event.requestContext) === undefined) {
    throw new SignetError("caller_unknown", "this route is for requests that IAM has authenticated: sign the request (SigV4)");
  }
  const { route, method } = routeOf(event, routes, issuer);
  if (method !== "POST") throw new SignetError("method_not_allowed", "this path takes POST");
  if (!isMediaType(eventHeader(event, "content-type"), "application/json"))
    throw new SignetError("unsupported_media_type", "the body must be application/json in UTF-8: send the header content-type");
  return { route, body: parseStrictJson(bodyOf(event), "the request") };
}

/**
 * Which of the routes an event asks, and how.
 *
 * @throws SignetError `not_found`
 */
export function routeOf(
  event: HttpEvent,
  routes: readonly string[],
  issuer?: string,
): { readonly route: string; readonly method: unknown } {
  const { http, stage } = event.requestContext;
  const found = pathOf(event, textOf(stage));
  // Most requests come without it: then the URL is not taken apart.
  const route = routes.find((each) => found === each) ?? routes.find((each) => found === issuerPath(issuer) + each);
  if (route === undefined) throw new SignetError("not_found", `there is ${routes.join(" and ")}`);
  return { route, method: event.httpMethod ?? (isObject(http) ? http.method : undefined) };
}

/** The body of an event, as it was sent: text is text in UTF-8 already. */
export function bodyOf({ body, isBase64Encoded }: HttpEvent): string | Buffer {
  return isBase64Encoded === true ? Buffer.from(textOf(body), "base64") : textOf(body);
}

/** Answers a token or a batch. */
export function httpAnswer(body: object): HttpAnswer {
  return answer(200, "application/json", JSON.stringify(body));
}

/** Answers a failure (RFC 9457). */
export function httpProblem(error: unknown): HttpAnswer {
  const publicError = toPublicError(error);
  return answer(publicError.status, PROBLEM_TYPE, problemText(publicError), retryAfter(publicError));
}

function answer(statusCode: number, type: string, body: string, more = {}): HttpAnswer {
  const headers = { "content-type": type, "cache-control": "no-store", ...more };
  return { statusCode, headers, body, isBase64Encoded: false };
}

/**
 * Who has asked, as AWS has found out: the ARN of an identity of IAM. REST APIs say it in `identity`, HTTP APIs and function URLs in
 * `authorizer.iam` (Lambda developer guide, payload formats).
 */
export function identityOf({ identity, authorizer }: Members): string | undefined {
  const iam = isObject(authorizer) && isObject(authorizer.iam) ? authorizer.iam : {};
  const arn = isObject(identity) && identity.userArn ? identity.userArn : iam.userArn;
  return typeof arn === "string" && arn !== "" ? arn : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * What API Gateway has matched names the route (`resource`; of payload format 2.0 `routeKey`): behind a domain's base path, or a named
 * stage, the path that was sent begins with that. A catch-all `/{proxy+}` hands on what it has caught.
 */
function pathOf({ resource, routeKey, pathParameters: caught, path, rawPath }: Members, stage: string): string {
  const matched = textOf(resource ?? routeKey).replace(/^[A-Z]+ /, "");
  if (/^\/[^{]*$/.test(matched)) return matched;
  if (isObject(caught) && typeof caught.proxy === "string") return `/${caught.proxy}`;
  const sent = textOf(path ?? rawPath);
  return stage !== "$default" && sent.startsWith(`/${stage}/`) ? sent.slice(stage.length + 1) : sent;
}
