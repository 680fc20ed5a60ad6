import { isObject } from "../../encoding/object-schema.js";
import { isSignetError, isTokenRefusal, type SignetError, toPublicError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import { createLog } from "../shared/log.js";
import { errorWithoutStack, failureOf } from "../shared/report.js";
import { assertVariablesAreSpelt, type Environment, namesIn, objectIn, wordIn, wrong } from "../shared/settings.js";
import { type AuthorizerRequest, type AuthorizerSource, answerOf, readAuthorizerEvent } from "./authorizer-event.js";
import { routeRules } from "./route-rules.js";
import { byVariables, verifierIn } from "./verifier-settings.js";

/** Answers an authorizer's event. */
export type AuthorizerHandler = (event: unknown, context: { readonly awsRequestId: string }) => Promise<object>;

/** What tests put in place of the real thing. */
export interface AuthorizerOptions {
  /** NumericDate. */
  readonly clock?: () => number;
}

/** What API Gateway answers with 401: this word and no other (developer guide, "Output from an API Gateway Lambda authorizer"). */
const UNAUTHORIZED = "Unauthorized";

/**
 * Makes the handler of a Lambda authorizer. It verifies a token by its issuer's keys, which it finds, fetches and follows by itself.
 * A token that is refused is answered with 401, one without the scopes that are asked for with 403.
 *
 * @throws SignetError `config_invalid`, naming the variable
 */
export function createAuthorizer(
  env: Environment,
  write: (line: string) => void,
  { clock = presentSeconds }: AuthorizerOptions = {},
): AuthorizerHandler {
  assertVariablesAreSpelt(env);
  const log = createLog(env, write);
  const verifier = verifierIn(env, clock);
  const claims = namesIn(env, "SIGNET_CLAIMS");
  const routes = routeRules(objectIn(env, "SIGNET_ROUTES"));
  // What no rule names is refused, so that no rule at all would refuse everything, which is not what its writer means.
  if (routes === undefined && env.SIGNET_ROUTES)
    throw wrong("SIGNET_ROUTES", "is set and names no route: give rules, or unset it, and every route takes a token");
  const answering = {
    simple: wordIn(env, "SIGNET_AUTHORIZER_RESPONSE", ["simple", "policy"]) === "simple",
    routes,
    claims: claims.length > 0 ? claims : undefined,
  };
  const places = { header: headerIn(env), query: env.SIGNET_TOKEN_QUERY || undefined };
  // The keys are fetched while the function starts; where that fails, the first token tries again.
  verifier.ready().catch((error: unknown) => log("ERROR", "init", inWords(error)));

  function read(event: unknown, requestId: string): AuthorizerRequest {
    try {
      return readAuthorizerEvent(event, places);
    } catch (error) {
      log("ERROR", requestId, { outcome: "failed", ...inWords(error), members: memberNames(event) });
      throw error;
    }
  }

  return async (event, { awsRequestId }) => {
    const began = performance.now();
    const request = read(event, awsRequestId);
    const entry = (outcome: string, more = {}) => ({
      outcome,
      source: request.source,
      ms: Math.round(performance.now() - began),
      ...more,
    });
    let verified: VerifiedToken;
    try {
      verified = await verifier.verify(request.token, "access");
    } catch (error) {
      if (!isTokenRefusal(error)) {
        log("ERROR", awsRequestId, entry("failed", inWords(error)));
        throw cannotVerify(error);
      }
      log("WARN", awsRequestId, entry((error as SignetError).code, { hint: request.hint }));
      if (isRefusedOutright(error, request.source)) throw errorWithoutStack("Error", UNAUTHORIZED);
      return answerOf(request, undefined, { ...answering, now: clock() });
    }
    try {
      const answer = answerOf(request, verified, { ...answering, now: clock() });
      log("INFO", awsRequestId, entry("verified", { kid: verified.header.kid }));
      return answer;
    } catch (error) {
      log("ERROR", awsRequestId, entry("failed", inWords(error)));
      throw error;
    }
  };
}

function headerIn({ SIGNET_TOKEN_HEADER: name }: Environment): string {
  if (!name) return "authorization";
  if (/^[\w-]+$/.test(name)) return name.toLowerCase();
  throw wrong("SIGNET_TOKEN_HEADER", "must be the name of a header, such as X-Access-Token");
}

/** What a function says of an event that is none of its own: as many names as tell its kind, and none that could be a value. */
function memberNames(event: unknown): readonly string[] {
  const names = isObject(event) ? Object.keys(event) : [];
  return names.filter((name) => /^[\w-]{1,32}$/.test(name)).slice(0, 20);
}

/** As `failureOf`, with our words whatever the code: what fails here is the event's shape, a setting or an issuer's keys, and no request's text. */
function inWords(error: unknown): Readonly<Record<string, unknown>> {
  if (!isSignetError(error)) return failureOf(error);
  return { code: error.code, failure: byVariables(error.message) };
}

/** An outage passes by itself; what is wrong with a setting or with the keys does not, and is told by its own code. */
function cannotVerify(error: unknown): Error {
  const { code, status } = toPublicError(error);
  const why = status === 503 ? "now" : "until what its log names is mended";
  return errorWithoutStack(code, `the authorizer cannot verify ${why}`);
}

// AppSync knows no 401: everything but a yes is a no.
function isRefusedOutright(error: unknown, source: AuthorizerSource): boolean {
  return source !== "appsync" && !isSignetError(error, "token_scope_missing");
}
