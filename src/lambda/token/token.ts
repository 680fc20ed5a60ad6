import { environmentCredentials, noCredentials } from "../../aws/credentials.js";
import { createTransport, type Transport } from "../../aws/transport.js";
import { monotonicMs } from "../../encoding/monotonic.js";
import { SignetError } from "../../errors.js";
import { createAuthenticator } from "../../http/authenticate.js";
import type { Handler, RequestLog } from "../../http/request-context.js";
import { authorizationRoute, oauthError } from "../../http/token-endpoint/answer.js";
import { tokenRoute } from "../../http/token-endpoint/token-route.js";
import { hasProofs } from "../../issue/alias-callers.js";
import { createCallers } from "../../issue/callers.js";
import type { ProvableCaller } from "../../issue/callers-json.js";
import { presentSeconds } from "../../issue/issuer.js";
import { DEFAULT_LIMITS, type Limits } from "../../settings/limits.js";
import { createS3OnceStore, ONCE_TIMES } from "../../storage/aws/once.js";
import { judgeCaller } from "../../trust/judge-callers.js";
import { assertClaimsFromProofs } from "../../trust/judge-claims.js";
import { createKeySources } from "../../trust/key-sources.js";
import { createProofs } from "../../trust/proofs.js";
import { fetchJwks } from "../../verify/fetch-jwks.js";
import { type HttpAnswer, type HttpEvent, httpProblem, isHttpEvent, routeOf } from "../shared/http-event.js";
import { createLog, type Log } from "../shared/log.js";
import { failureOf, logRefused, logUnready } from "../shared/report.js";
import type { Environment } from "../shared/settings.js";
import { within } from "../shared/within.js";
import { eventAnswer, requestOf } from "./http-request.js";
import { askIssuer } from "./invoke-issuer.js";
import { remoteCallers } from "./remote-callers.js";
import { type TokenSettings, tokenSettingsOf } from "./token-settings.js";

/** Answers an event of API Gateway. */
type TokenHandler = (event: unknown, context: { readonly awsRequestId: string }) => Promise<HttpAnswer>;

/**
 * The issuer may have to start, and to wait for KMS; API Gateway ends a request after 29 seconds. An invocation that may have run is not sent
 * again: each pays for a token.
 */
const ISSUER_CALLS = { deadlineMs: 20_000, attemptMs: 20_000, isOnce: true };

/** A function that has started. */
export interface StartedTokenFunction {
  readonly handler: TokenHandler;
  /** Never rejected: what every request needs is warm, or took too long. */
  readonly ready: Promise<void>;
}

/** In INIT a small function has more of a processor; what takes longer the first request waits for. */
const MAX_INIT_MS = 2_000;
/** Is refused, by no rule and with no fetch. */
const TRIAL = {
  httpMethod: "POST",
  resource: "/token",
  headers: { "content-type": "application/x-www-form-urlencoded" },
  requestContext: {},
  body: "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=e30.e30.AA",
};

/**
 * Starts the function behind `POST /token`. It is not the issuer: it verifies proofs, and lets the issuer's function issue by the aliases for
 * proofs of its callers, which hold limits and keys. It knows no secret, and its role reaches nothing else.
 *
 * @throws SignetError `config_invalid`, naming the variable or the member
 */
export function startTokenFunction(env: Environment, write: (line: string) => void): StartedTokenFunction {
  const settings = tokenSettingsOf(env);
  const log = createLog(env, write);
  const proving = provingCallers(settings, log);
  const credentials = () => {
    const found = environmentCredentials(env);
    if (found === undefined) throw noCredentials();
    return found;
  };
  const reached = { region: settings.region, credentials, env };
  const toIssuer = createTransport({ ...reached, ...ISSUER_CALLS });
  const toBucket = createTransport({ ...reached, ...ONCE_TIMES });
  const routes = routesOf(settings, proving, toIssuer, toBucket);

  async function warmUp(): Promise<void> {
    const trial = handlerOf(routes, settings.issuer, () => undefined)(TRIAL, { awsRequestId: "" });
    await Promise.allSettled([toIssuer.connect("lambda"), toBucket.connect("s3"), trial]);
  }

  return { handler: handlerOf(routes, settings.issuer, log), ready: within(MAX_INIT_MS, warmUp()) };
}

function handlerOf(routes: readonly Route[], issuer: string, log: Log): TokenHandler {
  return async (event, { awsRequestId }) => {
    const began = monotonicMs();
    if (!isHttpEvent(event))
      return httpProblem(new SignetError("invalid_request", "this function answers requests of its API alone"));
    try {
      const { route, method } = routeOf(event, [...new Set(routes.map(({ path }) => path))], issuer);
      const found = routes.find((each) => each.path === route && each.method === method);
      if (found === undefined) throw new SignetError("method_not_allowed", "this path does not take that method");
      return await answered(found, event, (said, status) =>
        report(log, awsRequestId, said, { status, ms: Math.round(monotonicMs() - began) }),
      );
    } catch (error) {
      logRefused(log, awsRequestId, error, {});
      return httpProblem(error);
    }
  };
}

// A rule that is wrong is its own caller's fault: the others go on proving themselves.
function provingCallers({ callers, issuer, limits }: TokenSettings, log: Log): readonly ProvableCaller[] {
  return callers.filter(hasProofs).filter((caller) => {
    try {
      // Of the others nothing counts but their names.
      assertClaimsFromProofs(limits, Object.fromEntries(callers.map((each) => [each.name, each === caller ? each : {}])));
      judgeCaller(caller.name, caller, issuer);
      return true;
    } catch (error) {
      logUnready(log, error, { caller: caller.name });
      return false;
    }
  });
}

/** A path, a method, and what answers both. */
interface Route {
  readonly path: string;
  readonly method: string;
  readonly handler: Handler;
}

function routesOf(
  settings: TokenSettings,
  proving: readonly ProvableCaller[],
  toIssuer: Transport,
  toBucket: Transport,
): readonly Route[] {
  const { issuer, issuerFunction, usedProofs, jwksUrl } = settings;
  const known = remoteCallers(localCallers(settings), askIssuer(toIssuer, issuerFunction));
  const clock = () => Date.now() / 1_000;
  const proofs = createProofs({
    issuer,
    callers: Object.fromEntries(proving.map(({ name, trusts, keys, exchanges }) => [name, { trusts, keys, exchanges }])),
    // Lambda stands still between two requests: what was fetched behind an answer would fail, and leave keys that were withdrawn in force.
    sources: createKeySources({ clock, graceSeconds: 0, ownJwks: jwksUrl === undefined ? undefined : () => fetchJwks(jwksUrl) }),
    once: createS3OnceStore(toBucket, usedProofs),
    clock,
  });
  const options = { issuer, callers: () => known, proofs: () => proofs, clock: presentSeconds };
  const authenticate = createAuthenticator(options);
  return [
    { path: "/token", method: "POST", handler: tokenRoute({ ...options, authenticate }) },
    { path: "/authorize", method: "GET", handler: authorizationRoute },
  ];
}

// All of them, since no proof may give a token the name of one that proves itself to IAM alone, or whose rule is wrong. The limits are judged
// here as the issuer's function judges them; the key, and how long it may sign for, it alone knows.
function localCallers({ issuer, limits, callers }: TokenSettings) {
  const { maxTtlSeconds, requireExpiration }: Limits = { ...DEFAULT_LIMITS, ...limits };
  const signer = { kid: "", alg: "ES256", publicJwk: { kty: "EC" }, sign: refuseToSign } as const;
  const source = { current: () => ({ signer: signer as never, maxTtlSeconds, endless: !requireExpiration }) };
  return createCallers({ signer: source, issuer, limits, clock: presentSeconds }, callers);
}

function refuseToSign(): never {
  throw new SignetError("internal", "the function of POST /token has no key");
}

async function answered(
  { path, method, handler }: Route,
  event: HttpEvent,
  done: (log: RequestLog, status: number) => void,
): Promise<HttpAnswer> {
  const [request, context] = requestOf(event, path, method);
  const response = await Promise.resolve(handler(request, context)).catch((error: unknown) => oauthError(error, context));
  done(context.log, response.status);
  return eventAnswer(response);
}

// Never a token, a claim or what was sent: which rule of which caller, and why not.
function report(
  log: Log,
  requestId: string,
  { code, failure, caller, proof, tokens }: RequestLog,
  more: { status: number; ms: number },
) {
  const who = { caller, ...proof };
  if (code === undefined) log("INFO", requestId, { outcome: "issued", tokens, ...who, ms: more.ms });
  else {
    const why = failure === undefined ? {} : failureOf(failure);
    log(more.status >= 500 ? "ERROR" : "WARN", requestId, { ...why, outcome: code, ...who, ms: more.ms });
  }
}
