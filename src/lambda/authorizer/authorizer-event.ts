import { isObject } from "../../encoding/object-schema.js";
import { SignetError, shortened } from "../../errors.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import type { RouteRules } from "./route-rules.js";
import { identitySources, type ShownToken, shownToken, stripBearer, type TokenPlaces } from "./shown-token.js";

/** What invokes an authorizer: each has its own event and takes its own answer. */
export type AuthorizerSource = "rest" | "http" | "appsync";

/** What an authorizer is asked. */
export interface AuthorizerRequest extends ShownToken {
  readonly source: AuthorizerSource;
  /** What is to be invoked: an ARN of a stage's method or route; absent for AppSync. */
  readonly arn: string | undefined;
  /** The answer is kept for other routes too: the event's route is not part of what it is kept by. Of HTTP APIs. */
  readonly keptForAll?: boolean;
  /** The event's route where its answer is kept for all that this takes: several methods, or paths. Of HTTP APIs. */
  readonly wideRoute?: string | undefined;
  /** An Event API of AppSync, which has handlers for resolvers. */
  readonly isEventApi?: boolean;
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

/** What a policy may be asked for, and what it answers. */
const POLICY_VERSION = "2012-10-17";
/** What AppSync keeps at most, in seconds (developer guide, "AWS_LAMBDA authorization"). */
const APPSYNC_TTL_SECONDS = 300;

/**
 * Reads an event of API Gateway (REST APIs: TOKEN and REQUEST; WebSocket APIs; HTTP APIs: payload formats 1.0 and 2.0) or of AppSync.
 *
 * @throws SignetError `invalid_request` for any other event
 */
export function readAuthorizerEvent(event: unknown, places: TokenPlaces): AuthorizerRequest {
  if (isObject(event)) {
    const { type, version, authorizationToken, methodArn, routeArn, requestContext } = event;
    if (type === "TOKEN") return { source: "rest", token: stripBearer(authorizationToken), arn: textOf(methodArn) };
    if (type === "REQUEST" && version === "2.0") {
      const keptForAll = !identitySources(event).includes(event.routeKey as string);
      return { source: "http", ...shownToken(event, places), arn: textOf(routeArn), keptForAll, wideRoute: wideRouteOf(event) };
    }
    if (type === "REQUEST") return { source: "rest", ...shownToken(event, places), arn: textOf(methodArn) };
    if (isObject(requestContext) && typeof requestContext.apiId === "string" && "authorizationToken" in event) {
      const isEventApi = "operation" in requestContext;
      return { source: "appsync", token: stripBearer(authorizationToken), arn: undefined, isEventApi };
    }
  }
  throw new SignetError(
    "invalid_request",
    "the event is none of an authorizer's: TOKEN or REQUEST of API Gateway, or one of AppSync; is this function the authorizer of an API?",
  );
}

// A route of one method and a path without {proxy+} is taken for what its rule says. A wide one need not be: where its method and path are
// sources too, each of its requests has an answer of its own.
function wideRouteOf(event: Readonly<Record<string, unknown>>): string | undefined {
  const routeKey = textOf(event.routeKey) ?? "";
  const { http } = isObject(event.requestContext) ? event.requestContext : {};
  const { method, path } = isObject(http) ? http : {};
  const sources = identitySources(event);
  const isPinned = [method, path].every((each) => sources.includes(each as string));
  return /^ANY |^\$default$|\+\}/.test(routeKey) && !isPinned ? routeKey : undefined;
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
  { source, arn = "", keptForAll, wideRoute, isEventApi }: AuthorizerRequest,
  verified: VerifiedToken | undefined,
  { simple, routes, claims, now }: AnswerOptions,
): object {
  const context = verified === undefined ? {} : flat(verified.claims, claims);
  const isAuthorized = verified !== undefined;
  if (source === "appsync") {
    if (routes !== undefined) throw unkept("AppSync has no routes: guard its fields in the schema");
    const left = Math.max(0, Number(verified?.claims.exp ?? now + APPSYNC_TTL_SECONDS) - now);
    const ttlOverride = Math.min(APPSYNC_TTL_SECONDS, left);
    if (!isEventApi) return { isAuthorized, resolverContext: context, ttlOverride };
    // Its guide has texts alone here ("AWS Lambda authorization" of AppSync Events).
    const handlerContext = Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]));
    return { isAuthorized, handlerContext, ttlOverride };
  }
  const stage = stageOf(arn);
  if (source === "http" && simple) {
    if (routes !== undefined && keptForAll === true) {
      throw unkept("add $context.routeKey to the authorizer's identity sources, or its answer is used for other routes");
    }
    const mayPass =
      verified !== undefined && (routes === undefined || routes.allow(verified.claims, arn.slice(stage.length + 1)));
    if (mayPass && routes !== undefined && wideRoute !== undefined && !routes.allowAll(verified.claims, wideRoute)) {
      throw unkept(
        `${shortened(wideRoute)} takes more than the token may do, and its answer is used for all of that: ` +
          "give the API a route for each rule, or add $context.httpMethod and $context.path to the identity sources",
      );
    }
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
  // Where a developer's machine plays API Gateway, account and API have made-up names.
  if (!/^arn:[\w-]+:execute-api(?::[\w-]+){3}$/.test(api) || stage === "") {
    throw new SignetError(
      "invalid_request",
      "the event names no stage of an API: methodArn, or routeArn, must be the ARN of a method or route",
    );
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
