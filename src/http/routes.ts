import { SignetError } from "../errors.js";
import type { Callers } from "../issue/callers.js";
import type { Tokens } from "../settings/tokens.js";
import type { Proofs } from "../trust/contract.js";
import { privateJson } from "./answers.js";
import { type Authenticator, createAuthenticator } from "./authenticate.js";
import { decodeRoute } from "./decode.js";
import { encodeRoute, issueRoute } from "./issue.js";
import { openApiDocument } from "./openapi.js";
import { DISCOVERY, JWKS, OAUTH_METADATA, pathsOf } from "./paths.js";
import { problemResponse } from "./problem.js";
import { documentRoutes, type PublicTexts, remembered, send } from "./public-documents.js";
import type { Handler, RequestContext } from "./request-context.js";
import { targetOf } from "./target.js";
import { authorizationRoute } from "./token-endpoint/answer.js";
import { tokenRoute } from "./token-endpoint/token-route.js";
import { ownVerifiers, verifyRoute } from "./verify.js";

/** What the routes are made of. */
export interface RoutesOptions {
  /** The issuer's URL. Below its path, where it has one, each route is found too. */
  readonly issuer: string | undefined;
  /** How its tokens differ from the usual now; the same object for as long as nothing has changed. */
  readonly tokens?: (() => Tokens) | undefined;
  /** The hosts from which `/decode` fetches keys; by default the issuer's own. */
  readonly decodeHosts?: readonly string[] | undefined;
  /** The callers as they are now. */
  readonly callers: () => Callers;
  /** What proves them without a secret; absent where nothing does. */
  readonly proofs?: (() => Proofs) | undefined;
  /** Reads the callers anew, no more often than it can bear; absent where they never change. */
  readonly lookAgain?: (() => Promise<void>) | undefined;
  /** What is published now; the same object for as long as nothing else is. */
  readonly documents: () => PublicTexts | undefined;
  /**
   * Finds out whether a key can sign and is published.
   *
   * @throws SignetError that says what is missing
   */
  readonly assertReady: () => void | Promise<void>;
  /** The metrics in Prometheus's text format, with its media type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** The version of Signet, for the API's document. */
  readonly version: string;
  readonly clock: () => number;
}

/** The methods of one path. HEAD comes with GET. */
interface Route {
  readonly GET?: Handler;
  readonly POST?: Handler;
}

/** A route, and its own path, whatever it was asked under. */
interface NamedRoute extends Route {
  readonly name: string;
}

const NO_SCOPES: readonly string[] = [];

/** The documents that pages of other sites may read. */
const PUBLIC_DOCUMENTS = [JWKS, DISCOVERY, OAUTH_METADATA, "/openapi.json"];

/** Makes what tells whether a request does no more than read a document that is everybody's. @param issuer its URL, below whose path they are */
export function publicDocumentReader(issuer?: string): (request: Request, context: RequestContext) => boolean {
  const paths = new Set(PUBLIC_DOCUMENTS.flatMap((route) => pathsOf(route, issuer)));
  return (request, context) => ["GET", "HEAD", "OPTIONS"].includes(request.method) && paths.has(targetOf(request, context).path);
}

/** Makes the routes of an issuer: one function from a request to its answer. It never throws. */
export function createRoutes(options: RoutesOptions): Handler {
  const authenticate = createAuthenticator(options);
  const routes = new Map(
    Object.entries(tableOf(options, authenticate)).flatMap(([name, route]) =>
      pathsOf(name, options.issuer).map((path): [string, NamedRoute] => [path, { ...route, name }]),
    ),
  );
  return (request, context) => {
    try {
      const answer = dispatch(routes, request, context);
      return answer instanceof Promise ? answer.catch((error) => problemResponse(error, context)) : answer;
    } catch (error) {
      return problemResponse(error, context);
    }
  };
}

function tableOf(options: RoutesOptions, authenticate: Authenticator): Readonly<Record<string, Route>> {
  const { issuer, tokens, clock } = options;
  const { documents, proofs } = options;
  const scopes = () => proofs?.().scopes ?? NO_SCOPES;
  const { jwks, discovery, oauthMetadata } = documentRoutes({ documents, scopes, absent: notThere });
  const describe = remembered<[object]>();
  const openApi = openApiDocument(options.version, issuer);
  const verifierFor = ownVerifiers({ issuer, tokens, clock, jwks: () => options.documents()?.jwks });
  const verifyOwn = (token: string) => verifierFor(null).verify(token);
  return {
    "/issue": { POST: issueRoute({ authenticate, clock }) },
    "/encode": { POST: encodeRoute({ authenticate, clock }) },
    "/token": { POST: tokenRoute({ ...options, authenticate }) },
    "/authorize": { GET: authorizationRoute, POST: authorizationRoute },
    "/verify": { POST: verifyRoute(authenticate, verifierFor) },
    "/decode": { POST: decodeRoute({ authenticate, issuer, hosts: options.decodeHosts, verifyOwn, clock }) },
    [JWKS]: { GET: jwks },
    [DISCOVERY]: { GET: discovery },
    [OAUTH_METADATA]: { GET: oauthMetadata },
    "/openapi.json": { GET: (request) => send(request, describe(openApi), { "content-type": "application/json" }) },
    "/healthz": { GET: () => privateJson('{"status":"ok"}') },
    "/readyz": { GET: ready(options.assertReady) },
    "/metrics": { GET: metricsRoute(options.metrics, authenticate) },
  };
}

// Paths are compared as they were sent: nothing is decoded or resolved, so nothing can be said in two ways.
function dispatch(
  routes: ReadonlyMap<string, NamedRoute>,
  request: Request,
  context: RequestContext,
): Response | Promise<Response> {
  const { path } = targetOf(request, context);
  const route = routes.get(path);
  if (route === undefined)
    throw new SignetError("not_found", "there is nothing under this path; /openapi.json lists what there is");
  context.log.route = route.name;
  const { method } = request;
  if (method === "POST" && route.POST !== undefined) return route.POST(request, context);
  if ((method === "GET" || method === "HEAD") && route.GET !== undefined) {
    const answer = route.GET(request, context);
    if (method === "GET") return answer;
    return answer instanceof Promise ? answer.then(withoutBody) : withoutBody(answer);
  }
  if (method === "OPTIONS" && PUBLIC_DOCUMENTS.includes(route.name)) return preflight();
  const error = new SignetError(
    "method_not_allowed",
    "this path does not take that method; the header allow names those it takes",
  );
  return problemResponse(error, context, { allow: allowed(route) });
}

function allowed({ name, GET, POST }: NamedRoute): string {
  const methods = [GET && "GET, HEAD", POST && "POST", PUBLIC_DOCUMENTS.includes(name) && "OPTIONS"];
  return methods.filter(Boolean).join(", ");
}

function withoutBody(answer: Response): Response {
  return new Response(null, { status: answer.status, headers: answer.headers });
}

// The Fetch standard's preflight: the documents are public, and reading them takes no header that needs more.
function preflight(): Response {
  const headers = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
  };
  return new Response(null, { status: 204, headers });
}

function notThere(): Response {
  throw new SignetError("not_found", "this document is not published: the issuer has no key yet, or no URL");
}

function ready(assertReady: RoutesOptions["assertReady"]): Handler {
  return async () => {
    await assertReady();
    return privateJson('{"status":"ready"}');
  };
}

// They name callers and keys: a scraper must be a caller.
function metricsRoute(metrics: RoutesOptions["metrics"], authenticate: Authenticator): Handler {
  return (request, context) =>
    authenticate.byHeader(request, context, async (caller) => {
      caller.assertMay("metrics");
      const { text, contentType } = await metrics();
      return new Response(text, { headers: { "content-type": contentType, "cache-control": "no-store" } });
    });
}
