import { isObject } from "../../encoding/object-schema.js";
import { ownMember } from "../../encoding/own-member.js";
import { SignetError } from "../../errors.js";
import { eventHeader } from "../../verify/event-header.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import type { RouteRules } from "./route-rules.js";

/** What invokes an authorizer: each has its own event and takes its own answer. */
export type AuthorizerSource = "rest" | "http" | "appsync";

/** What an authorizer is asked. */
export interface AuthorizerRequest {
  readonly source: AuthorizerSource;
  /** Empty where none was sent. */
  readonly token: string;
  /** What is to be invoked: an ARN of a stage's method or route; absent for AppSync. */
  readonly arn: string | undefined;
  /** The answer is kept for other routes too: the event's route is not part of what it is kept by. Of HTTP APIs. */
  readonly keptForAll?: boolean;
}

/** What an answer is made by. */
export interface AnswerOptions {
  /** An HTTP API's authorizer with simple responses. */
  readonly simple: boolean;
  /** What routes ask for; absent where all are alike. */
  readonly routes: RouteRules | undefined;
  /** The claims that are handed on; absent: all that can be. */
  readonly claims: readonly string[] | undefined;
  /** NumericDate. */
  readonly now: number;
}

type Members = Readonly<Record<string, unknown>>;

/** What a policy may be asked for, and what it answers. */
const POLICY_VERSION = "2012-10-17";
/** What AppSync keeps at most, in seconds (developer guide, "AWS_LAMBDA authorization"). */
const APPSYNC_TTL_SECONDS = 300;

/**
 * Reads an event of API Gateway (REST APIs: TOKEN and REQUEST; WebSocket APIs; HTTP APIs: payload formats 1.0 and 2.0) or of AppSync.
 *
 * @param query the query parameter that may hold the token, where a browser cannot set a header (WebSocket)
 * @throws SignetError `invalid_request` for any other event
 */
export function readAuthorizerEvent(event: unknown, query: string | undefined): AuthorizerRequest {
  if (!isObject(event)) throw unknownEvent();
  if (event.type === "TOKEN")
    return { source: "rest", token: stripBearer(event.authorizationToken), arn: textOf(event.methodArn) };
  if (event.type === "REQUEST" && event.version === "2.0") {
    const [identity] = Array.isArray(event.identitySource) ? event.identitySource : [];
    const shown = identity ?? eventHeader(event, "authorization");
    const token = shown === undefined ? inQuery(event, query) : stripBearer(shown);
    const keptForAll = !Array.isArray(event.identitySource) || !event.identitySource.includes(event.routeKey);
    return { source: "http", token, arn: textOf(event.routeArn), keptForAll };
  }
  if (event.type === "REQUEST") {
    const shown = eventHeader(event, "authorization");
    const token = shown === undefined ? inProtocols(event) || inQuery(event, query) : stripBearer(shown);
    return { source: "rest", token, arn: textOf(event.methodArn) };
  }
  if (isObject(event.requestContext) && typeof event.requestContext.apiId === "string" && "authorizationToken" in event) {
    return { source: "appsync", token: stripBearer(event.authorizationToken), arn: undefined };
  }
  throw unknownEvent();
}

function unknownEvent(): SignetError {
  return new SignetError("invalid_request", "the event is none of an authorizer's: TOKEN, REQUEST, or one of AppSync");
}

// What a browser can send with a handshake: `new WebSocket(url, ["bearer", token])` (RFC 6455 section 1.9).
function inProtocols(event: Members): string {
  const protocols = (eventHeader(event, "sec-websocket-protocol") ?? "").split(",");
  const at = protocols.findIndex((protocol) => protocol.trim().toLowerCase() === "bearer");
  return at < 0 ? "" : (protocols[at + 1]?.trim() ?? "");
}

function inQuery(event: Members, query: string | undefined): string {
  const { queryStringParameters: given, multiValueQueryStringParameters: all } = event;
  if (query === undefined || !isObject(given)) return "";
  const every = isObject(all) ? ownMember(all, query) : undefined;
  return Array.isArray(every) && new Set(every).size > 1 ? "" : stripBearer(ownMember(given, query));
}

// RFC 6750 section 2.1: the scheme's name has no case.
function stripBearer(value: unknown): string {
  return typeof value === "string" ? value.replace(/^Bearer +/i, "") : "";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * The answer for a token that was verified, or for one that is good and not allowed to do this.
 *
 * @throws SignetError `config_invalid` where rules by route cannot be kept: an answer would be used for other routes
 */
export function answerOf(
  { source, arn = "", keptForAll }: AuthorizerRequest,
  verified: VerifiedToken | undefined,
  { simple, routes, claims, now }: AnswerOptions,
): object {
  const context = verified === undefined ? {} : flat(verified.claims, claims);
  const isAuthorized = verified !== undefined;
  if (source === "appsync") {
    if (routes !== undefined) throw unkept("AppSync has no routes: guard its fields in the schema");
    const left = Math.max(0, Number(verified?.claims.exp ?? now + APPSYNC_TTL_SECONDS) - now);
    return { isAuthorized, resolverContext: context, ttlOverride: Math.min(APPSYNC_TTL_SECONDS, left) };
  }
  const stage = stageOf(arn);
  if (source === "http" && simple) {
    if (routes !== undefined && keptForAll === true) {
      throw unkept("add $context.routeKey to the authorizer's identity sources, or its answer is used for other routes");
    }
    const mayPass =
      verified !== undefined && (routes === undefined || routes.allow(verified.claims, arn.slice(stage.length + 1)));
    return mayPass ? { isAuthorized: true, context } : { isAuthorized: false, context: {} };
  }
  const statement = (Effect: "Allow" | "Deny", Resource: string | readonly string[]) => ({
    Action: "execute-api:Invoke",
    Effect,
    Resource,
  });
  const Statement =
    verified === undefined || routes === undefined
      ? [statement(isAuthorized ? "Allow" : "Deny", `${stage}/*`)]
      : routes.statements(verified.claims, (pattern) => `${stage}/${pattern}`, statement);
  const { sub, client_id: client } = verified?.claims ?? {};
  const principalId = sub ?? textOf(client) ?? "unknown";
  return { principalId, policyDocument: { Version: POLICY_VERSION, Statement }, context };
}

function unkept(what: string): SignetError {
  return new SignetError("config_invalid", `SIGNET_ROUTES cannot be kept here: ${what}`, { field: "SIGNET_ROUTES" });
}

// An answer is cached for every route of the stage: it must hold for all of them.
function stageOf(arn: string): string {
  const [api = "", stage = ""] = arn.split("/");
  if (!/^arn:[\w-]+:execute-api:[\w-]+:\d{12}:\w+$/.test(api) || stage === "") {
    throw new SignetError("invalid_request", "the event names no stage of an API (methodArn, routeArn)");
  }
  return `${api}/${stage}`;
}

/** API Gateway hands the context on beside it, under the same name. */
const PRINCIPAL = "principalId";

// API Gateway takes texts, numbers and booleans, and refuses the whole answer for anything else.
function flat(
  claims: VerifiedToken["claims"],
  chosen: readonly string[] | undefined,
): Readonly<Record<string, string | number | boolean>> {
  const given = Object.entries(claims).filter(([name]) => name !== PRINCIPAL && (chosen === undefined || chosen.includes(name)));
  return Object.fromEntries(
    given.flatMap(([name, value]): [string, string | number | boolean][] => {
      if (typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return [[name, value as string]];
      const isTexts = Array.isArray(value) && value.every((each) => typeof each === "string" && !each.includes(" "));
      return isTexts ? [[name, value.join(" ")]] : [];
    }),
  );
}
