import { isSignetError, isTokenRefusal, type SignetError } from "../../errors.js";
import { presentSeconds } from "../../issue/issuer.js";
import { createVerifier } from "../../verify/create-verifier.js";
import type { IssuersVerifier } from "../../verify/issuers-verifier.js";
import type { VerifiedToken } from "../../verify/verifier.js";
import { createLog } from "../shared/log.js";
import { errorWithoutStack, failureOf } from "../shared/report.js";
import { assertVariablesAreSpelt, type Environment, listIn, namesIn, objectIn, wrong } from "../shared/settings.js";
import { type AuthorizerRequest, type AuthorizerSource, answerOf, readAuthorizerEvent } from "./authorizer-event.js";
import { routeRules } from "./route-rules.js";

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
  const verifier = verifierOf(env, clock);
  const claims = namesIn(env, "SIGNET_CLAIMS");
  const routes = routeRules(objectIn(env, "SIGNET_ROUTES"));
  // What no rule names is refused, so that no rule at all would refuse everything, which is not what its writer means.
  if (routes === undefined && env.SIGNET_ROUTES)
    throw wrong("SIGNET_ROUTES", "is set and names no route: give rules, or unset it, and every route takes a token");
  const answering = {
    simple: env.SIGNET_AUTHORIZER_RESPONSE !== "policy",
    routes,
    claims: claims.length > 0 ? claims : undefined,
  };
  // The keys are fetched while the function starts; where that fails, the first token tries again.
  verifier.ready().catch((error: unknown) => log("ERROR", "init", failureOf(error)));

  function read(event: unknown, requestId: string): AuthorizerRequest {
    try {
      return readAuthorizerEvent(event, env.SIGNET_TOKEN_QUERY || undefined);
    } catch (error) {
      log("ERROR", requestId, { outcome: "failed", ...failureOf(error) });
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
        log("ERROR", awsRequestId, entry("failed", failureOf(error)));
        throw errorWithoutStack("Error", "the authorizer cannot verify now");
      }
      log("WARN", awsRequestId, entry((error as SignetError).code));
      if (isRefusedOutright(error, request.source)) throw errorWithoutStack("Error", UNAUTHORIZED);
      return answerOf(request, undefined, { ...answering, now: clock() });
    }
    try {
      const answer = answerOf(request, verified, { ...answering, now: clock() });
      log("INFO", awsRequestId, entry("verified", { kid: verified.header.kid }));
      return answer;
    } catch (error) {
      log("ERROR", awsRequestId, entry("failed", failureOf(error)));
      throw error;
    }
  };
}

// AppSync knows no 401: everything but a yes is a no.
function isRefusedOutright(error: unknown, source: AuthorizerSource): boolean {
  return source !== "appsync" && !isSignetError(error, "token_scope_missing");
}

function verifierOf(env: Environment, clock: () => number): IssuersVerifier {
  const { SIGNET_ISSUER: issuer, SIGNET_AUDIENCE: audience, SIGNET_JWKS_URL: jwksUrl } = env;
  if (!issuer) throw wrong("SIGNET_ISSUER", "is not set: the URL of the issuer, or of several with commas between them");
  if (!audience) throw wrong("SIGNET_AUDIENCE", "is not set: who a token must be for; * takes every token of the issuer");
  const scopes = namesIn(env, "SIGNET_SCOPES");
  return createVerifier({
    issuer: listIn(issuer),
    audience: audience === "*" ? null : listIn(audience),
    clock,
    ...(scopes.length > 0 && { scopes }),
    ...(jwksUrl && { jwksUrl }),
    allowInsecureIssuer: env.SIGNET_ALLOW_INSECURE_ISSUER === "true",
  });
}
