import { failureWithSelf } from "../encoding/command-hints.js";
import { parseStrictJson } from "../encoding/strict-json.js";
import { type ErrorCode, nameInWords, SignetError, toPublicError } from "../errors.js";
import type { Callers } from "../issue/callers.js";
import type { ImmediateIssuer } from "../issue/issuer.js";
import { withBody } from "./body.js";
import { issueText } from "./issue.js";
import { publicErrorIn } from "./problem.js";
import type { Handler, RequestContext } from "./request-context.js";
import { targetOf } from "./target.js";

/** Lambda takes 6 MB when it is asked to answer, and 1 MB for an event. */
const MAX_BYTES = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 } as const;
const PATH = /^\/2015-03-31\/functions\/([^/?#]+)\/invocations$/;
const ROUTE = "/2015-03-31/functions/{name}/invocations";
// A name, a partial ARN or a whole one, each with an alias or version behind it (Lambda API reference, Invoke).
const FUNCTION =
  /^(?:arn:(?<partition>aws[a-zA-Z-]*):lambda:)?(?:(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_]{1,64})(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/;

/** The longest of these (Lambda API reference, Invoke). */
const MAX_NAME = 170;

/** A function as an invocation names it. */
interface Invoked {
  readonly name: string;
  /** The alias: who calls. */
  readonly alias: string | undefined;
}

/**
 * Answers Lambda's Invoke API as the deployed function would, so that the same code runs against a laptop; everything else goes
 * to `next`. The alias is the caller, and without one the issuer's own limits hold. No secret is shown here: IAM does that in
 * AWS, and here the dev guard lets only this machine ask.
 */
export function invocationRoute(issuer: ImmediateIssuer, callers: () => Callers, next: Handler): Handler {
  return (request, context) => {
    const { path, query } = targetOf(request, context);
    const named = PATH.exec(path)?.[1];
    if (named === undefined) return next(request, context);
    context.log.route = ROUTE;
    return invoked(request, context, {
      issuer,
      callers,
      named: decoded(named),
      qualifier: new URLSearchParams(query).get("Qualifier"),
    });
  };
}

interface Invocation {
  readonly issuer: ImmediateIssuer;
  readonly callers: () => Callers;
  readonly named: string;
  readonly qualifier: string | null;
}

async function invoked(request: Request, context: RequestContext, invocation: Invocation): Promise<Response> {
  const id = crypto.randomUUID();
  try {
    if (request.method !== "POST") throw new SignetError("method_not_allowed", "an invocation is a POST");
    const type = invocationType(request);
    const { alias } = functionOf(invocation);
    const issuer = issuerFor(alias, invocation, context);
    const body = await withBody(request, context, MAX_BYTES[type], (bytes) => bytes);
    const payload = payloadOf(body);
    if (type === "DryRun") return service(204, null, id);
    const answer = await ranFunction(issuer, payload, context);
    if (type === "Event") return service(202, null, id);
    const tail = request.headers.get("x-amz-log-type") === "Tail" ? { "x-amz-log-result": logTail(id) } : {};
    const failed = answer.isError ? { "x-amz-function-error": "Unhandled" } : {};
    return service(200, answer.text, id, { "x-amz-executed-version": "$LATEST", ...failed, ...tail });
  } catch (error) {
    return serviceError(error, id, context);
  }
}

// What the function itself refuses is a 200 with an error in it, as in AWS.
async function ranFunction(
  issuer: ImmediateIssuer,
  payload: unknown,
  context: RequestContext,
): Promise<{ text: string; isError: boolean }> {
  try {
    return { text: await issueText(issuer, payload, context.log), isError: false };
  } catch (error) {
    const { code, message } = publicErrorIn(context, error);
    return { text: JSON.stringify({ errorType: code, errorMessage: message }), isError: true };
  }
}

function functionOf({ named, qualifier }: Invocation): Invoked {
  const groups = named.length > MAX_NAME ? undefined : FUNCTION.exec(named)?.groups;
  if (groups?.name === undefined) {
    throw new SignetError("invocation_invalid", "the function's name is neither a name nor an ARN");
  }
  if (groups.qualifier !== undefined && qualifier !== null && groups.qualifier !== qualifier) {
    throw new SignetError("invocation_invalid", "the qualifier in the name and the parameter Qualifier differ");
  }
  const alias = groups.qualifier ?? qualifier ?? undefined;
  return { name: groups.name, alias: alias === "$LATEST" ? undefined : alias };
}

function issuerFor(alias: string | undefined, { issuer, callers }: Invocation, context: RequestContext): ImmediateIssuer {
  if (alias === undefined) return issuer;
  const caller = callers().named(alias);
  if (caller === undefined) {
    const message = `Function not found: no caller has the name of its alias; \`signet callers add ${nameInWords(alias, "NAME")}\` makes one`;
    throw new SignetError("function_unknown", message);
  }
  context.log.caller = caller.name;
  return caller.issuer;
}

function invocationType(request: Request): keyof typeof MAX_BYTES {
  const type = request.headers.get("x-amz-invocation-type") ?? "RequestResponse";
  if (type === "RequestResponse" || type === "Event" || type === "DryRun") return type;
  throw new SignetError("invocation_invalid", "the invocation type is RequestResponse, Event or DryRun");
}

// Lambda takes an empty payload for an empty object.
function payloadOf(body: Uint8Array): unknown {
  return body.byteLength === 0 ? {} : parseStrictJson(body, "the payload");
}

// The Lambda API reference's names for what the service itself refuses, before the function runs.
const SERVICE_ERRORS: Partial<Record<ErrorCode, string>> = {
  invocation_invalid: "InvalidParameterValueException",
  function_unknown: "ResourceNotFoundException",
  invalid_request: "InvalidRequestContentException",
  invalid_json: "InvalidRequestContentException",
  duplicate_member: "InvalidRequestContentException",
  request_too_large: "RequestTooLargeException",
  method_not_allowed: "MethodNotAllowedException",
};

function serviceError(error: unknown, id: string, context: RequestContext): Response {
  const { code, status, message } = failureWithSelf(toPublicError(error), context.self ?? "signet");
  const word = SERVICE_ERRORS[code] ?? "ServiceException";
  context.log.code = code;
  if (status >= 500) context.log.failure = error;
  const text = JSON.stringify({ Type: status < 500 ? "User" : "Service", message, Message: message });
  return service(status, text, id, { "x-amzn-errortype": word });
}

function service(status: number, text: string | null, id: string, more: Readonly<Record<string, string>> = {}): Response {
  const headers = { "x-amzn-requestid": id, ...(text !== null && { "content-type": "application/json" }), ...more };
  return new Response(text, { status, headers });
}

// Nothing of the request stands in it: what the function logs never holds claims or tokens.
function logTail(id: string): string {
  const lines = [`START RequestId: ${id} Version: $LATEST`, `END RequestId: ${id}`, `REPORT RequestId: ${id}`];
  return Buffer.from(`${lines.join("\n")}\n`).toString("base64");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
