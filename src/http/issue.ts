import { encodeRequest } from "../issue/encode.js";
import { type IssuedToken, type Issuer, toldResult } from "../issue/issuer.js";
import { checkBatch, type IssueRequest, isBatch } from "../issue/request.js";
import { privateJson } from "./answers.js";
import type { Authenticator } from "./authenticate.js";
import { parseJsonBody, withBody } from "./body.js";
import type { Handler, Notes } from "./call.js";

/** The largest body of a batch, in bytes. */
const MOST_BATCH_BYTES = 4 * 1024 * 1024;
/** The largest body of `/encode`: whatever is larger does not fit a token. */
const MOST_ENCODE_BYTES = 64 * 1024;

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
  if (isBatch(value)) return batchText(issuer, value, notes);
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
  const results = (await issuer.issueMany(checkBatch(value))).map(toldResult);
  notes.tokens = results.filter((result) => "token" in result).length;
  return JSON.stringify({ results });
}

/** `POST /encode`: claims as they are, for a day, with `iat`, and `sub` from `userId`. */
export function encodeRoute(authenticate: Authenticator): Handler {
  return (request, call) => {
    const { issuer, limits } = authenticate.byHeader(request, call);
    return withBody(request, call, MOST_ENCODE_BYTES, (body) => {
      return answerOf(issuer, encodeRequest(parseJsonBody(request, body), limits), call.notes);
    });
  };
}
