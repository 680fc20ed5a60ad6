import { closedObject, faultFinder, isObject } from "../encoding/object-schema.js";
import { SignetError, statusOf } from "../errors.js";
import type { BatchResult, IssuedToken, Issuer } from "../issue/issuer.js";
import { type Claims, type IssueRequest, MOST_REQUESTS, requestFault } from "../issue/request.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { parseJsonBody, withBody } from "./body.js";
import type { Handler, Notes } from "./call.js";
import { UNTOLD } from "./problem.js";

/** The largest body of a batch, in bytes. */
const MOST_BATCH_BYTES = 4 * 1024 * 1024;
/** The largest body of `/encode`: whatever is larger does not fit a token. */
const MOST_ENCODE_BYTES = 64 * 1024;
const ENCODED_TTL_SECONDS = 86_400;

/** The request for many tokens. */
export const BATCH_REQUEST = closedObject(["requests"], {
  requests: {
    type: "array",
    maxItems: MOST_REQUESTS,
    items: { description: "An IssueRequest; one that is none gets an error of its own." },
    title: `a list of at most ${MOST_REQUESTS}`,
    description: "What is answered is in the same order, with an error for each that is refused.",
  },
});

const batchFault = faultFinder(BATCH_REQUEST);

/** `POST /issue`: one token, or a batch of them. */
export function issueRoute(authenticate: Authenticator): Handler {
  return (request, call) => {
    // Nothing is read from somebody who is nobody.
    const { issuer } = authenticate.byHeader(request, call);
    return withBody(request, call, MOST_BATCH_BYTES, (body) => answerOf(issuer, parseJsonBody(request, body), call.notes));
  };
}

/**
 * Issues what a request asks for, one token or a batch.
 *
 * @returns the answer's text
 */
export function issueText(issuer: Issuer, value: unknown, notes: Notes): string | Promise<string> {
  if (isObject(value) && Object.hasOwn(value, "requests")) return batchText(issuer, value, notes);
  const issued = issuer.issue(value as IssueRequest);
  return issued instanceof Promise ? issued.then((token) => tokenText(token, notes)) : tokenText(issued, notes);
}

function answerOf(issuer: Issuer, value: unknown, notes: Notes): Response | Promise<Response> {
  const text = issueText(issuer, value, notes);
  return typeof text === "string" ? privateJson(text) : text.then((late) => privateJson(late));
}

// A token has only characters that JSON leaves as they are.
function tokenText({ token }: IssuedToken, notes: Notes): string {
  notes.tokens = 1;
  return `{"token":"${token}"}`;
}

async function batchText(issuer: Issuer, value: Record<string, unknown>, notes: Notes): Promise<string> {
  const fault = batchFault(value);
  if (fault !== undefined) throw requestFault(fault, BATCH_REQUEST);
  const results = await issuer.issueMany(value.requests as readonly IssueRequest[]);
  notes.tokens = results.filter((result) => "token" in result).length;
  return JSON.stringify({ results: results.map(toldResult) });
}

function toldResult(result: BatchResult): BatchResult {
  if ("token" in result || statusOf(result.error.code) !== 500) return result;
  return { error: { code: result.error.code, message: UNTOLD } };
}

/** `POST /encode`: claims as they are, for a day, with `iat`, and `sub` from `userId`. */
export function encodeRoute(authenticate: Authenticator): Handler {
  return (request, call) => {
    const { issuer, limits } = authenticate.byHeader(request, call);
    return withBody(request, call, MOST_ENCODE_BYTES, (body) => {
      const claims = encodedClaims(parseJsonBody(request, body));
      const ttl = Math.min(ENCODED_TTL_SECONDS, limits.maxTtlSeconds);
      return answerOf(issuer, { claims, ttl, setIat: true }, call.notes);
    });
  };
}

function encodedClaims(value: unknown): Claims {
  if (!isObject(value)) throw new SignetError("invalid_request", 'the body must be an object of claims: {"userId": "alice"}');
  for (const name of ["exp", "iat"]) {
    if (Object.hasOwn(value, name)) {
      throw new SignetError("claim_not_allowed", `${name} is set by the issuer: leave it out`, { field: name });
    }
  }
  const { userId } = value;
  if (userId === undefined) return value;
  if (typeof userId !== "string" && !Number.isSafeInteger(userId)) {
    throw new SignetError("invalid_claim", "userId must be a text or a whole number: it becomes sub", { field: "userId" });
  }
  const sub = String(userId);
  if (value.sub !== undefined && value.sub !== sub) {
    throw new SignetError("invalid_claim", "sub and userId differ: leave one of them out", { field: "sub" });
  }
  return { ...value, sub };
}
